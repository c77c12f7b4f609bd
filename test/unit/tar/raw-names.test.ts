/** Names, targets and owners as they come: bytes, of which some are not UTF-8. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { concat, streamOf } from "../../../src/bytes/stream.ts";
import { decodeName, encodeName } from "../../../src/bytes/surrogate-escape.ts";
import { fallbackKernels } from "../../../src/kernel/fallback.ts";
import { encodeHeader } from "../../../src/tar/encode.ts";
import { readTar, type TarEntry } from "../../../src/tar/read.ts";
import { nameShownAs, shownName } from "../../../src/tar/shown-name.ts";
import { xattrsOf } from "../../../src/tar/xattrs.ts";
import { archive, bytes, END, rawMember, rawPax, rawRecord, readAll } from "./raw.ts";

const kernels = await fallbackKernels();

/** No NUL, and no slash, which would make a folder of it at the end. */
const rawName = (maxLength: number) =>
  fc
    .array(fc.integer({ min: 1, max: 255 }), { minLength: 1, maxLength })
    .map((values) => Uint8Array.from(values, (value) => (value === 0x2f ? 0xe9 : value)));

async function entriesOf(tar: Uint8Array): Promise<readonly TarEntry[]> {
  const entries: TarEntry[] = [];
  for await (const entry of readTar(streamOf(tar), kernels)) {
    entries.push(entry);
    await readAll(entry.body);
  }
  return entries;
}

const only = async (tar: Uint8Array) => (await entriesOf(tar))[0] as TarEntry;

it("reads any bytes from header fields, GNU long names and PAX records, and writes the same", async () => {
  const names = fc.tuple(rawName(100), rawName(100), rawName(31), rawName(300));
  await fc.assert(
    fc.asyncProperty(
      names,
      fc.constantFrom("ustar", "gnu", "pax"),
      async ([name, link, user, long], kind) => {
        const named = kind === "ustar" ? name : long;
        const member = rawMember({ name, linkname: link, uname: user, gname: user, type: "2" });
        const longName = rawMember(
          { name: "././@LongLink", type: "L", format: "gnu" },
          concat([long, Uint8Array.of(0)]),
        );
        const before = { ustar: [], gnu: [longName], pax: [rawPax([["path", long]])] }[kind];
        const read = await only(archive(...before, member));
        expect(encodeName(read.name)).toEqual(named);
        expect(encodeName(read.linkname)).toEqual(link);
        expect(encodeName(read.uname)).toEqual(user);
        const { body: _, ...header } = read;
        const again = await only(concat([encodeHeader(header, kernels), END]));
        expect({ ...again, body: undefined, pax: undefined }).toEqual({
          ...read,
          body: undefined,
          pax: undefined,
        });
      },
    ),
    { numRuns: 200 },
  );
});

it("writes a name that is not UTF-8 into a PAX record as bytes, and says so as libarchive needs it", () => {
  const name = Uint8Array.of(0x63, 0xe9);
  const header = encodeHeader({ name: decodeName(name) }, kernels);
  const record = concat([rawRecord(["hdrcharset", "BINARY"]), rawRecord(["path", name])]);
  expect(header.length).toBe(1536);
  expect(header.subarray(512, 512 + record.length)).toEqual(record);
  expect(header.subarray(1024, 1026)).toEqual(bytes("c_"));
});

it("keeps extended attributes apart whose names are not UTF-8, percent-encoded ones too", async () => {
  const raw = (key: string, byte: number) => concat([bytes(key), Uint8Array.of(byte)]);
  const record = (key: Uint8Array, value: string) => {
    const tail = concat([bytes(" "), key, bytes(`=${value}\n`)]);
    return concat([bytes(String(tail.length + 2)), tail]);
  };
  const records = [
    record(raw("SCHILY.xattr.user.", 0xe9), "one"),
    record(raw("SCHILY.xattr.user.", 0xe8), "two"),
    record(bytes("LIBARCHIVE.xattr.user.%EA%25"), "MQ=="),
  ];
  const pax = rawMember({ name: "x", type: "x" }, concat(records));
  const read = await only(archive(pax, rawMember({ name: "file" })));
  expect([...xattrsOf(read.pax)].map(([name, value]) => [name, String.fromCharCode(...value)])).toEqual([
    ["user.\udce9", "one"],
    ["user.\udce8", "two"],
    ["user.\udcea%", "1"],
  ]);
  const { body: _, ...header } = read;
  const written = encodeHeader(header, kernels);
  for (const one of records) expect(Buffer.from(written).includes(Buffer.from(one))).toBe(true);
});

it("shows a byte that is not UTF-8 in octal, and knows the name by that", () => {
  expect(shownName("caf\udce9\n\\351")).toBe("caf\\351\\n\\\\351");
  fc.assert(
    fc.property(rawName(12), (name) => {
      const shown = shownName(decodeName(name));
      expect(shown).not.toMatch(/[\n\p{Cs}]/u);
      expect(encodeName(nameShownAs(shown))).toEqual(name);
    }),
    { numRuns: 500 },
  );
});

it("knows a name as GNU tar and ls -b show it where nothing but ASCII is shown", () => {
  expect(nameShownAs("caf\\303\\251\\033")).toBe("café\u001b");
});
