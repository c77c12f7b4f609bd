import { describe, expect, it } from "vitest";
import { buildBundle } from "../../../src/bundle/build.ts";
import { bundleInfo } from "../../../src/bundle/info.ts";
import { openBundleFile } from "../../../src/bundle/open-file.ts";
import { pullBundle } from "../../../src/bundle/pull.ts";
import { signBundle } from "../../../src/bundle/sign.ts";
import { bytesSlices } from "../../../src/bytes/slices.ts";
import { streamOf } from "../../../src/bytes/stream.ts";
import { parseReference } from "../../../src/oci/reference.ts";
import { openRepository } from "../../../src/registry/repository.ts";
import { readTar } from "../../../src/tar/read.ts";
import { REGISTRY } from "../../memory-host.ts";
import {
  builtBundle,
  bytesOf,
  FILES,
  hostWithImage,
  KEY,
  OTHER_KEY,
  pushed,
  repository,
  signedBundle,
} from "./fixture.ts";

describe("building", () => {
  it("gives the same bytes twice, in whatever order the folder lists its files", async () => {
    const first = await builtBundle();
    const reversed = await hostWithImage(Object.fromEntries(Object.entries(FILES).reverse()));
    const second = await buildBundle("app/app.sealift.yml", reversed);
    expect(await bytesOf(second, reversed)).toEqual(first.bytes);
  });

  it("orders the file so that everything but payload comes first", async () => {
    const { bytes, host, bundle } = await signedBundle();
    const names: string[] = [];
    for await (const entry of readTar(streamOf(bytes), host.kernels)) names.push(entry.name);
    expect(names.slice(0, 3)).toEqual(["oci-layout", "index.json", "manifest.json"]);
    const hexOf = (name: string | undefined) => name?.split("/").pop();
    expect(hexOf(names[3])).toBe(bundle.plan.root.digest.slice(7));
    expect(hexOf(names[4])).toBe(bundle.plan.referrers[0]?.digest.slice(7));
    const documents = [...bundle.plan.documents.keys()].map((digest) =>
      names.indexOf(`blobs/sha256/${digest.slice(7)}`),
    );
    expect(Math.max(...documents)).toBeLessThan(names.length - 8);
    expect(new Set(names).size).toBe(names.length);
  });

  it("keeps the image's own manifest, and so its digest", async () => {
    const { bundle, host } = await builtBundle();
    const upstream = await openRepository(host, parseReference(`${REGISTRY}/team/server`)).resolve("1.0");
    expect(bundle.config.artifacts[0]).toMatchObject({
      name: "server",
      digest: upstream.digest,
      type: "image",
    });
  });

  it("takes YAML's scalars as they are written", async () => {
    const { bundle } = await builtBundle();
    expect(bundle.config.version).toBe("1.10");
  });

  it("names a single file by its target, and a folder's files below it", async () => {
    const { bundle } = await builtBundle();
    const paths = bundle.config.artifacts.flatMap((artifact) =>
      artifact.type === "files" ? artifact.files.map(({ path }) => path) : [],
    );
    expect(paths).toEqual(["docs/deep/empty.md", "docs/deep/more.md", "docs/index.md", "LICENSE.txt"]);
  });

  it.each([
    [
      "an undefined variable",
      { "app/app.sealift.yml": FILES["app/app.sealift.yml"].replace("variables.tag", "variables.gat") },
      "DEFINITION_INVALID",
    ],
    [
      "a target outside the folder",
      { "app/app.sealift.yml": FILES["app/app.sealift.yml"].replace("LICENSE.txt", "../LICENSE.txt") },
      "UNSAFE_PATH",
    ],
    [
      "an absolute target",
      { "app/app.sealift.yml": FILES["app/app.sealift.yml"].replace("LICENSE.txt", "/etc/passwd") },
      "UNSAFE_PATH",
    ],
    [
      "two artifacts of one name",
      { "app/app.sealift.yml": FILES["app/app.sealift.yml"].replace("name: licence", "name: docs") },
      "DEFINITION_INVALID",
    ],
    [
      "two artifacts at one place",
      { "app/app.sealift.yml": FILES["app/app.sealift.yml"].replace("LICENSE.txt", "docs/index.md") },
      "DEFINITION_INVALID",
    ],
    [
      "a file below another artifact's file",
      {
        "app/app.sealift.yml": FILES["app/app.sealift.yml"].replace(
          "LICENSE.txt",
          "images/server.tar/LICENSE",
        ),
      },
      "DEFINITION_INVALID",
    ],
    [
      "an origin that is not there",
      { "app/app.sealift.yml": FILES["app/app.sealift.yml"].replace("./LICENSE", "./LICENCE") },
      "NOT_FOUND",
    ],
    [
      "an image that is not there",
      { "app/app.sealift.yml": FILES["app/app.sealift.yml"].replace('tag: "1.0"', 'tag: "2.0"') },
      "MANIFEST_UNKNOWN",
    ],
    [
      "an unknown scheme",
      { "app/app.sealift.yml": FILES["app/app.sealift.yml"].replace("local://./LICENSE", "ftp://x/LICENSE") },
      "DEFINITION_INVALID",
    ],
    [
      "an unknown field",
      {
        "app/app.sealift.yml": FILES["app/app.sealift.yml"].replace(
          "target: docs/",
          "target: docs/\n    tagret: x",
        ),
      },
      "DEFINITION_INVALID",
    ],
    [
      "another apiVersion",
      { "app/app.sealift.yml": FILES["app/app.sealift.yml"].replace("sealift.dev/v1", "sealift.dev/v9") },
      "DEFINITION_INVALID",
    ],
    ["broken YAML", { "app/app.sealift.yml": "metadata: [" }, "DEFINITION_INVALID"],
  ])("refuses %s", async (_, change, code) => {
    const host = await hostWithImage({ ...FILES, ...change });
    await expect(buildBundle("app/app.sealift.yml", host)).rejects.toMatchObject({ code });
  });

  it("reads Pakto's manifests unchanged", async () => {
    const host = await hostWithImage({
      "p.pakto.yml": `
apiVersion: pakto.warrical.com/v1alpha1
kind: Manifest
metadata: { name: my-application, version: 2.1.0, description: d, category: application }
variables: { app_version: 2.1.0 }
entrypoint: { script: ./run.sh, mode: "0755" }
artifacts:
  - { name: "conf-{{variables.app_version}}", origin: "local://./conf/", target: ./conf/ }
`,
      "run.sh": "#!/bin/sh\n",
      "conf/a.ini": "a=1\n",
    });
    const bundle = await buildBundle("p.pakto.yml", host);
    expect(bundle.config).toMatchObject({
      name: "my-application",
      version: "2.1.0",
      category: "application",
    });
    expect(bundle.config.artifacts[0]?.name).toBe("conf-2.1.0");
  });

  it("packs more files than registries take layers as one tar", async () => {
    const many = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`d/f${i}`, `${i}`]));
    const definition = `
apiVersion: sealift.dev/v1
kind: Manifest
metadata: { name: many }
artifacts: [{ name: d, origin: "local://./d", target: d/ }]
`;
    const host = await hostWithImage({ ...many, "m.sealift.yml": definition });
    const bundle = await buildBundle("m.sealift.yml", host);
    expect(bundle.config.artifacts[0]).toMatchObject({ type: "tree" });
  });
});

describe("signing", () => {
  it("keeps the root and gives the same file each time", async () => {
    const { bundle, host, bytes } = await signedBundle();
    const again = await signBundle(bundle, KEY, host);
    expect(await bytesOf(again, host)).toEqual(bytes);
    expect(bundle.plan.root).toEqual((await builtBundle()).bundle.plan.root);
  });

  it("adds a second key's signature to the first", async () => {
    const { bundle, host } = await signedBundle();
    expect((await signBundle(bundle, OTHER_KEY, host)).plan.referrers).toHaveLength(2);
  });
});

describe("a registry", () => {
  it("gives back byte for byte what was pushed", async () => {
    const fixture = await signedBundle();
    const target = await pushed(fixture);
    const pulled = await pullBundle(target, "1", fixture.host);
    expect(await bytesOf(pulled, fixture.host)).toEqual(fixture.bytes);
  });

  it("keeps referrers that were attached later out of the file", async () => {
    const fixture = await signedBundle();
    const target = await pushed(fixture);
    const { digest, size, mediaType } = fixture.bundle.plan.root;
    const later = {
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      artifactType: "application/vnd.example.scan",
      config: {
        mediaType: "application/vnd.oci.empty.v1+json",
        digest: "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
        size: 2,
      },
      layers: [],
      subject: { digest, size, mediaType },
    };
    const bytes = new TextEncoder().encode(JSON.stringify(later));
    const { contentOf } = await import("../../../src/bytes/content.ts");
    await target.pushManifest(contentOf(fixture.host.kernels, bytes).digest, bytes, later.mediaType);
    expect(await target.referrers(digest)).toHaveLength(2);
    expect(await bytesOf(await pullBundle(target, "1", fixture.host), fixture.host)).toEqual(fixture.bytes);
  });
});

describe("pulling", () => {
  it("refuses what is no bundle", async () => {
    const { host } = await builtBundle();
    await expect(pullBundle(repository(host, "team/server"), "1.0", host)).rejects.toMatchObject({
      code: "BUNDLE_INVALID",
    });
  });
});

describe("a bundle's file", () => {
  it("says what it holds from its head", async () => {
    const { bytes, host, bundle } = await signedBundle();
    const info = bundleInfo(await openBundleFile(bytesSlices(bytes), host));
    expect(info).toMatchObject({ name: "app", version: "1.10", root: bundle.plan.root });
    expect(info.artifacts.map(({ name, type }) => [name, type])).toEqual([
      ["server", "image"],
      ["docs", "files"],
      ["licence", "files"],
    ]);
    expect(info.referrers).toHaveLength(1);
  });

  it.each([
    ["nothing", new Uint8Array()],
    ["text", new TextEncoder().encode("hello")],
    ["zeros", new Uint8Array(10_240)],
  ])("is not %s", async (_, bytes) => {
    const { host } = await builtBundle();
    await expect(openBundleFile(bytesSlices(bytes), host)).rejects.toMatchObject({ code: "BUNDLE_INVALID" });
  });
});
