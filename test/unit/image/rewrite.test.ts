import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { digestOf } from "../../../src/bytes/content.ts";
import { collect } from "../../../src/bytes/stream.ts";
import { normalizeTimestamps } from "../../../src/filter/normalize-timestamps.ts";
import { assembledImage } from "../../../src/image/assembled-image.ts";
import { tarLayer } from "../../../src/image/tar-layer.ts";
import { readTar } from "../../../src/tar/read.ts";
import { testImage } from "../../images.ts";
import { memoryHost } from "../../memory-host.ts";

const host = await memoryHost();
const normalise = (ts = 0, clamp = false) => normalizeTimestamps({ seconds: ts, clamp });

async function whole(content: { open(): Promise<ReadableStream<Uint8Array>> }) {
  return collect(await content.open(), 1 << 24);
}

describe("a filtered image", () => {
  it("has new diff_ids, config and manifest that all agree with the layers' bytes", async () => {
    const { image } = await testImage([[{ name: "a" }], [{ name: "b" }, { name: "c" }]], host);
    const filtered = normalise().image(image, host);
    const config = await filtered.config();
    const manifest = await filtered.manifest();
    for (const [index, layer] of filtered.layers.entries()) {
      const blob = await whole(await layer.blob());
      const tar = gunzipSync(blob);
      expect(digestOf(host.kernels, tar)).toBe(config.value.rootfs.diff_ids[index]);
      expect(digestOf(host.kernels, blob)).toBe(manifest.value.layers[index]?.digest);
      expect(blob.length).toBe(manifest.value.layers[index]?.size);
    }
    expect(manifest.value.config.digest).toBe(digestOf(host.kernels, config.bytes));
    expect(manifest.descriptor.digest).toBe(digestOf(host.kernels, manifest.bytes));
    expect(config.descriptor.digest).not.toBe((await image.config()).descriptor.digest);
  });

  it("keeps what it does not know of the config", async () => {
    const { image } = await testImage([[{ name: "a" }]], host);
    const config = await normalise().image(image, host).config();
    expect(JSON.parse(new TextDecoder().decode(config.bytes))["x-unknown"]).toEqual({ kept: true });
  });

  it("has the times that were asked for", async () => {
    const { image } = await testImage(
      [
        [
          { name: "old", mtime: 5 },
          { name: "new", mtime: 500 },
        ],
      ],
      host,
    );
    const times = async (filtered: typeof image) => {
      const found: Record<string, number> = {};
      for (const layer of filtered.layers) {
        for await (const entry of readTar(await layer.stream(), host.kernels))
          found[entry.name] = entry.mtime;
      }
      return found;
    };
    expect(await times(normalise(100).image(image, host))).toEqual({ old: 100, new: 100 });
    expect(await times(normalise(100, true).image(image, host))).toEqual({ old: 5, new: 100 });
  });

  it("keeps every byte of a layer that the filter does not change", async () => {
    const { image, manifest } = await testImage([[{ name: "a", mtime: 0 }], [{ name: "b", mtime: 7 }]], host);
    const filtered = normalise().image(image, host);
    const [unchanged, changed] = filtered.layers;
    const [original] = image.layers;
    expect((await unchanged?.blob())?.digest).toBe((await original?.blob())?.digest);
    expect((await changed?.blob())?.digest).not.toBe((await image.layers[1]?.blob())?.digest);
    const nothingChanged = normalise(5, true).image(
      (await testImage([[{ name: "a", mtime: 0 }]], host)).image,
      host,
    );
    expect((await nothingChanged.manifest()).bytes).toEqual(
      (await (await testImage([[{ name: "a", mtime: 0 }]], host)).image.manifest()).bytes,
    );
    expect(manifest.digest).not.toBe((await filtered.manifest()).descriptor.digest);
  });

  it("gives the same diff_id whether the tar or the blob is asked for first", async () => {
    const make = async () =>
      normalise().image((await testImage([[{ name: "a" }]], host)).image, host).layers[0];
    const viaTar = (await (await make())?.tar())?.digest;
    const layer = await make();
    await layer?.blob();
    expect(await layer?.diffId()).toBe(viaTar);
  });
});

describe("a stored layer", () => {
  it("is refused when its bytes are not those of its digest", async () => {
    const { image, blobs } = await testImage([[{ name: "a" }]], host);
    const [layer] = image.layers;
    const { digest } = (await layer?.blob()) ?? {};
    const bytes = blobs.get(digest as string) as Uint8Array;
    bytes[bytes.length - 9] = (bytes[bytes.length - 9] ?? 0) ^ 1;
    await expect(layer?.tar()).rejects.toMatchObject({ exitCode: expect.any(Number) });
    await expect(layer?.blob().then(whole)).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
  });

  it("is refused when the config's diff_id is of another tar", async () => {
    const lying = await testImage([[{ name: "a" }]], host);
    const honest = await testImage([[{ name: "b" }]], host);
    const [digest] = (await lying.image.manifest()).value.layers.map((layer) => layer.digest);
    const [other] = (await honest.image.manifest()).value.layers.map((layer) => layer.digest);
    const { storedBlob } = await import("../../../src/image/stored-blob.ts");
    const { storedLayer } = await import("../../../src/image/stored-layer.ts");
    const { streamOf } = await import("../../../src/bytes/stream.ts");
    const descriptor = (await honest.image.manifest()).value.layers[0];
    const diffId = (await lying.image.config()).value.rootfs.diff_ids[0];
    if (!descriptor || !diffId) throw new Error("the test image has no layer");
    const bytes = honest.blobs.get(descriptor.digest) as Uint8Array;
    const blob = storedBlob(descriptor, { open: async () => streamOf(bytes) }, host);
    const layer = storedLayer({ blob, diffId: async () => diffId }, host);
    await expect(layer.tar()).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
    expect(digest).not.toBe(other);
  });
});

describe("an image without a manifest", () => {
  it("is compressed once, however often it is filtered", async () => {
    let compressions = 0;
    const gzip = () => {
      compressions++;
      return host.kernels.gzip();
    };
    const counting = { ...host, kernels: { ...host.kernels, gzip } };
    const { image } = await testImage([[{ name: "a" }]], host);
    const tar = await image.layers[0]?.tar();
    const { bytes, value } = await image.config();
    if (!tar) throw new Error("the test image has no layer");
    const saved = assembledImage(
      { configBytes: bytes, config: value, layers: [tarLayer(tar, counting)] },
      counting,
    );
    const filtered = normalise(9).image(normalise(7).image(saved, counting), counting);
    const manifest = await filtered.manifest();
    expect(manifest.value.layers[0]?.digest).toBe((await filtered.layers[0]?.blob())?.digest);
    expect(compressions).toBe(1);
  });
});
