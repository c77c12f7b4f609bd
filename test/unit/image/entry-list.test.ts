import { expect, test } from "vitest";
import { EntryList } from "../../../src/image/entry-list.ts";
import type { LayerEntry } from "../../../src/image/layer-entries.ts";
import { parseDigest } from "../../../src/oci/digest.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

const PLAIN: LayerEntry = {
  ...{ path: "usr/bin/tool", type: "file", size: 12, offset: 512, mode: 0o755, mtime: 1_700_000_000 },
  ...{ uid: 0, gid: 0, uname: "root", gname: "root", linkname: "", devmajor: 0, devminor: 0, pax: new Map() },
};

const ENTRIES: readonly LayerEntry[] = [
  PLAIN,
  { ...PLAIN, path: "", type: "directory", size: 0 },
  { ...PLAIN, path: "Großes/名前", size: 2 ** 52, offset: 2 ** 40, mtime: -1.5, uid: 2 ** 40 },
  { ...PLAIN, type: "symlink", linkname: "../lib/tool", uname: "", gname: "root" },
  { ...PLAIN, type: "symlink", linkname: "", uname: "roo", gname: "troot" },
  { ...PLAIN, type: "character", devmajor: 1, devminor: 3 },
  {
    ...PLAIN,
    pax: new Map([
      ["mtime", bytes("1700000000.123456789")],
      ["SCHILY.xattr.user.note", Uint8Array.of(0, 10, 255)],
      ["SCHILY.xattr.user.empty", new Uint8Array()],
    ]),
  },
  { ...PLAIN, digest: parseDigest(`sha256:${"0123456789abcdef".repeat(4)}`) },
  { ...PLAIN, digest: parseDigest(`sha512:${"fedcba9876543210".repeat(8)}`) },
];

test("gives every entry back as it was, as often as it is asked", () => {
  const list = new EntryList();
  for (const entry of ENTRIES) list.push(entry);
  // What it gave goes into another: so do layers' tables become a tree.
  const again = new EntryList();
  for (const entry of list) again.push(entry);
  const shown = (entries: Iterable<LayerEntry>) =>
    [...entries].map((entry) => ({ ...entry, pax: new Map(entry.pax) }));
  expect(shown(list)).toEqual(ENTRIES);
  expect(shown(again)).toEqual(ENTRIES);
  expect([again.length, again.type(3), again.path(2)]).toEqual([ENTRIES.length, "symlink", "Großes/名前"]);
});

test("keeps values of PAX records that hold on to nothing but themselves", () => {
  const list = new EntryList();
  for (const entry of ENTRIES) list.push(entry);
  expect(list.get(6).pax.get("SCHILY.xattr.user.note")?.buffer.byteLength).toBe(3);
});
