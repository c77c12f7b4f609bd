import { describe, expect, it } from "vitest";
import { contentOf } from "../../../src/bytes/content.ts";
import type { LayerCache } from "../../../src/host.ts";
import { tarLayer } from "../../../src/image/tar-layer.ts";
import { layerTar } from "../../images.ts";
import { memoryLayerCache } from "../../layer-cache.ts";
import { type MemoryHost, memoryHost } from "../../memory-host.ts";

/** A tar layer that counts how often its tar is opened. */
async function layerOf(host: MemoryHost, layerCache: LayerCache) {
  const content = contentOf(host.kernels, await layerTar([{ name: "a" }], host));
  let opened = 0;
  const open = () => {
    opened += 1;
    return content.open();
  };
  return { layer: tarLayer({ ...content, open }, { ...host, layerCache }), opened: () => opened };
}

describe("a layer that an earlier run has made", () => {
  it("is described without being made where it is going is", async () => {
    const host = await memoryHost();
    const { cache, entries } = memoryLayerCache();
    const first = await layerOf(host, cache);
    const made = await first.layer.blob({ has: async () => false });
    expect([first.opened(), entries.size]).toEqual([1, 1]);
    const second = await layerOf(host, cache);
    const described = await second.layer.blob({ has: async ({ digest }) => digest === made.digest });
    expect(described.descriptor).toEqual(made.descriptor);
    expect(await second.layer.blob()).toMatchObject({ descriptor: made.descriptor });
    expect(second.opened()).toBe(0);
  });

  it("is made again where the place has it no more, or cannot tell", async () => {
    const host = await memoryHost();
    const { cache } = memoryLayerCache();
    await (await layerOf(host, cache)).layer.blob();
    for (const to of [undefined, { has: async () => false }]) {
      const again = await layerOf(host, cache);
      await again.layer.blob(to);
      expect(again.opened()).toBe(1);
    }
  });

  it("can be opened all the same, and fails there if it comes out differently", async () => {
    const host = await memoryHost();
    const { cache, entries } = memoryLayerCache();
    const made = await (await layerOf(host, cache)).layer.blob();
    const to = { has: async () => true };
    const described = await (await layerOf(host, cache)).layer.blob(to);
    await (await described.open()).cancel();
    for (const [key, entry] of entries)
      entries.set(key, { ...entry, digest: contentOf(host.kernels, Uint8Array.of(1)).digest });
    const wrong = await (await layerOf(host, cache)).layer.blob(to);
    expect(wrong.digest).not.toBe(made.digest);
    await expect(wrong.open()).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
  });
});
