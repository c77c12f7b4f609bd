/** Layers read by their own tables of contents: of a place that counts what it sends. */
import { randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { loadKernels } from "../../../cli/host/kernels.ts";
import { bytesSlices } from "../../../src/bytes/slices.ts";
import { streamOf } from "../../../src/bytes/stream.ts";
import { SealiftError } from "../../../src/error.ts";
import type { KeptToc } from "../../../src/image/chunked-layer.ts";
import { storedImage } from "../../../src/image/stored-image.ts";
import { ImageFiles } from "../../../src/inspect/image-files.ts";
import type { IndexCache } from "../../../src/inspect/index-cache.ts";
import type { Descriptor } from "../../../src/oci/descriptor.ts";
import { parseManifest } from "../../../src/oci/manifest.ts";
import {
  type ChunkedBlob,
  type ChunkedOptions,
  estargz,
  type RawToc,
  type SampleFile,
  zstdChunked,
} from "../../chunked-layers.ts";
import { memoryHost } from "../../memory-host.ts";
import { bytes, readAll, text } from "../tar/raw.ts";
import { pathOf, TestLayout } from "./raw.ts";

const memory = await memoryHost();
const host = { ...memory, kernels: await loadKernels() };

const LARGE = new Uint8Array(randomBytes(500_000));
const FILES: readonly SampleFile[] = [
  { name: ".no.prefetch.landmark", body: Uint8Array.of(0xf) },
  { name: "etc/", type: "5" },
  { name: "etc/motd", body: bytes("welcome\n") },
  { name: "etc/empty" },
  { name: "large", body: LARGE },
  { name: "other", body: new Uint8Array(randomBytes(500_000)) },
  { name: "hard", type: "1", linkname: "etc/motd" },
  { name: "soft", type: "2", linkname: "etc/motd" },
];
const KINDS = { eStargz: estargz, "zstd:chunked": zstdChunked };
type Kind = keyof typeof KINDS;
const OPTIONS = { chunkSize: 100_000 };

/** An image whose only layer this is, at a place that sends parts or does not. */
function imageOf(layer: ChunkedBlob, cache?: IndexCache, hasParts = true) {
  const layout = new TestLayout();
  const { mediaType, tar, blob, annotations } = layer;
  const image = layout.image([tar], {
    pack: () => blob,
    manifest: { layers: [{ ...layout.add(blob, mediaType), annotations }] },
  });
  const bytesOf = ({ digest }: Descriptor) => layout.files.get(pathOf(digest)) as Uint8Array;
  const sent: number[] = [];
  const counted = (part: Uint8Array) => {
    sent.push(part.length);
    return streamOf(part);
  };
  const storage = {
    open: async (descriptor: Descriptor) => counted(bytesOf(descriptor)),
    async openRange(descriptor: Descriptor, start: number, end: number) {
      if (hasParts) return counted(bytesOf(descriptor).subarray(start, end));
      throw new SealiftError("UNSUPPORTED", "Cannot pull blob: the registry sends no parts");
    },
  };
  const manifest = { descriptor: image, bytes: bytesOf(image), value: parseManifest(bytesOf(image)) };
  const files = () => new ImageFiles(storedImage(manifest, storage, host), host, cache);
  return { files, sent, layout, layer: manifest.value.layers[0] as Descriptor };
}

async function contentOf(files: ImageFiles, path: string): Promise<Uint8Array | undefined> {
  const found = await files.find(path);
  return found && readAll(await files.open(found));
}

const total = (sizes: readonly number[]) => sizes.reduce((sum, size) => sum + size, 0);

function tocCache() {
  const kept = new Map<string, KeptToc>();
  const cache: IndexCache = {
    open: async () => undefined,
    create: async () => ({ index: { write: async () => {} }, commit: async () => {}, abort: async () => {} }),
    readToc: async (blob) => kept.get(blob),
    async writeToc(blob, { start, packed }) {
      kept.set(blob, { start, packed: bytesSlices(await readAll(packed.slice())) });
    },
  };
  return { cache, kept };
}

/** The kinds of layers, and eStargz whose files share members. */
const LAYERS: readonly (readonly [string, (options?: ChunkedOptions) => ChunkedBlob])[] = [
  ...Object.entries(KINDS).map(
    ([name, make]) => [name, (o = {}) => make(FILES, { ...OPTIONS, ...o })] as const,
  ),
  ["eStargz with shared members", (o = {}) => estargz(FILES, { ...OPTIONS, shared: true, ...o })],
];

describe.each(LAYERS)("a layer of the kind %s", (name, make) => {
  test("has the files that its tar has", async () => {
    const { files } = imageOf(make());
    const byTable = files();
    const table = await byTable.entries(0);
    const byTar = imageOf({ ...make(), annotations: {} }).files();
    const shown = (entries: typeof table) => [...entries].map(({ pax: _, offset: _at, ...entry }) => entry);
    expect(shown(table)).toEqual(shown(await byTar.entries(0)));
    for (const { path, type } of table) {
      if (type !== "file") continue;
      expect(await contentOf(byTable, path), path).toEqual(await contentOf(byTar, path));
    }
    expect(text((await contentOf(byTable, "hard")) as Uint8Array)).toBe("welcome\n");
    expect(text((await contentOf(byTable, "soft")) as Uint8Array)).toBe("welcome\n");
  });

  test.skipIf(name.endsWith("members"))(
    "is fetched as far as the file is needed, the first time already",
    async () => {
      const { files, sent, layer } = imageOf(make());
      expect(text((await contentOf(files(), "etc/motd")) as Uint8Array)).toBe("welcome\n");
      expect(total(sent)).toBeLessThan(layer.size / 50);
      sent.length = 0;
      expect(await contentOf(files(), "large")).toEqual(LARGE);
      expect(total(sent)).toBeLessThan(layer.size * 0.6);
      // The manifest is at hand; the footer, the table, and all chunks at once, whatever they are many.
      expect(sent.length).toBeLessThanOrEqual(3);
    },
  );

  test("is read without its table the second time", async () => {
    const { cache, kept } = tocCache();
    const { files, sent } = imageOf(make(), cache);
    await contentOf(files(), "etc/motd");
    const first = sent.length;
    await contentOf(files(), "etc/motd");
    expect(sent.length - first).toBe(1);
    for (const [blob, { start, packed }] of kept) {
      const damaged = (await readAll(packed.slice())).map((byte) => byte ^ 1);
      kept.set(blob, { start, packed: bytesSlices(damaged) });
    }
    expect(text((await contentOf(files(), "etc/motd")) as Uint8Array)).toBe("welcome\n");
  });

  test("gives nothing of a content that is not what the table says", async () => {
    const { files, layout, layer } = imageOf(make());
    const damaged = (layout.files.get(pathOf(layer.digest)) as Uint8Array).slice();
    const { start } = placeOf(damaged, layer);
    for (let at = 0; at < start; at += 97) damaged[at] = (damaged[at] as number) ^ 0x55;
    layout.files.set(pathOf(layer.digest), damaged);
    await expect(contentOf(files(), "large")).rejects.toMatchObject({
      code: expect.stringMatching(/DIGEST_MISMATCH|_INVALID/),
    });
  });
});

/** Where the table is, as the footer or the annotation says. */
function placeOf(blob: Uint8Array, { annotations = {} }: Pick<Descriptor, "annotations">): { start: number } {
  const position = Object.entries(annotations).find(([key]) => key.endsWith("position"))?.[1];
  return {
    start: position ? Number.parseInt(position, 10) : Number.parseInt(text(blob.slice(-35, -19)), 16),
  };
}

const entry = (toc: RawToc, name: string) => toc.entries.find((one) => one.name === name);
const without = (field: string) => (toc: RawToc) => {
  for (const one of toc.entries) delete one[field];
};

/** Tables that lie, or that make no sense, though the manifest vouches for them. */
const LIES: Readonly<Record<string, (toc: RawToc) => unknown>> = {
  "a file out of the blob": (toc) => Object.assign(entry(toc, "etc/motd"), { offset: 1e12, endOffset: 0 }),
  "a file that ends before it begins": (toc) => Object.assign(entry(toc, "etc/motd"), { endOffset: 1 }),
  "a file at another's place": (toc) =>
    Object.assign(entry(toc, "etc/motd"), { offset: entry(toc, "other").offset, endOffset: 0 }),
  "a larger file": (toc) => Object.assign(entry(toc, "etc/motd"), { size: 1_000_000_000_000 }),
  "a smaller file": (toc) => Object.assign(entry(toc, "etc/motd"), { size: 3 }),
  "a negative size": (toc) => Object.assign(entry(toc, "etc/motd"), { size: -1 }),
  "a size that is no number": (toc) => Object.assign(entry(toc, "etc/motd"), { size: "8" }),
  "another digest": (toc) =>
    Object.assign(entry(toc, "etc/motd"), {
      digest: `sha256:${"0".repeat(64)}`,
      chunkDigest: `sha256:${"0".repeat(64)}`,
    }),
  "a digest that is none": (toc) => Object.assign(entry(toc, "etc/motd"), { chunkDigest: "md5:0" }),
  "no digests": (toc) => {
    without("digest")(toc);
    without("chunkDigest")(toc);
  },
  "a gap between chunks": (toc) => {
    toc.entries.find(({ type }) => type === "chunk").chunkOffset = 7;
  },
  "chunks of another file": (toc) => {
    toc.entries.find(({ type }) => type === "chunk").name = "other";
  },
  "a chunk of nothing": (toc) => toc.entries.unshift({ name: "x", type: "chunk" }),
  "content within content": (toc) => Object.assign(entry(toc, "etc/motd"), { innerOffset: 1e15 }),
  "a path twice": (toc) => toc.entries.push({ ...entry(toc, "etc/motd"), name: "./etc//motd" }),
  "a path that leaves": (toc) => toc.entries.push({ name: "../../etc/shadow", type: "reg" }),
  "a hard link to itself": (toc) =>
    Object.assign(entry(toc, "etc/motd"), { type: "hardlink", linkName: "etc/motd" }),
  "a hard link in a circle": (toc) => {
    Object.assign(entry(toc, "etc/motd"), { type: "hardlink", linkName: "hard" });
  },
  "a type there is not": (toc) => toc.entries.push({ name: "x", type: "door" }),
  "an attribute that is not base64": (toc) =>
    Object.assign(entry(toc, "large"), { xattrs: { "user.a": "%" } }),
  "a time that is none": (toc) => Object.assign(entry(toc, "large"), { modtime: "yesterday" }),
  "what Go writes for a byte that is not UTF-8 in a name": (toc) =>
    Object.assign(entry(toc, "hard"), { name: "h\ufffdrd" }),
  "that in a target": (toc) => Object.assign(entry(toc, "soft"), { linkName: "\ufffd" }),
  "that in the name of an extended attribute": (toc) =>
    Object.assign(entry(toc, "large"), { xattrs: { "user.\ufffd": "" } }),
  "another version": (toc) => Object.assign(toc, { version: 2 }),
  "no entries": (toc) => Object.assign(toc, { entries: "none" }),
};

describe.each(Object.keys(KINDS) as Kind[])("a table of contents of %s", (kind) => {
  const make = (options: ChunkedOptions = {}) => KINDS[kind](FILES, { ...OPTIONS, ...options });

  /** The layer is read whole, and said to be. */
  async function expectWhole(layer: ChunkedBlob): Promise<void> {
    const { files, sent } = imageOf(layer);
    memory.events.length = 0;
    expect(text((await contentOf(files(), "etc/motd")) as Uint8Array)).toBe("welcome\n");
    expect(total(sent)).toBeGreaterThanOrEqual(layer.blob.length);
    expect(memory.events).toContainEqual({
      type: "warning",
      message: expect.stringMatching(/^Reads layer .* whole/),
    });
  }

  test.each(Object.entries(LIES))("with %s is not believed: the layer is read whole", async (_, lie) => {
    await expectWhole(make({ lie }));
  });

  test("that is no JSON, is deep, or is huge is not believed", async () => {
    await expectWhole(make({ json: bytes("[") }));
    await expectWhole(make({ json: bytes("[".repeat(100_000)) }));
    await expectWhole(make({ json: new Uint8Array(65 << 20) }));
  });

  test("with another digest than the manifest's is not believed", async () => {
    const layer = make();
    const [key] = Object.keys(layer.annotations).filter((name) => /digest|checksum/.test(name)) as [string];
    for (const digest of [`sha256:${"0".repeat(64)}`, "", "md5:0"]) {
      await expectWhole({ ...layer, annotations: { ...layer.annotations, [key]: digest } });
    }
  });

  test("is not looked for where the place sends no parts", async () => {
    const layer = make();
    const { files, sent } = imageOf(layer, undefined, false);
    expect(text((await contentOf(files(), "etc/motd")) as Uint8Array)).toBe("welcome\n");
    expect(sent.filter((size) => size === layer.blob.length)).toHaveLength(1);
  });

  test("for which no annotation vouches is not looked at", async () => {
    const { files, sent, layer } = imageOf({ ...make(), annotations: {} });
    memory.events.length = 0;
    expect(text((await contentOf(files(), "etc/motd")) as Uint8Array)).toBe("welcome\n");
    expect(sent.filter((size) => size === layer.size)).toHaveLength(1);
    expect(memory.events.filter(({ type }) => type === "warning")).toEqual([]);
  });
});

describe("a layer whose table is not where it is said to be", () => {
  const read = async (layer: ChunkedBlob) => {
    memory.events.length = 0;
    const content = await contentOf(imageOf(layer).files(), "etc/motd");
    expect(memory.events.at(-1)).toMatchObject({
      message: expect.stringMatching(/ whole: Cannot read table/),
    });
    return text(content as Uint8Array);
  };

  test("is read whole: eStargz without its footer, or one that points elsewhere", async () => {
    const { blob, ...layer } = estargz(FILES);
    expect(await read({ ...layer, blob: blob.subarray(0, -51) })).toBe("welcome\n");
    for (const offset of ["0000000000000000", "ffffffffffffffff", "0000000000000zzz"]) {
      const moved = blob.slice();
      moved.set(bytes(offset), blob.length - 35);
      expect(await read({ ...layer, blob: moved })).toBe("welcome\n");
    }
  });

  test("is read whole: zstd:chunked with a position that is none", async () => {
    const layer = zstdChunked(FILES);
    const [key, position] = Object.entries(layer.annotations).find(([name]) => name.endsWith("position")) as [
      string,
      string,
    ];
    const [start, size, length] = position.split(":").map(Number) as [number, number, number];
    const positions = [
      ...["", "1:2:3", "a:b:c:1", `${start}:${size}:${length}:2`, `${1e15}:${size}:${length}:1`],
      ...[`${start}:0:${length}:1`, `${start}:${layer.blob.length}:${length}:1`],
    ];
    for (const one of positions) {
      expect(await read({ ...layer, annotations: { ...layer.annotations, [key]: one } }), one).toBe(
        "welcome\n",
      );
    }
  });

  test("is no reason to fail for a layer that is shorter than a footer", async () => {
    const { mediaType, annotations } = estargz([]);
    const tar = new Uint8Array(1024);
    const { files } = imageOf({ blob: gzipSync(tar), tar, mediaType, annotations });
    expect([...(await files().entries(0))]).toEqual([]);
  });
});

test("attributes, owners and times of a table are the entry's", async () => {
  const lie = ({ entries }: RawToc) => {
    Object.assign(entries[2], {
      uid: 7,
      userName: "mail",
      xattrs: { "user.a": "AQI=" },
      modtime: "2023-01-01T00:00:01.5Z",
    });
    Object.assign(entries[3], { uid: 7, modtime: "0001-01-01T00:00:00Z", mode: 0o104755 });
  };
  const [, , motd, empty] = await imageOf(estargz(FILES, { lie })).files().entries(0);
  expect(motd).toMatchObject({ uname: "mail", mtime: 1_672_531_201.5 });
  expect(new Map(motd?.pax)).toEqual(new Map([["SCHILY.xattr.user.a", Uint8Array.of(1, 2)]]));
  expect(empty).toMatchObject({ uname: "mail", mtime: 0, mode: 0o4755 });
});
