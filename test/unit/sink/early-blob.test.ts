import { beforeAll, describe, expect, it } from "vitest";
import { normalizeTimestamps } from "../../../src/filter/normalize-timestamps.ts";
import type { Host, ProgressEvent } from "../../../src/host.ts";
import type { Image } from "../../../src/image/image.ts";
import { wasmKernels } from "../../../src/kernel/wasm.ts";
import type { Digest } from "../../../src/oci/digest.ts";
import { parseReference } from "../../../src/oci/reference.ts";
import { registrySink } from "../../../src/sink/registry-sink.ts";
import { randomNumbers } from "../../contract/kernels-data.ts";
import { testImage } from "../../images.ts";
import { memoryLayerCache } from "../../layer-cache.ts";
import { memoryHost, REGISTRY } from "../../memory-host.ts";
import { kernelModule } from "../kernel/module.ts";

/** Text that no gzip makes smaller than what is worth beginning with. */
function incompressible(length: number): string {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const next = randomNumbers(1);
  return Array.from({ length }, () => letters[next(letters.length)]).join("");
}

const content = incompressible(12_000_000);
let large: Image;

beforeAll(async () => {
  large = (await testImage([[{ name: "large", content }]], await wasmHost())).image;
});

async function wasmHost(): Promise<Host & { sent(): string[] }> {
  const host = await memoryHost();
  const sent: string[] = [];
  return {
    ...host,
    kernels: wasmKernels(await kernelModule()),
    async fetch(url, init) {
      sent.push(`${init?.method} ${new URL(url).pathname.replace(/sha256:.*|[^/]{20,}$/, "…")}`);
      return host.fetch(url, init);
    },
    sent: () => sent.splice(0),
  };
}

/** Puts the image with its times set. */
function putNormalised(image: Image, name: string, host: Host, placed?: Map<Digest, string>) {
  const filtered = normalizeTimestamps({ seconds: 0, clamp: false }).image(image, host);
  return registrySink(parseReference(`${REGISTRY}/${name}`), host, placed && { placed }).put(filtered);
}

/** So that the repository has a tag. */
async function putSmall(name: string, host: Host): Promise<void> {
  const { image } = await testImage([[{ name: "small" }]], host);
  await registrySink(parseReference(`${REGISTRY}/${name}`), host).put(image);
}

const patches = (sent: readonly string[]) => sent.filter((line) => line.startsWith("PATCH"));

describe("a layer that is made on its way to a registry", () => {
  it("is uploaded meanwhile where the repository has no tag", async () => {
    const host = await wasmHost();
    const { layers } = await putNormalised(large, "new/app:1", host);
    expect(layers.map(({ outcome }) => outcome)).toEqual(["uploaded"]);
    const sent = host.sent();
    expect(patches(sent)).toHaveLength(1);
    expect(sent).toContain("GET /v2/new/app/tags/list");
  });

  it("shows how far its upload has come when it is made", async () => {
    const memory = await wasmHost();
    const events: ProgressEvent[] = [];
    let made = () => {};
    const isMade = new Promise<void>((resolve) => {
      made = resolve;
    });
    const host: Host = {
      ...memory,
      async fetch(url, init) {
        // Asked for once the digest is known: the registry is slower than the making.
        if (init?.method === "HEAD") setTimeout(made);
        if (init?.method === "PATCH") await isMade;
        return memory.fetch(url, init);
      },
      log(event) {
        if (event.type === "progress" && event.stage === "uploading") events.push(event);
      },
    };
    const { layers } = await putNormalised(large, "shown/app:1", host);
    const { digest, size } = layers[0] as { digest: Digest; size: number };
    const shown = events.filter(({ id }) => id === digest);
    expect(shown.filter(({ done }) => done > 0 && done < size).length).toBeGreaterThan(1);
    expect(shown.at(-1)).toMatchObject({ done: size, total: size, finished: true });
  });

  it("waits for its digest where the repository has another tag, and is not sent if it is there", async () => {
    const host = await wasmHost();
    await putNormalised(large, "app:1", host);
    host.sent();
    const { layers } = await putNormalised(large, "app:2", host);
    expect(layers.map(({ outcome }) => outcome)).toEqual(["exists"]);
    expect(host.sent().filter((line) => /PATCH|POST/.test(line))).toEqual([]);
  });

  it("is uploaded meanwhile where an earlier run tells its digest, and the repository has not got it", async () => {
    const host = await wasmHost();
    const remembering = { ...host, layerCache: memoryLayerCache().cache };
    await putNormalised(large, "first:1", remembering);
    await putSmall("second:0", host);
    host.sent();
    const { layers } = await putNormalised(large, "second:1", remembering);
    expect(layers.map(({ outcome }) => outcome)).toEqual(["uploaded"]);
    const sent = host.sent();
    expect(patches(sent)).toHaveLength(1);
    expect(sent).not.toContain("GET /v2/second/tags/list");
  });

  it("that turns out not to change is taken as it is, and nothing else is sent", async () => {
    const host = await wasmHost();
    const { image } = await testImage([[{ name: "large", content, mtime: 0 }]], host);
    const { layers } = await putNormalised(image, "same:1", host);
    const [original] = (await image.manifest()).value.layers;
    expect(layers).toMatchObject([{ digest: original?.digest, outcome: "uploaded" }]);
    expect(patches(host.sent())).toEqual([]);
  });

  it("waits for its digest where another repository may have it to be mounted", async () => {
    const host = await wasmHost();
    const placed = new Map<Digest, string>();
    await putNormalised(large, "one:1", host, placed);
    host.sent();
    const { layers } = await putNormalised(large, "two:1", host, placed);
    expect(layers.map(({ outcome }) => outcome)).toEqual(["mounted"]);
    expect(patches(host.sent())).toEqual([]);
  });

  it("that is small is sent at once", async () => {
    const host = await wasmHost();
    const { image } = await testImage([[{ name: "small" }]], host);
    await putNormalised(image, "small:1", host);
    const sent = host.sent();
    expect(patches(sent)).toEqual([]);
    expect(sent).not.toContain("GET /v2/small/tags/list");
  });

  it("waits for its digest where the registry does not tell whether the repository has tags", async () => {
    const host = await wasmHost();
    const fetch: Host["fetch"] = async (url, init) =>
      url.includes("/tags/list") ? new Response(null, { status: 403 }) : host.fetch(url, init);
    const { layers } = await putNormalised(large, "quiet:1", { ...host, fetch });
    expect(layers.map(({ outcome }) => outcome)).toEqual(["uploaded"]);
    expect(patches(host.sent())).toEqual([]);
  });
});
