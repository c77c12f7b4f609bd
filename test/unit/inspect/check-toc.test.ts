/** `check` of what layers' tables of contents say, beside their tars. */
import { describe, expect, test } from "vitest";
import { loadKernels } from "../../../cli/host/kernels.ts";
import { streamOf } from "../../../src/bytes/stream.ts";
import { checkImage } from "../../../src/inspect/check.ts";
import type { Descriptor } from "../../../src/oci/descriptor.ts";
import {
  type ChunkedBlob,
  type ChunkedOptions,
  estargz,
  type RawToc,
  type SampleFile,
  zstdChunked,
} from "../../chunked-layers.ts";
import { bytes } from "../tar/raw.ts";
import { HOST, TestLayout } from "./raw.ts";

const host = { ...HOST, kernels: await loadKernels() };
const FILES = [
  { name: "etc/", type: "5" as const },
  { name: "etc/shadow", body: bytes("root:secret\n") },
  { name: "etc/passwd", body: bytes("root:public\n") },
  { name: "chunked", body: bytes("0123456789".repeat(50)) },
  { name: "hard", type: "1" as const, linkname: "./etc/passwd" },
  { name: "soft", type: "2" as const, linkname: "passwd" },
];

async function findingsOf({ blob, tar, mediaType, annotations }: ChunkedBlob): Promise<readonly string[]> {
  const layout = new TestLayout();
  const layers = [{ ...layout.add(blob, mediaType), annotations }];
  layout.list(layout.image([tar], { pack: () => blob, manifest: { layers } }));
  const { results } = await checkImage(await layout.open(), {}, host);
  expect(results.filter(({ check, severity }) => severity === "error" && check !== "toc")).toEqual([]);
  return results
    .filter(({ check }) => check === "toc")
    .map(({ severity, message }) => `${severity}: ${message}`);
}

const entry = (toc: RawToc, name: string) => toc.entries.find((one) => one.name === name);

/** Whoever reads by the table sees another image than who unpacks the layer. */
const LIES: Readonly<Record<string, readonly [(toc: RawToc) => unknown, string]>> = {
  mode: [
    (toc) => Object.assign(entry(toc, "etc/passwd"), { mode: 0o4755 }),
    "/etc/passwd: its mode is 4755, in the tar 644",
  ],
  owner: [
    (toc) => Object.assign(entry(toc, "etc/passwd"), { uid: 7 }),
    "/etc/passwd: its owner is 7:0, in the tar 0:0",
  ],
  target: [
    (toc) => Object.assign(entry(toc, "soft"), { linkName: "shadow" }),
    "/soft: its target is shadow, in the tar passwd",
  ],
  time: [
    (toc) => Object.assign(entry(toc, "soft"), { modtime: "" }),
    "/soft: its time is 0, in the tar 1700000000",
  ],
  attributes: [
    (toc) => Object.assign(entry(toc, "etc/passwd"), { xattrs: { "user.a": "AQ==" } }),
    '/etc/passwd: its attributes is [["user.a",[1]]], in the tar []',
  ],
  "missing file": [(toc) => toc.entries.splice(-1), "/soft: it lacks it"],
  "additional file": [
    (toc) => toc.entries.push({ name: "bin/sh", type: "symlink", linkName: "evil" }),
    "/bin/sh: the tar has no such file",
  ],
  "content of another file": [
    (toc) => {
      const { name: _, ...other } = entry(toc, "etc/shadow");
      Object.assign(entry(toc, "etc/passwd"), other);
    },
    "/etc/passwd: its content is another",
  ],
};

describe.each([
  ["eStargz", estargz],
  ["zstd:chunked", zstdChunked],
] as const)("a table of contents of %s", (_, make) => {
  const layer = (options: ChunkedOptions = {}) => make(FILES, { chunkSize: 100, ...options });

  test("that says what the tar has is said to", async () => {
    expect(await findingsOf(layer())).toEqual(["info: its table of contents says what its tar has"]);
  });

  test.each(Object.entries(LIES))("with another %s than the tar is an error", async (_, [lie, message]) => {
    expect(await findingsOf(layer({ lie }))).toEqual([
      `error: its table of contents is wrong about ${message}`,
    ]);
  });

  test("that makes no sense is an error", async () => {
    expect(await findingsOf(layer({ json: bytes("[]") }))).toEqual([
      expect.stringMatching(/^error: its table of contents is of no use: Cannot read table of contents/),
    ]);
  });

  test("that is wrong about many files says how many more", async () => {
    const many = Array.from({ length: 15 }, (_, at) => ({ name: `extra${at}`, type: "dir" }));
    const findings = await findingsOf(layer({ lie: (toc) => toc.entries.push(...many) }));
    expect([findings.length, findings.at(-1)]).toEqual([11, "error: ... and 5 more"]);
  });

  test("is compared with the last of two members of one name", async () => {
    const other = { name: "etc/passwd", body: bytes("another\n") };
    const without = (at: number) => (toc: RawToc) => {
      const [first, last] = toc.entries.filter(({ name }) => name === other.name);
      toc.entries.splice(toc.entries.indexOf([first, last][at]), 1);
    };
    const found = (files: readonly SampleFile[], at: number) =>
      findingsOf(make(files, { chunkSize: 100, lie: without(at) }));
    const fine = ["info: its table of contents says what its tar has"];
    expect(await found([other, ...FILES], 0)).toEqual(fine);
    const wrong = "error: its table of contents is wrong about /etc/passwd: its size is 12, in the tar 8";
    expect(await found([...FILES, other], 1)).toEqual([wrong]);
  });

  test("is compared in the pass that checks the layer, and only where that gets to its end", async () => {
    const { blob, tar, mediaType, annotations } = layer();
    const layout = new TestLayout();
    const described = { ...layout.add(blob, mediaType), annotations };
    layout.list(layout.image([tar], { pack: () => blob, manifest: { layers: [described] } }));
    const raw = await layout.open();
    if (raw.kind !== "graph") throw new Error("no graph");
    let opened = 0;
    const checked = async (bytes: Uint8Array) => {
      const open = async (wanted: Descriptor) => {
        if (wanted.digest !== described.digest) return raw.storage.open(wanted);
        opened++;
        return streamOf(bytes);
      };
      const { results } = await checkImage({ ...raw, storage: { ...raw.storage, open } }, {}, host);
      return results
        .filter(({ layer: at, severity, check }) => at === 0 && (severity === "error" || check === "toc"))
        .map(({ check }) => check);
    };
    expect(await checked(blob)).toEqual(["toc"]);
    expect(opened).toBe(1);
    // Found out at its end, in the middle of a member or behind the last one.
    const other = blob.slice();
    other[other.length - 1] = (other.at(-1) ?? 0) ^ 1;
    expect(await checked(other)).not.toContain("toc");
  });

  test("for which nothing vouches is not looked at", async () => {
    expect(await findingsOf({ ...layer(), annotations: {} })).toEqual([]);
  });
});

test("a table of contents of zstd:chunked that is damaged is told by its digest, whatever it has become", async () => {
  const { blob, ...layer } = zstdChunked(FILES);
  const position = Object.entries(layer.annotations).find(([name]) => name.endsWith("position"))?.[1] ?? "";
  const [start = 0, size = 0] = position.split(":").map(Number);
  for (let at = start; at < start + size; at += 7) {
    const damaged = blob.slice();
    damaged[at] = (damaged[at] as number) ^ 0x10;
    expect(await findingsOf({ ...layer, blob: damaged })).toEqual([
      expect.stringMatching(
        /^error: its table of contents is of no use: Cannot read table .*: its digest is /,
      ),
    ]);
  }
});
