import { describe, expect, it } from "vitest";
import { streamOf } from "../../../src/bytes/stream.ts";
import type { LayerCache, MadeLayer } from "../../../src/host.ts";
import { storedBlob } from "../../../src/image/stored-blob.ts";
import { storedLayer } from "../../../src/image/stored-layer.ts";
import type { Digest } from "../../../src/oci/digest.ts";
import { parseReference } from "../../../src/oci/reference.ts";
import { CORE_SCHEMES } from "../../../src/pipeline/core-schemes.ts";
import { parseFilter } from "../../../src/pipeline/filters.ts";
import { runPipeline } from "../../../src/pipeline/pipeline.ts";
import { registrySink } from "../../../src/sink/registry-sink.ts";
import { testImage } from "../../images.ts";
import { memoryLayerCache } from "../../layer-cache.ts";
import { type MemoryHost, memoryHost, REGISTRY } from "../../memory-host.ts";

const SOURCE = `registry://${REGISTRY}/team/app:1`;
const DESTINATION = `registry://${REGISTRY}/filtered:1`;

interface Counted {
  readonly host: MemoryHost;
  readonly entries: Map<string, MadeLayer>;
  /** Blobs read from the source's repository, and uploads anywhere, since the last time. */
  traffic(): { readonly reads: number; readonly uploads: number };
}

/** A host with an image of three layers, a cache, and an eye on what crosses the network. */
async function counted(): Promise<Counted> {
  const host = await memoryHost();
  const { image } = await testImage(
    [[{ name: "a" }], [{ name: "b/.git/x" }, { name: "c" }], [{ name: "d" }]],
    host,
  );
  await registrySink(parseReference(`${REGISTRY}/team/app:1`), host).put(image);
  const config = (await image.config()).descriptor.digest;
  const { cache: layerCache, entries } = memoryLayerCache();
  let [reads, uploads] = [0, 0];
  const fetch: MemoryHost["fetch"] = (url, init) => {
    const { pathname } = new URL(url);
    const method = init?.method ?? "GET";
    if (method === "GET" && pathname.includes("/team/app/blobs/") && !pathname.endsWith(config)) reads += 1;
    if (method === "PUT" && pathname.includes("/blobs/uploads/")) uploads += 1;
    return host.fetch(url, init);
  };
  return {
    host: { ...host, fetch, layerCache } as MemoryHost,
    entries,
    traffic() {
      const seen = { reads, uploads };
      [reads, uploads] = [0, 0];
      return seen;
    },
  };
}

const run = ({ host }: Counted, ...filters: string[]) =>
  runPipeline(
    { source: SOURCE, sink: DESTINATION, filters: filters.map((spec) => parseFilter(spec)) },
    CORE_SCHEMES,
    host,
    { platform: undefined },
  );

describe("layers that were filtered before", () => {
  it.each([
    ["normalize-timestamps"],
    ["exclude:pattern=**/.git"],
    ["recompress:format=gzip,level=1"],
    ["exclude:pattern=**/.git", "normalize-timestamps:ts=5"],
    ["normalize-timestamps", "recompress:format=gzip,level=9"],
  ])("by %s %s send no layer byte the second time, and give the same image", async (...filters) => {
    const it = await counted();
    const specs = filters.filter((spec) => spec !== undefined);
    const first = await run(it, ...specs);
    expect(it.traffic().reads).toBeGreaterThan(0);
    const second = await run(it, ...specs);
    expect(it.traffic()).toEqual({ reads: 0, uploads: 0 });
    expect(second.manifest).toEqual(first.manifest);
    for (const { outcome } of second.layers) expect(outcome).toMatch(/^(exists|mounted)$/);
  });

  it.each(["exclude:pattern=nowhere", "normalize-timestamps:ts=1700000000"])(
    "by %s, which changes nothing, are not looked through a second time",
    async (filter) => {
      const it = await counted();
      const first = await run(it, filter);
      expect(it.traffic().reads).toBeGreaterThan(0);
      const second = await run(it, filter);
      expect(it.traffic()).toEqual({ reads: 0, uploads: 0 });
      expect(second.manifest).toEqual(first.manifest);
    },
  );

  it("are made again where the registry tells another size of one", async () => {
    const it = await counted();
    const [damaged] = (await run(it, "normalize-timestamps")).layers;
    it.traffic();
    const { host } = it;
    let isSent = false;
    const fetch: MemoryHost["fetch"] = async (url, init) => {
      if (init?.method === "PUT" && url.includes("/blobs/uploads/")) isSent = true;
      const method = init?.method ?? "GET";
      const isAsked = ["HEAD", "GET"].includes(method) && url.endsWith(damaged?.digest ?? "none");
      if (!isAsked || isSent) return host.fetch(url, init);
      return new Response(method === "GET" ? "x" : null, { headers: { "content-length": "1" } });
    };
    const { layers } = await run({ ...it, host: { ...host, fetch } }, "normalize-timestamps");
    expect(layers.map(({ outcome }) => outcome)).toEqual(["uploaded", "exists", "exists"]);
    expect(it.traffic()).toEqual({ reads: 1, uploads: 1 });
  });

  it("and are an image's and another one's go once: of the other nothing is fetched or sent but what is its own", async () => {
    const it = await counted();
    await run(it, "normalize-timestamps");
    const { image } = await testImage(
      [[{ name: "a" }], [{ name: "b/.git/x" }, { name: "c" }], [{ name: "e" }]],
      it.host,
    );
    await registrySink(parseReference(`${REGISTRY}/team/app:1`), it.host).put(image);
    it.traffic();
    const { layers } = await run(it, "normalize-timestamps");
    expect(layers.map(({ outcome }) => outcome)).toEqual(["exists", "exists", "uploaded"]);
    // Its third layer and its config, each way.
    expect(it.traffic()).toEqual({ reads: 2, uploads: 2 });
  });

  it("are made anew by other filters, and by the same ones otherwise told", async () => {
    const it = await counted();
    const first = await run(it, "normalize-timestamps:ts=1");
    it.traffic();
    const second = await run(it, "normalize-timestamps:ts=2");
    expect(it.traffic().reads).toBeGreaterThan(0);
    expect(second.manifest?.digest).not.toBe(first.manifest?.digest);
  });

  it("are made anew where the destination has lost them", async () => {
    const it = await counted();
    const first = await run(it, "normalize-timestamps");
    const elsewhere = await runPipeline(
      { source: SOURCE, sink: "oci-layout://x", filters: [parseFilter("normalize-timestamps")] },
      CORE_SCHEMES,
      it.host,
      { platform: undefined },
    );
    expect(elsewhere.manifest?.digest).toBe(first.manifest?.digest);
    expect(it.traffic().reads).toBeGreaterThan(0);
  });

  it.each<[string, { readonly looks: number; readonly remembers: number }]>([
    [DESTINATION, { looks: 3, remembers: 3 }],
    ["oci-layout://there", { looks: 3, remembers: 3 }],
    ["oci-archive://x.tar", { looks: 0, remembers: 3 }],
    ["tar://x.tar", { looks: 0, remembers: 0 }],
    ["dir://x", { looks: 0, remembers: 0 }],
  ])("are looked for by %s as the command says", async (sink, expected) => {
    const it = await counted();
    const pipeline = { source: SOURCE, sink, filters: [parseFilter("normalize-timestamps")] };
    const through = async (layerCache: LayerCache) =>
      runPipeline(pipeline, CORE_SCHEMES, { ...it.host, layerCache }, { platform: undefined });
    const nothing = { get: async () => undefined, put: async () => {} };
    if (sink.startsWith("oci-layout:")) await through(nothing);
    const seen = { looks: 0, remembers: 0 };
    await through({
      get: async () => void seen.looks++,
      put: async () => void seen.remembers++,
    });
    expect(seen).toEqual(expected);
  });

  it("of a config that lies about a diff_id are not remembered", async () => {
    const it = await counted();
    const { host } = it;
    const honest = await testImage([[{ name: "honest" }]], host);
    const other = await testImage([[{ name: "other" }]], host);
    const [descriptor] = (await honest.image.manifest()).value.layers;
    if (!descriptor) throw new Error("the test image has no layer");
    const open = async () => streamOf(honest.blobs.get(descriptor.digest) as Uint8Array);
    const [claimed] = (await other.image.config()).value.rootfs.diff_ids;
    const layer = storedLayer(
      { blob: storedBlob(descriptor, { open }, host), diffId: async () => claimed as Digest },
      host,
    );
    const filtered = parseFilter("normalize-timestamps").image({ ...honest.image, layers: [layer] }, host);
    await expect(filtered.layers[0]?.blob({ has: async () => true })).rejects.toMatchObject({
      code: "DIGEST_MISMATCH",
    });
    expect(it.entries.size).toBe(0);
  });
});
