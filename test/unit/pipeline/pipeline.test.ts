import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { SealiftError } from "../../../src/error.ts";
import type { Layer } from "../../../src/image/image.ts";
import { parseReference } from "../../../src/oci/reference.ts";
import { CORE_SCHEMES } from "../../../src/pipeline/core-schemes.ts";
import { parseFilter } from "../../../src/pipeline/filters.ts";
import { runPipeline } from "../../../src/pipeline/pipeline.ts";
import { registrySink } from "../../../src/sink/registry-sink.ts";
import { tarOf, testImage } from "../../images.ts";
import { type MemoryHost, memoryHost, REGISTRY } from "../../memory-host.ts";

const SOURCE = `registry://${REGISTRY}/team/app:1`;

async function hostWithApp(): Promise<MemoryHost> {
  const host = await memoryHost();
  const { image } = await testImage([[{ name: "a" }], [{ name: "b" }], [{ name: "a" }]], host);
  await registrySink(parseReference(`${REGISTRY}/team/app:1`), host).put(image);
  return host;
}

const platform = undefined;
const run = (host: MemoryHost, source: string, sink: string, ...filters: string[]) =>
  runPipeline({ source, sink, filters: filters.map((spec) => parseFilter(spec)) }, CORE_SCHEMES, host, {
    platform,
  });

describe("copying", () => {
  it.each([
    ["oci-archive://x.tar", "oci-archive://x.tar"],
    ["oci-archive://x.tar", "tar://x.tar"],
    ["oci-layout://x", "oci-layout://x"],
    [`registry://${REGISTRY}/other:2`, `registry://${REGISTRY}/other:2`],
  ])("keeps the manifest's digest through %s", async (sink, source) => {
    const host = await hostWithApp();
    const first = await run(host, SOURCE, sink);
    const back = await run(host, source, `registry://${REGISTRY}/back:3`);
    expect(back.manifest?.digest).toBe(first.manifest?.digest);
  });

  it.each([["tar://x.tar"], ["dir://x"]])("keeps the config and diff_ids through %s", async (uri) => {
    const host = await hostWithApp();
    const first = await run(host, SOURCE, uri);
    await run(host, uri, "oci-layout://y");
    const again = await run(host, "oci-layout://y", "tar://z.tar");
    expect(again.layers.map(({ digest }) => digest)).toEqual(first.layers.map(({ digest }) => digest));
  });

  it("gives the same bytes twice", async () => {
    const host = await hostWithApp();
    for (const sink of ["tar", "oci-archive"]) {
      await run(host, SOURCE, `${sink}://1`, "normalize-timestamps");
      await run(host, SOURCE, `${sink}://2`, "normalize-timestamps");
      expect(host.files.files.get("1")).toEqual(host.files.files.get("2"));
    }
  });

  it("gives an image the same digest, filtered on the way out or on the way back", async () => {
    const host = await hostWithApp();
    const there = await run(host, SOURCE, `registry://${REGISTRY}/n:1`, "normalize-timestamps");
    await run(host, SOURCE, "oci-layout://plain");
    const back = await run(host, "oci-layout://plain", `registry://${REGISTRY}/n:2`, "normalize-timestamps");
    expect(back.manifest?.digest).toBe(there.manifest?.digest);
  });

  it("adds to a layout that is there", async () => {
    const host = await hostWithApp();
    await run(host, SOURCE, "oci-layout://x#one");
    await run(host, SOURCE, "oci-layout://x#two", "normalize-timestamps");
    const one = await run(host, "oci-layout://x#one", `registry://${REGISTRY}/c:1`);
    const two = await run(host, "oci-layout://x#two", `registry://${REGISTRY}/c:2`);
    expect(one.manifest?.digest).not.toBe(two.manifest?.digest);
    await expect(run(host, "oci-layout://x", "tar://y")).rejects.toMatchObject({ code: "USAGE" });
  });
});

describe("failing", () => {
  it.each([
    ["foo://x", "tar://y", "URI_INVALID"],
    ["tar://x", "foo://y", "URI_INVALID"],
    ["tar://missing.tar", "tar://y", "NOT_FOUND"],
    [`registry://${REGISTRY}/none:1`, "tar://y", "MANIFEST_UNKNOWN"],
    ["registry://localhost:1/none:1", "tar://y", "UNREACHABLE"],
    [`${SOURCE}?arch=arm64&typo=1`, "tar://y", "URI_INVALID"],
  ])("%s to %s is %s, and leaves nothing", async (source, sink, code) => {
    const host = await hostWithApp();
    await expect(run(host, source, sink)).rejects.toMatchObject({ code });
    expect([...host.files.files.keys()]).toEqual([]);
  });

  it("takes back a destination whose source cannot be opened, and tells of the source", async () => {
    const host = await hostWithApp();
    const ended: string[] = [];
    const end = (how: string) => async () => void ended.push(how);
    const sink = { put: () => Promise.reject(), commit: end("committed"), abort: end("taken back") };
    const failing = () => Promise.reject(new SealiftError("NO_SPACE", "Cannot write: the disk is full"));
    const sinks = { ...CORE_SCHEMES.sinks, good: async () => sink, bad: failing };
    for (const scheme of ["good", "bad"]) {
      const pipeline = { source: "tar://missing.tar", sink: `${scheme}://x`, filters: [] };
      const running = runPipeline(pipeline, { ...CORE_SCHEMES, sinks }, host, { platform });
      await expect(running).rejects.toMatchObject({ code: "NOT_FOUND" });
    }
    expect(ended).toEqual(["taken back"]);
  });

  it("leaves no file where a layer turns out damaged half-way", async () => {
    const host = await hostWithApp();
    await run(host, SOURCE, "oci-layout://x");
    const blobs = [...host.files.files].filter(([name]) => name.includes("/blobs/"));
    const [name, bytes] = blobs.sort((a, b) => a[1].length - b[1].length)[1] as [string, Uint8Array];
    host.files.files.set(
      name,
      bytes.map((byte, i) => (i === 20 ? byte ^ 1 : byte)),
    );
    const before = [...host.files.files.keys()];
    await expect(run(host, "oci-layout://x", "tar://y.tar")).rejects.toMatchObject({
      exitCode: expect.any(Number),
    });
    expect([...host.files.files.keys()]).toEqual(before);
  });
});

describe("a platform", () => {
  it.each([`${SOURCE}?arch=arm64`, "tar://x.tar?arch=arm64", "oci-archive://y.tar?os=windows"])(
    "that a single image is not for is not found: %s",
    async (source) => {
      const host = await hostWithApp();
      await run(host, SOURCE, "tar://x.tar");
      await run(host, SOURCE, "oci-archive://y.tar");
      await expect(run(host, source, "tar://z.tar")).rejects.toMatchObject({ code: "PLATFORM_NOT_FOUND" });
    },
  );

  it("that a single image is for is as good as none", async () => {
    const host = await hostWithApp();
    await run(host, `${SOURCE}?os=linux&arch=amd64`, "tar://x.tar");
    expect(host.files.files.has("x.tar")).toBe(true);
  });
});

describe("a compressed layer that a docker archive vouches for by its diff_id alone", () => {
  it.each([
    ["cut short", (gz: Buffer) => gz.subarray(0, -20)],
    ["of another tar", () => gzipSync("another")],
    ["with something behind it", (gz: Buffer) => Buffer.concat([gz, Buffer.from("junk")])],
  ])("is refused %s", async (_, damage) => {
    const host = await memoryHost();
    const { image } = await testImage([[{ name: "a" }]], host);
    const config = await image.config();
    const tar = await tarOf(image.layers[0] as Layer);
    host.files.files.set("d/config.json", config.bytes);
    host.files.files.set("d/layer.tar", new Uint8Array(damage(gzipSync(tar))));
    const manifest = [{ Config: "config.json", RepoTags: ["a:1"], Layers: ["layer.tar"] }];
    host.files.files.set("d/manifest.json", new TextEncoder().encode(JSON.stringify(manifest)));
    await expect(run(host, "dir://d", "oci-archive://o.tar")).rejects.toMatchObject({
      code: expect.stringMatching(/^(GZIP|DIGEST|SIZE)_/),
    });
    expect(host.files.files.has("o.tar")).toBe(false);
  });
});
