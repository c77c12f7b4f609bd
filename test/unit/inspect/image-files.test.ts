import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { bytesSlices } from "../../../src/bytes/slices.ts";
import { concat, streamOf } from "../../../src/bytes/stream.ts";
import { GZIP_INDEX_FOOTER, GZIP_INDEX_MAGIC } from "../../../src/compression/gzip-index.ts";
import { SealiftError } from "../../../src/error.ts";
import type { Host } from "../../../src/host.ts";
import type { Image, Layer } from "../../../src/image/image.ts";
import { storedImage } from "../../../src/image/stored-image.ts";
import { ImageFiles } from "../../../src/inspect/image-files.ts";
import type { IndexCache } from "../../../src/inspect/index-cache.ts";
import { listNode } from "../../../src/inspect/list-files.ts";
import { wasmKernels } from "../../../src/kernel/wasm.ts";
import type { Descriptor } from "../../../src/oci/descriptor.ts";
import { parseManifest } from "../../../src/oci/manifest.ts";
import { memoryHost } from "../../memory-host.ts";
import { layerOf } from "../image/layers.ts";
import { kernelModule } from "../kernel/module.ts";
import { archive, rawMember, readAll, text } from "../tar/raw.ts";
import { pathOf, TestLayout } from "./raw.ts";

const memory = await memoryHost();
const NO_TOCS = { readToc: async () => undefined, writeToc: async () => {} };

/** An image of layers, and which of them were read. */
function imageOf(...layers: readonly (readonly (string | Uint8Array)[])[]) {
  const read: number[] = [];
  const watched = layers.map((members, at): Layer => {
    const layer = layerOf(members, memory);
    return {
      ...layer,
      stream() {
        read.push(at);
        return layer.stream();
      },
    };
  });
  return { files: new ImageFiles({ layers: watched }, memory), read };
}

async function contentOf(files: ImageFiles, path: string): Promise<string | undefined> {
  const found = await files.find(path);
  return found && text(await readAll(await files.open(found)));
}

const file = (name: string, body: string) => rawMember({ name }, body);

describe("a file of an image", () => {
  test("is found in the highest layer that has it, and no lower one is read", async () => {
    const { files, read } = imageOf(
      ["etc/", file("etc/x", "low")],
      ["etc/", file("etc/x", "high")],
      ["other"],
    );
    expect(await contentOf(files, "/etc/x")).toBe("high");
    expect(read).toEqual([2, 1]);
  });

  test("that a higher layer takes away is not there, and no lower one is read", async () => {
    for (const whiteout of ["etc/.wh.x", ".wh.etc", "etc/.wh..wh..opq"]) {
      const { files, read } = imageOf(["etc/", "etc/x"], ["etc/", whiteout]);
      expect(await files.find("etc/x")).toBeUndefined();
      expect(read).toEqual([1]);
    }
  });

  test("of the layer that empties its folder is there", async () => {
    const { files } = imageOf(["etc/", "etc/x"], ["etc/", "etc/.wh..wh..opq", file("etc/x", "new")]);
    expect(await contentOf(files, "etc/x")).toBe("new");
  });

  test("is hidden by another type in its folder's place", async () => {
    expect(await imageOf(["a/", "a/b"], ["a"]).files.find("a/b")).toBeUndefined();
    expect(await imageOf(["a -> c", "c/", "c/b"], ["a/"]).files.find("a/b")).toBeUndefined();
  });

  test("is found through symlinks, absolute, relative and from layer to layer", async () => {
    const { files } = imageOf(
      ["usr/", "usr/bin/", file("usr/bin/sh", "shell"), "bin -> usr/bin"],
      ["opt/", "opt/bin/", "opt/bin/sh -> ../../bin/sh", "abs -> /opt/bin/sh"],
    );
    for (const path of ["bin/sh", "opt/bin/sh", "/abs", "./usr//bin/sh", "opt/../bin/sh"]) {
      expect(await contentOf(files, path), path).toBe("shell");
    }
  });

  test("is found by its hard link's name", async () => {
    const { files } = imageOf([file("a", "same")], ["b => a"]);
    expect(await contentOf(files, "b")).toBe("same");
  });

  test("that a layer lays behind a symlink of a lower one is found by both names", async () => {
    const { files } = imageOf(
      ["usr/", "usr/bin/", file("usr/bin/x", "old"), "bin -> usr/bin"],
      [file("bin/x", "new")],
    );
    expect(await contentOf(files, "usr/bin/x")).toBe("new");
    expect(await contentOf(files, "bin/x")).toBe("new");
  });

  test("may be a folder that no layer names", async () => {
    const { files } = imageOf(["a/b/c"], ["d"]);
    expect(await files.find("a/b")).toEqual({ layer: 0, entry: undefined });
  });

  test("that is not there is looked for by its name elsewhere", async () => {
    const { files } = imageOf(["etc/", "etc/motd", "usr/", "usr/MOTD"]);
    expect(await files.find("motd")).toBeUndefined();
    expect(files.similar("motd")).toEqual(["etc/motd", "usr/MOTD"]);
  });

  test("behind a loop of symlinks is refused", async () => {
    const { files } = imageOf(["a -> b", "b -> a"]);
    await expect(files.find("a")).rejects.toMatchObject({ code: "UNSAFE_PATH" });
  });
});

test("a folder is listed in byte order with the layers laid upon each other", async () => {
  const { files } = imageOf(["d/", "d/b", "d/gone", "d/sub/", "d/sub/x"], ["d/", "d/a -> b", "d/.wh.gone"]);
  const tree = await files.tree();
  const folder = tree.find("d");
  if (!folder) throw new Error("no folder");
  const paths = (recursive: boolean) =>
    [...listNode(folder, recursive)].map(({ path, layer }) => [path, layer]);
  expect(paths(false)).toEqual([
    ["d/a", 1],
    ["d/b", 0],
    ["d/sub", 0],
  ]);
  expect(paths(true).at(-1)).toEqual(["d/sub/x", 0]);
  expect([...listNode(folder, false)][0]).toMatchObject({ type: "symlink", target: "b", mode: "0777" });
});

test("a folder's files stand where their paths sort, also beside names that go on where theirs end", async () => {
  const { files } = imageOf(["a/", "a/b", "a.b", "a-/", "a-/c", "a0", "ä/", "ä/b"]);
  const { root } = await files.tree();
  expect([...listNode(root, true)].map(({ path }) => path)).toEqual([
    ...["a", "a-", "a-/c", "a.b", "a/b", "a0", "ä", "ä/b"],
  ]);
});

describe("a gzip layer that lies elsewhere", async () => {
  const host: Host = { ...memory, kernels: wasmKernels(await kernelModule()) };
  const large = (seed: number) => {
    const bytes = new Uint8Array(3_000_000);
    for (let at = 0, state = seed; at < bytes.length; at++) {
      state = (state * 1_103_515_245 + 12_345) >>> 0;
      bytes[at] = state >>> 24;
    }
    return bytes;
  };
  const tar = archive(
    rawMember({ name: "first" }, large(1)),
    file("wanted", "found"),
    rawMember({ name: "last" }, large(2)),
    file("end", "the end"),
  );

  function remote() {
    const layout = new TestLayout();
    const image = layout.image([tar], { pack: (bytes) => gzipSync(bytes) });
    const bytesOf = ({ digest }: Descriptor) => layout.files.get(pathOf(digest)) as Uint8Array;
    let sent = 0;
    const counted = (bytes: Uint8Array) => {
      sent += bytes.length;
      return streamOf(bytes);
    };
    const storage = {
      open: async (descriptor: Descriptor) => counted(bytesOf(descriptor)),
      openRange: async (descriptor: Descriptor, start: number, end: number) =>
        counted(bytesOf(descriptor).subarray(start, end)),
    };
    const manifest = parseManifest(bytesOf(image));
    const open = (): Image =>
      storedImage({ descriptor: image, bytes: bytesOf(image), value: manifest }, storage, host);
    return { open, sent: () => sent, layer: manifest.layers[0] as Descriptor, layout };
  }

  function memoryCache() {
    const kept = new Map<string, { index: Uint8Array; members: Uint8Array }>();
    const cache: IndexCache = {
      async open(blob) {
        const found = kept.get(blob);
        return found && { index: bytesSlices(found.index), members: bytesSlices(found.members) };
      },
      async create(blob) {
        const parts: Uint8Array[] = [];
        return {
          index: { write: async (chunk) => void parts.push(chunk.slice()) },
          commit: async (members) => void kept.set(blob, { index: concat(parts), members }),
          abort: async () => {},
        };
      },
      ...NO_TOCS,
    };
    return { cache, kept };
  }

  test("is read whole once, and then where the file is", async () => {
    const place = remote();
    const { cache } = memoryCache();
    expect(await contentOf(new ImageFiles(place.open(), host, cache), "wanted")).toBe("found");
    const first = place.sent();
    expect(first).toBeGreaterThan(place.layer.size);
    expect(await contentOf(new ImageFiles(place.open(), host, cache), "end")).toBe("the end");
    expect(await contentOf(new ImageFiles(place.open(), host, cache), "nothing")).toBeUndefined();
    expect(place.sent() - first).toBeLessThan(place.layer.size / 2);
  });

  test("is read all the same where no index can be kept of it", async () => {
    const full = async () => {
      throw new SealiftError("NO_SPACE", "Cannot write index: the disk is full");
    };
    const aborted: string[] = [];
    const writer = (index: { write(): Promise<void> }, commit: () => Promise<void>) => async () => ({
      index,
      commit,
      abort: async () => void aborted.push("aborted"),
    });
    const fine = async () => {};
    for (const create of [full, writer({ write: full }, fine), writer({ write: fine }, full)]) {
      const files = new ImageFiles(remote().open(), host, {
        open: async () => undefined,
        create,
        ...NO_TOCS,
      });
      expect(await contentOf(files, "wanted")).toBe("found");
    }
    expect(aborted).toHaveLength(2);
    expect(memory.events.at(-1)).toMatchObject({
      type: "warning",
      message: expect.stringMatching(/the disk is full$/),
    });
  });

  test("is read whole again where its index has damaged windows, and has a sound one from then on", async () => {
    const place = remote();
    const { cache, kept } = memoryCache();
    const end = () => contentOf(new ImageFiles(place.open(), host, cache), "end");
    await end();
    const [[blob, sound]] = [...kept] as [[string, { index: Uint8Array; members: Uint8Array }]];
    const { index, members } = sound;
    // Table and footer hold, so that nothing is wrong before a window is read.
    const footer = index.length - GZIP_INDEX_FOOTER;
    const table = footer - new DataView(index.buffer, index.byteOffset).getUint32(footer + 32, true);
    const isWindow = (at: number) => at >= GZIP_INDEX_MAGIC.length && at < table;
    kept.set(blob, { members, index: index.map((byte, at) => (isWindow(at) ? byte ^ 1 : byte)) });
    const before = place.sent();
    expect(await end()).toBe("the end");
    expect(place.sent() - before).toBeGreaterThan(place.layer.size);
    expect(kept.get(blob)).toEqual(sound);
    expect(memory.events.at(-1)).toMatchObject({
      type: "warning",
      message: expect.stringMatching(/^Reads layer 0 whole: .*a window is damaged/),
    });
    const again = place.sent();
    expect(await end()).toBe("the end");
    expect(place.sent() - again).toBeLessThan(place.layer.size / 2);
  });

  test("is not believed where it has changed, nor is a damaged index", async () => {
    const place = remote();
    const { cache, kept } = memoryCache();
    await contentOf(new ImageFiles(place.open(), host, cache), "wanted");
    const [[blob, entry]] = [...kept] as [[string, { index: Uint8Array; members: Uint8Array }]];
    kept.set(blob, { ...entry, index: entry.index.map((byte) => byte ^ 1) });
    expect(await contentOf(new ImageFiles(place.open(), host, cache), "wanted")).toBe("found");
    const changed = (place.layout.files.get(pathOf(blob)) as Uint8Array).map((byte) => byte ^ 0x55);
    place.layout.files.set(pathOf(blob), changed);
    await expect(contentOf(new ImageFiles(place.open(), host, cache), "wanted")).rejects.toMatchObject({
      code: expect.stringMatching(/DIGEST_MISMATCH|GZIP_INVALID/),
    });
    kept.clear();
    await expect(contentOf(new ImageFiles(place.open(), host, cache), "wanted")).rejects.toMatchObject({
      code: expect.stringMatching(/DIGEST_MISMATCH|GZIP_INVALID/),
    });
    expect(kept.size).toBe(0);
  });
});
