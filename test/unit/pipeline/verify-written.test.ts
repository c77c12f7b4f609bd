/** What is damaged between writing and reading back is found out, at every place that can be read. */
import { describe, expect, it } from "vitest";
import { parseReference } from "../../../src/oci/reference.ts";
import { CORE_SCHEMES } from "../../../src/pipeline/core-schemes.ts";
import { runPipeline, type Verify } from "../../../src/pipeline/pipeline.ts";
import { parseUri } from "../../../src/pipeline/uri.ts";
import { type VerifyMode, verifyWritten } from "../../../src/pipeline/verify-written.ts";
import { registrySink } from "../../../src/sink/registry-sink.ts";
import { testImage } from "../../images.ts";
import { type MemoryHost, memoryHost, REGISTRY } from "../../memory-host.ts";

const OPTIONS = { platform: undefined };

/** Writes an image of two layers to the place; gives what reads it back. */
async function written(sink: string) {
  const host = await memoryHost();
  const { image } = await testImage([[{ name: "a" }], [{ name: "b", content: "b".repeat(2_000) }]], host);
  await registrySink(parseReference(`${REGISTRY}/team/app:1`), host).put(image);
  const source = `registry://${REGISTRY}/team/app:1`;
  const result = await runPipeline({ source, sink, filters: [] }, CORE_SCHEMES, host, OPTIONS);
  const verify = (mode: VerifyMode) =>
    verifyWritten({ destination: sink }, [result], mode, CORE_SCHEMES, host, OPTIONS);
  return { host, result, verify };
}

type Damage = (files: MemoryHost["files"]["files"]) => void;

const lose =
  (pattern: RegExp): Damage =>
  (files) => {
    const [name = ""] = [...files.keys()].filter((path) => pattern.test(path));
    expect(files.delete(name)).toBe(true);
  };
const change =
  (pattern: RegExp, edit: (bytes: Uint8Array) => Uint8Array): Damage =>
  (files) => {
    const [name = ""] = [...files.keys()].filter((path) => pattern.test(path));
    files.set(name, edit(files.get(name) as Uint8Array));
  };
/** The last byte of a member's content, whatever its padding. */
const spoiled = (bytes: Uint8Array) => {
  const copy = bytes.slice();
  const at = copy.lastIndexOf(0x62);
  copy[at] = 0x63;
  return copy;
};

const LAYER = /layer\.tar$/;
const CONFIG = /[0-9a-f]{64}\.json$/;

describe("what was written is not verified where", () => {
  it.each<[string, string, Damage]>([
    ["a folder has lost its manifest.json", "dir://out", lose(/^out\/manifest\.json$/)],
    ["a folder has lost the image's own manifest", "dir://out?unique_names=true", lose(/manifest-.*\.json$/)],
    ["a folder has lost its config", "dir://out", lose(CONFIG)],
    ["a folder has another config", "dir://out", change(CONFIG, (bytes) => bytes.slice(0, -1))],
    ["a folder has lost a layer", "dir://out", lose(LAYER)],
    ["a folder's layer is shorter", "dir://out", change(LAYER, (bytes) => bytes.slice(0, -512))],
    ["a folder's layer is no tar", "dir://out", change(LAYER, (bytes) => bytes.map(() => 7))],
    ["a layout has lost a blob", "oci-layout://out", lose(/blobs\/sha256\//)],
    ["a layout has lost its index.json", "oci-layout://out", lose(/index\.json$/)],
    ["a docker archive is gone", "tar://out.tar", lose(/out\.tar/)],
    ["a docker archive ends early", "tar://out.tar", change(/out\.tar/, (bytes) => bytes.slice(0, 2_000))],
    ["a docker archive's layer is another", "tar://out.tar", change(/out\.tar/, spoiled)],
    ["an OCI archive is gone", "oci-archive://out.tar", lose(/out\.tar/)],
    [
      "an OCI archive ends early",
      "oci-archive://out.tar",
      change(/out\.tar/, (bytes) => bytes.slice(0, 900)),
    ],
  ])("%s", async (_, sink, damage) => {
    const { host, verify } = await written(sink);
    for (const mode of ["quick", "full"] as const) expect(await verify(mode)).toBe(true);
    damage(host.files.files);
    await expect(verify("full")).rejects.toMatchObject({ code: "VERIFICATION_FAILED", exitCode: 3 });
  });

  it("a registry answers for the tag with another image, also when it is quick", async () => {
    const place = `${REGISTRY}/other:2`;
    const { host, verify } = await written(`registry://${place}`);
    expect(await verify("quick")).toBe(true);
    const { image } = await testImage([[{ name: "intruder" }]], host);
    await registrySink(parseReference(place), host).put(image);
    await expect(verify("quick")).rejects.toMatchObject({ code: "VERIFICATION_FAILED" });
  });
});

describe("a layout's blob of the right size and with other bytes", () => {
  const BLOB = /blobs\/sha256\//;

  it.each([false, true])("is written anew only where what is there is read: %s", async (reread) => {
    const { host } = await written("oci-layout://out");
    const { files } = host.files;
    const names = [...files.keys()].filter((name) => BLOB.test(name));
    const before = new Map(names.map((name) => [name, files.get(name)]));
    for (const name of names)
      files.set(
        name,
        (files.get(name) as Uint8Array).map((byte) => byte ^ 1),
      );
    const source = `registry://${REGISTRY}/team/app:1`;
    const pipeline = { source, sink: "oci-layout://out", filters: [] };
    const result = await runPipeline(pipeline, CORE_SCHEMES, host, { ...OPTIONS, reread });
    expect(result.layers.map(({ outcome }) => outcome)).toEqual(
      result.layers.map(() => (reread ? "written" : "exists")),
    );
    for (const name of names) {
      if (reread) expect(files.get(name)).toEqual(before.get(name));
      else expect(files.get(name)).not.toEqual(before.get(name));
    }
    const again = await runPipeline(pipeline, CORE_SCHEMES, host, { ...OPTIONS, reread });
    expect(again.layers.map(({ outcome }) => outcome)).toEqual(again.layers.map(() => "exists"));
  });
});

describe("a registry's image", () => {
  it("gets its name once all of it was verified, or never", async () => {
    const { host, result } = await written(`registry://${REGISTRY}/other:2`);
    const pipeline = {
      source: `registry://${REGISTRY}/team/app:1`,
      sink: `registry://${REGISTRY}/other:3`,
      filters: [],
    };
    const open = () => CORE_SCHEMES.sources.registry?.(parseUri(pipeline.sink), host, OPTIONS);
    const refuse = async () => {
      await expect(open()).rejects.toMatchObject({ code: "MANIFEST_UNKNOWN" });
      throw new Error("refused");
    };
    await expect(runPipeline({ ...pipeline, verify: refuse }, CORE_SCHEMES, host, OPTIONS)).rejects.toThrow(
      "refused",
    );
    await expect(open()).rejects.toMatchObject({ code: "MANIFEST_UNKNOWN" });
    let times = 0;
    const verify: Verify = async (results, where) => {
      times += 1;
      expect(results).toMatchObject([{ manifest: result.manifest }]);
      const place = { destination: pipeline.sink, ...where };
      expect(await verifyWritten(place, results, "quick", CORE_SCHEMES, host, OPTIONS)).toBe(true);
      await expect(open()).resolves.toBeDefined();
    };
    await runPipeline({ ...pipeline, verify }, CORE_SCHEMES, host, OPTIONS);
    expect(times).toBe(1);
  });

  it("gets its name also from those who verify nothing", async () => {
    const { host } = await written(`registry://${REGISTRY}/other:2`);
    const pipeline = {
      source: `registry://${REGISTRY}/team/app:1`,
      sink: `registry://${REGISTRY}/other:4`,
      filters: [],
    };
    await runPipeline({ ...pipeline, verify: async () => {} }, CORE_SCHEMES, host, OPTIONS);
    await expect(
      CORE_SCHEMES.sources.registry?.(parseUri(pipeline.sink), host, OPTIONS),
    ).resolves.toBeDefined();
  });

  it("is verified where its blobs show a moment late, not where they never do", async () => {
    for (const late of [1, 3, 4]) {
      const { host, result } = await written(`registry://${REGISTRY}/other:5`);
      const asked = new Map<string, number>();
      const fetch: MemoryHost["fetch"] = async (url, init) => {
        const times = asked.get(url) ?? 0;
        asked.set(url, times + 1);
        const isLate = init?.method === "HEAD" && url.includes("/blobs/") && times < late;
        return isLate ? new Response(null, { status: 404 }) : host.fetch(url, init);
      };
      const place = { destination: `registry://${REGISTRY}/other:5` };
      const verified = verifyWritten(place, [result], "quick", CORE_SCHEMES, { ...host, fetch }, OPTIONS);
      if (late < 4) expect(await verified).toBe(true);
      else await expect(verified).rejects.toMatchObject({ code: "VERIFICATION_FAILED" });
    }
  });
});
