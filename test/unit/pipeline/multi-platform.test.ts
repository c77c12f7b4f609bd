import { describe, expect, it } from "vitest";
import { contentOf } from "../../../src/bytes/content.ts";
import { collect } from "../../../src/bytes/stream.ts";
import type { Descriptor } from "../../../src/oci/descriptor.ts";
import { parseImageIndex } from "../../../src/oci/image-index.ts";
import { encodeJson } from "../../../src/oci/json.ts";
import { parseManifest } from "../../../src/oci/manifest.ts";
import { MEDIA_TYPE } from "../../../src/oci/media-type.ts";
import { CORE_SCHEMES } from "../../../src/pipeline/core-schemes.ts";
import { parseFilter } from "../../../src/pipeline/filters.ts";
import { runPipeline } from "../../../src/pipeline/pipeline.ts";
import { openRepository, type Repository } from "../../../src/registry/repository.ts";
import { testImage } from "../../images.ts";
import { type MemoryHost, memoryHost, REGISTRY } from "../../memory-host.ts";

const SOURCE = `registry://${REGISTRY}/team/app:1`;

interface Published {
  readonly host: MemoryHost;
  readonly root: Descriptor;
  readonly amd64: Descriptor;
  readonly signature: Descriptor;
}

/** An index with two platforms and BuildKit's attestation of the first, signed twice: by referrer, and by cosign's tag. */
async function published(): Promise<Published> {
  const host = await memoryHost();
  const repository = repositoryOf(host, "team/app");
  const amd64 = await push(host, repository, "amd64");
  const arm64 = await push(host, repository, "arm64");
  const attestation = await pushArtifact(host, repository, { config: MEDIA_TYPE.ociConfig });
  const index = encodeJson({
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociIndex,
    manifests: [
      { ...amd64, platform: { os: "linux", architecture: "amd64" } },
      { ...arm64, platform: { os: "linux", architecture: "arm64" } },
      {
        ...attestation,
        platform: { os: "unknown", architecture: "unknown" },
        annotations: {
          "vnd.docker.reference.digest": amd64.digest,
          "vnd.docker.reference.type": "attestation-manifest",
        },
      },
    ],
    annotations: { "org.example.kept": "yes" },
  });
  const root = await repository.pushManifest("1", index, MEDIA_TYPE.ociIndex);
  const signature = await pushArtifact(host, repository, {
    config: "application/vnd.x.signature",
    subject: root,
  });
  const tag = `${root.digest.replace(":", "-")}.sig`;
  await pushArtifact(host, repository, { config: MEDIA_TYPE.ociConfig, tag });
  return { host, root, amd64, signature };
}

function repositoryOf(host: MemoryHost, repository: string): Repository {
  return openRepository(host, { registry: REGISTRY, repository });
}

async function push(host: MemoryHost, repository: Repository, architecture: string): Promise<Descriptor> {
  const { image, blobs, manifest } = await testImage([[{ name: architecture }], [{ name: "shared" }]], host);
  for (const [digest, bytes] of blobs) {
    if (digest !== manifest.digest) await repository.pushBlob(contentOf(host.kernels, bytes));
  }
  const { bytes } = await image.manifest();
  return repository.pushManifest(manifest.digest, bytes, manifest.mediaType);
}

interface ArtifactSpec {
  readonly config: string;
  readonly subject?: Descriptor;
  readonly tag?: string;
}

async function pushArtifact(
  host: MemoryHost,
  repository: Repository,
  { config, subject, tag }: ArtifactSpec,
): Promise<Descriptor> {
  const blob = contentOf(host.kernels, new TextEncoder().encode(`{"for":"${tag ?? subject?.digest ?? ""}"}`));
  await repository.pushBlob(blob);
  const { digest, size } = blob;
  const bytes = encodeJson({
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociManifest,
    config: { mediaType: config, digest, size },
    layers: [{ mediaType: "application/vnd.in-toto+json", digest, size }],
    ...(subject && { subject }),
  });
  return repository.pushManifest(tag ?? contentOf(host.kernels, bytes).digest, bytes, MEDIA_TYPE.ociManifest);
}

const everything = { platform: undefined, allPlatforms: true, referrers: true };
const run = (
  host: MemoryHost,
  source: string,
  sink: string,
  filters: readonly string[] = [],
  options = everything,
) =>
  runPipeline(
    { source, sink, filters: filters.map((spec) => parseFilter(spec)) },
    CORE_SCHEMES,
    host,
    options,
  );

describe("an image for several platforms", () => {
  it.each(["oci-layout://x", "oci-archive://x.tar", `registry://${REGISTRY}/other:2`])(
    "arrives whole through %s: index, platforms, attestation, signatures",
    async (through) => {
      const { host, root, signature } = await published();
      await run(host, SOURCE, through);
      const { manifest, layers } = await run(host, through, `registry://${REGISTRY}/back:3`);
      expect(manifest?.digest).toBe(root.digest);
      expect(layers).toHaveLength(4);
      const back = repositoryOf(host, "back");
      const index = parseImageIndex((await back.manifest("3")).bytes);
      for (const { digest } of index.manifests) {
        const { config, layers: blobs } = parseManifest((await back.manifest(digest)).bytes);
        for (const blob of [config, ...blobs]) expect(await back.hasBlob(blob)).toBe(true);
      }
      expect((await back.referrers(root.digest)).map(({ digest }) => digest)).toEqual([signature.digest]);
      expect(await back.tags()).toEqual(["3", `${root.digest.replace(":", "-")}.sig`]);
    },
  );

  it("goes without what is attached where nobody asks for it", async () => {
    const { host, root } = await published();
    await run(host, SOURCE, `registry://${REGISTRY}/bare:1`, [], { ...everything, referrers: false });
    expect(await repositoryOf(host, "bare").referrers(root.digest)).toEqual([]);
  });

  it("is filtered on every platform; what was said of the old digests stays behind, with a warning", async () => {
    const { host, root, amd64 } = await published();
    const { manifest } = await run(host, SOURCE, `registry://${REGISTRY}/new:1`, ["normalize-timestamps"]);
    expect(manifest?.digest).not.toBe(root.digest);
    const index = parseImageIndex((await repositoryOf(host, "new").manifest("1")).bytes);
    expect(index.manifests.map(({ platform }) => platform?.architecture)).toEqual(["amd64", "arm64"]);
    expect(index.annotations).toEqual({ "org.example.kept": "yes" });
    expect(index.manifests.map(({ digest }) => digest)).not.toContain(amd64.digest);
    expect(await repositoryOf(host, "new").tags()).toEqual(["1"]);
    const warnings = host.events.flatMap((event) => (event.type === "warning" ? [event.message] : []));
    expect(warnings).toEqual([
      "Left out 1 attestations of images that a filter changed",
      expect.stringContaining(`Left behind 2 attached to ${root.digest}`),
    ]);
  });

  it("keeps its digest where the filter finds nothing to change", async () => {
    const { host } = await published();
    const once = await run(host, SOURCE, `registry://${REGISTRY}/once:1`, ["normalize-timestamps"]);
    const twice = await run(host, `registry://${REGISTRY}/once:1`, "oci-layout://y", [
      "normalize-timestamps",
    ]);
    expect(twice.manifest?.digest).toBe(once.manifest?.digest);
  });

  it("is refused by what holds one platform, and nothing is written", async () => {
    const { host } = await published();
    await expect(run(host, SOURCE, "tar://x.tar")).rejects.toMatchObject({ code: "UNSUPPORTED" });
    expect(host.files.files.has("x.tar")).toBe(false);
  });

  it("mounts its blobs from another repository of the same registry", async () => {
    const { host } = await published();
    const { layers } = await run(host, SOURCE, `registry://${REGISTRY}/mounted:1`);
    expect(layers.map(({ outcome }) => outcome)).toEqual(["mounted", "mounted", "mounted", "exists"]);
  });
});

it("an artifact that is no image is copied as it is", async () => {
  const { host, signature } = await published();
  const { manifest, layers } = await run(
    host,
    `registry://${REGISTRY}/team/app@${signature.digest}`,
    `registry://${REGISTRY}/signatures:1`,
  );
  expect(manifest?.digest).toBe(signature.digest);
  expect(layers).toEqual([]);
  const { bytes } = await repositoryOf(host, "signatures").manifest("1");
  const [layer] = parseManifest(bytes).layers;
  if (!layer) throw new Error("the artifact has no layer");
  expect(await collect(await repositoryOf(host, "signatures").openBlob(layer), 100)).toHaveLength(layer.size);
});
