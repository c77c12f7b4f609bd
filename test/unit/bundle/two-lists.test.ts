/** An archive with index.json and manifest.json must be one image to the readers of either. */
import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { verifyFile } from "../../../src/bundle/verify-file.ts";
import type { Files } from "../../../src/bytes/files.ts";
import { bytesSlices, type Slices } from "../../../src/bytes/slices.ts";
import { documentOf } from "../../../src/image/multi-platform-image.ts";
import { checkImage } from "../../../src/inspect/check.ts";
import { imageInfo } from "../../../src/inspect/info.ts";
import { listDisagreements } from "../../../src/layout/list-agreement.ts";
import { encodeJson } from "../../../src/oci/json.ts";
import { filesImage, ociLayoutImage } from "../../../src/source/layout-source.ts";
import { rawFilesImage } from "../../../src/source/raw-image.ts";
import { type MemoryHost, memoryHost } from "../../memory-host.ts";
import { filesOf } from "../layout/memory-files.ts";
import { LAYERS, type OciArchive, ociArchive, tarOfFiles } from "./archives.ts";

type FileMap = Readonly<Record<string, Uint8Array>>;
interface Parts {
  readonly Config: string;
  readonly Layers: readonly string[];
}

let host: MemoryHost;
let a: OciArchive;
let b: OciArchive;
beforeAll(async () => {
  host = await memoryHost();
  a = await ociArchive(host);
  b = await ociArchive(host, [[{ name: "bin/other" }], LAYERS[1] ?? []]);
});

const json = (bytes: Uint8Array | undefined) => JSON.parse(new TextDecoder().decode(bytes));
const pathOf = (digest: string) => `blobs/${digest.replace(":", "/")}`;
/** What manifest.json says of an image. */
function partsOf({ files, manifest }: OciArchive): Parts {
  const { config, layers } = json(files[pathOf(manifest.digest)]);
  return {
    Config: pathOf(config.digest),
    Layers: layers.map(({ digest }: { digest: string }) => pathOf(digest)),
  };
}

/** Image A by index.json, with B's blobs beside it. */
const both = (list: unknown, index?: unknown): FileMap => ({
  ...b.files,
  ...a.files,
  ...(index !== undefined && { "index.json": encodeJson({ schemaVersion: 2, manifests: index }) }),
  "manifest.json": list instanceof Uint8Array ? list : encodeJson(list),
});

const verify = async (files: FileMap) => verifyFile(bytesSlices(await tarOfFiles(files, host)), host);
const problems = (files: FileMap) => listDisagreements(filesOf(files), host.kernels);
const check = async (files: FileMap, fast = false) =>
  checkImage(await rawFilesImage(filesOf(files), undefined, host, "x.tar"), { fast }, host);

/** Notes which files are read. */
function watching(files: Files, read: string[]): Files["get"] {
  return (name) => {
    const file = files.get(name);
    if (!file) return undefined;
    const slice: Slices["slice"] = (...range) => {
      read.push(name);
      return file.slice(...range);
    };
    return { ...file, slice };
  };
}

/** Every place that judges the archive calls it the same image for all. */
async function expectAgreement(files: FileMap): Promise<void> {
  expect(await problems(files)).toEqual([]);
  const verdict = await verify(files);
  expect(verdict.outcome).toBe("intact");
  expect(verdict.checks).toContainEqual({
    id: "docker-manifest",
    object: "manifest.json",
    outcome: "pass",
  });
  expect((await check(files)).results.filter(({ check: id }) => id === "docker-manifest")).toMatchObject([
    { severity: "info" },
  ]);
  await filesImage(filesOf(files), {}, host, "x.tar");
}

async function expectDisagreement(files: FileMap, reason: RegExp, showsUnread = true): Promise<void> {
  const verdict = await verify(files);
  expect(verdict.outcome).toBe("failed");
  expect(verdict.sentence).toMatch(/^Not verified: docker-manifest manifest\.json: /);
  expect(verdict.sentence).toMatch(reason);
  for (const fast of [true, false]) {
    const report = await check(files, fast);
    expect(report.results.filter(({ check: id }) => id === "docker-manifest")).toMatchObject([
      { severity: fast && !showsUnread ? "info" : "error" },
    ]);
  }
  await expect(filesImage(filesOf(files), {}, host, "x.tar")).rejects.toMatchObject({
    code: "LAYOUT_INVALID",
    message: expect.stringMatching(reason),
  });
}

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const OTHER = /readers of manifest\.json load another image than index\.json names/;

describe("a manifest.json beside index.json is refused where it has", () => {
  it("another image under the same name", async () => {
    const files = both([{ ...partsOf(b), RepoTags: ["server:1.0"] }]);
    await expectDisagreement(files, OTHER);
    await expectDisagreement(files, /another config, blobs\/sha256\/[0-9a-f]{64}, for server:1\.0/);
  });

  it("another image without a name, or under another name", async () => {
    for (const RepoTags of [null, [], ["other:1"]]) {
      await expectDisagreement(both([{ ...partsOf(b), RepoTags }]), OTHER);
    }
  });

  it("the image's config with layers of another, or with fewer, more or in another order", async () => {
    const { Config, Layers } = partsOf(a);
    for (const layers of [
      partsOf(b).Layers,
      Layers.slice(1),
      [...Layers, ...Layers.slice(1)],
      Layers.toReversed(),
      [],
      null,
    ]) {
      const files = both([{ Config, Layers: layers, RepoTags: ["server:1.0"] }]);
      await expectDisagreement(files, /other layers for server:1\.0/);
    }
  });

  it("the names of two images swapped", async () => {
    const named = (image: OciArchive, name: string, annotations = {}) => ({
      ...image.manifest,
      annotations: { "io.containerd.image.name": `docker.io/library/${name}`, ...annotations },
    });
    const list = (x: OciArchive, y: OciArchive) => [
      { ...partsOf(x), RepoTags: ["x:1"] },
      { ...partsOf(y), RepoTags: ["docker.io/library/y:1"] },
    ];
    const index = [named(a, "x:1"), named(b, "y:1")];
    expect(await problems(both(list(a, b), index))).toEqual([]);
    expect(await problems(both(list(b, a), index))).toHaveLength(2);
    const former = [{ ...partsOf(b), RepoTags: ["index.docker.io/library/x:1"] }];
    expect(await problems(both(former, index))).toHaveLength(1);
    const bare = [
      { ...a.manifest, annotations: { "org.opencontainers.image.ref.name": "1" } },
      { ...b.manifest, annotations: { "org.opencontainers.image.ref.name": "2" } },
    ];
    const tags = (x: OciArchive, y: OciArchive) => [
      { ...partsOf(x), RepoTags: ["app:1"] },
      { ...partsOf(y), RepoTags: ["app:2"] },
    ];
    expect(await problems(both(tags(a, b), bare))).toEqual([]);
    expect(await problems(both(tags(b, a), bare))).toHaveLength(2);
  });

  it("a second entry with another image, behind one that agrees", async () => {
    await expectDisagreement(
      both([
        { ...partsOf(a), RepoTags: ["server:1.0"] },
        { ...partsOf(b), RepoTags: ["server:1.0"] },
      ]),
      OTHER,
    );
  });

  it("a config in a file of its own whose name alone is that of the image's", async () => {
    const { Config, Layers } = partsOf(a);
    const name = `${Config.slice("blobs/sha256/".length)}.json`;
    const list = [{ Config: name, Layers, RepoTags: ["server:1.0"] }];
    const files = both(list);
    await expectAgreement({ ...files, [name]: files[Config] as Uint8Array });
    await expectDisagreement({ ...files, [name]: files[partsOf(b).Config] as Uint8Array }, OTHER);
  });

  it("a name in two spellings, of which readers in Go take the last", async () => {
    const [own, other] = [partsOf(a), partsOf(b)];
    for (const config of ["config", "CONFIG"]) {
      const list = [{ ...own, RepoTags: ["server:1.0"], [config]: other.Config }];
      await expectDisagreement(both(list), /two spellings/);
    }
    await expectDisagreement(both([{ ...own, RepoTags: [], layerſ: other.Layers }]), /two spellings/);
  });

  it("nothing that can be read", async () => {
    for (const bytes of ["{}", "no JSON", '[{"Layers":[]}]', '[{"Config":"../../x","Layers":[]}]']) {
      const files = both(new TextEncoder().encode(bytes));
      expect((await verify(files)).outcome).toBe("failed");
      expect((await check(files)).errors).toBe(1);
      await expect(filesImage(filesOf(files), {}, host, "x.tar")).rejects.toThrow();
    }
  });
});

describe("a manifest.json beside index.json agrees where it has", () => {
  it("the image, by its name, by its familiar or full one, or by none", async () => {
    for (const RepoTags of [
      ["server:1.0"],
      ["docker.io/library/server:1.0"],
      ["server:1.0", "elsewhere:2"],
      null,
      [],
    ]) {
      await expectAgreement(both([{ ...partsOf(a), RepoTags, LayerSources: {}, Parent: "" }]));
    }
  });

  it("nothing, where there is nothing that docker could load", async () => {
    await expectAgreement(both([]));
  });

  it("one platform of an index, whose others need not be there", async () => {
    const { annotations: _, ...entry } = a.manifest;
    const entries = [
      { ...entry, digest: `sha256:${"0".repeat(64)}`, platform: { os: "linux", architecture: "s390x" } },
      { ...entry, platform: { os: "linux", architecture: "amd64" } },
    ];
    const index = encodeJson({ schemaVersion: 2, manifests: entries });
    const top = {
      mediaType: "application/vnd.oci.image.index.v1+json",
      digest: `sha256:${sha256(index)}`,
      size: index.length,
      annotations: { "io.containerd.image.name": "docker.io/library/server:1.0" },
    };
    const list = (image: OciArchive) => both([{ ...partsOf(image), RepoTags: ["server:1.0"] }], [top]);
    expect(await problems({ ...list(a), [pathOf(top.digest)]: index })).toEqual([]);
    expect((await verify({ ...list(a), [pathOf(top.digest)]: index })).outcome).toBe("intact");
    await expectDisagreement({ ...list(b), [pathOf(top.digest)]: index }, OTHER);
  });

  it("the image's layers uncompressed, as their diff_ids have them", async () => {
    const { Config, Layers } = partsOf(a);
    const tars = Layers.map((layer) => new Uint8Array(gunzipSync(a.files[layer] as Uint8Array)));
    const names = tars.map((tar) => `${sha256(tar)}/layer.tar`);
    const files = {
      ...both([{ Config, Layers: names, RepoTags: ["server:1.0"] }]),
      ...Object.fromEntries(tars.map((tar, at) => [names[at], tar])),
    };
    await expectAgreement(files);
    const [first = "", second = ""] = names;
    const read: string[] = [];
    const watched = { ...filesOf(files), get: watching(filesOf(files), read) };
    await imageInfo(await rawFilesImage(watched, undefined, host, "x.tar"), {}, host);
    expect(read).toContain("manifest.json");
    expect(read).not.toEqual(expect.arrayContaining([first]));
    // Which only reading the layers can tell, and a fast check reads none.
    await expectDisagreement({ ...files, [first]: files[second] as Uint8Array }, /other layers/, false);
  });
});

describe("where the two lists disagree", () => {
  const evil = () => both([{ ...partsOf(b), RepoTags: ["server:1.0"] }]);

  it("index.json's image is still read by who asks for an OCI layout", async () => {
    const image = await ociLayoutImage(filesOf(evil()), {}, host);
    expect(await documentOf(image)).toMatchObject({ descriptor: { digest: a.manifest.digest } });
  });

  it("info says so", async () => {
    const raw = await rawFilesImage(filesOf(evil()), undefined, host, "x.tar");
    const said: string[] = [];
    await imageInfo(
      raw,
      {},
      {
        ...host,
        log: (event) => void (event.type === "warning" && said.push(event.message)),
      },
    );
    expect(said).toEqual([expect.stringMatching(OTHER)]);
  });

  it("but a manifest is damaged, the damage is what is said", async () => {
    const name = pathOf(a.manifest.digest);
    const bytes = (a.files[name] as Uint8Array).slice();
    bytes[10] = (bytes[10] ?? 0) ^ 1;
    const verdict = await verify({ ...both([{ ...partsOf(a), RepoTags: ["server:1.0"] }]), [name]: bytes });
    expect(verdict.sentence).toMatch(/^Not verified: manifest sha256:/);
    expect(verdict.sentence).not.toMatch(OTHER);
  });

  it("lists that are crafted to be compared for ever are broken off", async () => {
    const index = Array.from({ length: 1000 }, () => a.manifest);
    const list = Array.from({ length: 1000 }, () => ({ ...partsOf(b), RepoTags: [] }));
    await expect(problems(both(list, index))).rejects.toMatchObject({ code: "LIMIT_EXCEEDED" });
  });
});
