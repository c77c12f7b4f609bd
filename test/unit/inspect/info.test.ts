import { expect, test } from "vitest";
import { imageInfo, imageInfos } from "../../../src/inspect/info.ts";
import { encodeJson } from "../../../src/oci/json.ts";
import { MEDIA_TYPE } from "../../../src/oci/media-type.ts";
import { archive, rawMember } from "../tar/raw.ts";
import { HOST, pathOf, TestLayout } from "./raw.ts";

const TAR = archive(rawMember({ name: "hello" }, "hi"));
const OTHER = archive(rawMember({ name: "other" }, "ho"));

test("an image is described from its manifest and config, its layers unread", async () => {
  const layout = new TestLayout();
  const config = {
    created: "2024-01-01T00:00:00Z",
    config: {
      Env: null,
      Labels: null,
      Entrypoint: ["/hello"],
      WorkingDir: "",
      ExposedPorts: { "80/tcp": {} },
      Volumes: { "/data": {} },
    },
    history: [{ created_by: "one" }, { created_by: "ENV x", empty_layer: true }, { created_by: "two" }],
  };
  const image = layout.image([TAR, OTHER], { config, manifest: { annotations: { a: "b" } } });
  const { layers } = JSON.parse(new TextDecoder().decode(layout.files.get(pathOf(image.digest))));
  const sizes = layers.map(({ size }: { size: number }) => size);
  for (const { digest } of layers) layout.files.delete(pathOf(digest));
  const info = await imageInfo(await layout.list(image).open(), {}, HOST);
  expect(info).toMatchObject({
    image: null,
    tag: "v1",
    schema_version: 2,
    media_type: MEDIA_TYPE.ociManifest,
    manifest_digest: image.digest,
    layer_count: 2,
    total_compressed_size: sizes[0] + sizes[1],
    architecture: "amd64",
    os: "linux",
    variant: null,
    created: "2024-01-01T00:00:00Z",
    history_count: 3,
    empty_layer_count: 1,
    labels: {},
    env: [],
    entrypoint: ["/hello"],
    cmd: null,
    working_dir: null,
    exposed_ports: ["80/tcp"],
    volumes: ["/data"],
    annotations: { a: "b" },
    referrers: { count: 0, types: {} },
  });
  expect(info.layers.map(({ index, compression, created_by }) => [index, compression, created_by])).toEqual([
    [0, "gzip", "one"],
    [1, "gzip", "two"],
  ]);
});

test("an image of an index is described with the index, and all of them in its order", async () => {
  const layout = new TestLayout();
  const platforms = ["amd64", "arm64"].map((architecture) => ({ os: "linux", architecture }));
  const manifests = platforms.map((platform) => ({ ...layout.image([TAR], { platform }), platform }));
  const attestation = { ...layout.image([]), platform: { os: "unknown", architecture: "unknown" } };
  const index = layout.index([...manifests, attestation]);
  const raw = await layout.list(index).open();
  const info = await imageInfo(raw, { platform: platforms[1] }, HOST);
  expect([info.architecture, info.manifest_digest]).toEqual(["arm64", manifests[1]?.digest]);
  expect(info.index?.digest).toBe(index.digest);
  expect(info.index?.manifests.map(({ platform }) => platform)).toEqual(["linux/amd64", "linux/arm64", null]);
  expect((await imageInfos(raw, HOST)).map(({ architecture }) => architecture)).toEqual(["amd64", "arm64"]);
  await expect(
    imageInfo(raw, { platform: { os: "windows", architecture: "amd64" } }, HOST),
  ).rejects.toMatchObject({ code: "PLATFORM_NOT_FOUND" });
});

test("what is attached is counted by its type", async () => {
  const layout = new TestLayout();
  const subject = layout.image([TAR]);
  const attach = (artifactType: string, annotation: string) => {
    const manifest = encodeJson({
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.ociManifest,
      artifactType,
      config: subject,
      layers: [],
      subject,
      annotations: { annotation },
    });
    return { ...layout.add(manifest, MEDIA_TYPE.ociManifest), artifactType };
  };
  layout.list(subject, attach("a/sbom", "1"), attach("a/sig", "1"), attach("a/sig", "2"));
  const { referrers } = await imageInfo(await layout.open(), {}, HOST);
  expect(referrers).toEqual({ count: 3, types: { "a/sbom": 1, "a/sig": 2 } });
});
