import { describe, expect, it } from "vitest";
import { digestOf } from "../../../src/bytes/content.ts";
import { EMPTY_JSON } from "../../../src/oci/descriptor.ts";
import type { Digest } from "../../../src/oci/digest.ts";
import { encodeJson } from "../../../src/oci/json.ts";
import { MEDIA_TYPE } from "../../../src/oci/media-type.ts";
import { openRepository } from "../../../src/registry/repository.ts";
import { json, type ScriptedAnswer, type Sent, scripted, serve, testHost } from "./support.ts";

const { kernels } = testHost();
const manifest = encodeJson({
  schemaVersion: 2,
  mediaType: MEDIA_TYPE.ociManifest,
  config: EMPTY_JSON,
  layers: [],
});
const digest = digestOf(kernels, manifest);
const other = `sha256:${"0".repeat(64)}` as Digest;

function served(bytes: Uint8Array, headers: Record<string, string> = {}): Response {
  return new Response(bytes as Uint8Array<ArrayBuffer>, {
    headers: { "content-type": MEDIA_TYPE.ociManifest, ...headers },
  });
}

function repositoryWith(...answers: ScriptedAnswer[]) {
  const script = scripted(...answers);
  const host = testHost({ fetch: script.fetch });
  return {
    ...script,
    host,
    repository: openRepository(host, { registry: "r.example.com", repository: "a" }),
  };
}

describe("a manifest's pull", () => {
  it("accepts images and indexes of both families, and gives the exact bytes", async () => {
    const { repository, sent } = repositoryWith(served(manifest));
    expect(await repository.manifest("1")).toEqual({
      descriptor: { mediaType: MEDIA_TYPE.ociManifest, digest, size: manifest.length },
      bytes: manifest,
    });
    expect(sent[0]?.url).toBe("https://r.example.com/v2/a/manifests/1");
    expect(sent[0]?.headers.get("accept")).toBe(
      [
        MEDIA_TYPE.ociManifest,
        MEDIA_TYPE.ociIndex,
        MEDIA_TYPE.dockerManifest,
        MEDIA_TYPE.dockerManifestList,
      ].join(", "),
    );
  });

  it.each([
    ["by a digest that is not the bytes'", other, {}],
    ["with a Docker-Content-Digest that is not the bytes'", "1", { "docker-content-digest": other }],
  ])("%s fails with DIGEST_MISMATCH", async (_, target, headers) => {
    const { repository } = repositoryWith(served(manifest, headers));
    await expect(repository.manifest(target)).rejects.toMatchObject({ code: "DIGEST_MISMATCH", exitCode: 3 });
  });

  it("by sha512 is checked with sha512, whatever algorithm the registry states", async () => {
    const long = digestOf(kernels, manifest, "sha512");
    const { repository } = repositoryWith(served(manifest, { "docker-content-digest": digest }));
    expect((await repository.manifest(long)).descriptor.digest).toBe(long);
  });

  it("of more than 4 MiB is stopped", async () => {
    const { repository } = repositoryWith(served(new Uint8Array(4 * 1024 * 1024 + 1)));
    await expect(repository.manifest("1")).rejects.toMatchObject({ code: "LIMIT_EXCEEDED" });
  });

  it("that breaks off is made again", async () => {
    let requests = 0;
    const registry = await serve((_request, response) => {
      requests += 1;
      response.writeHead(200, { "content-type": MEDIA_TYPE.ociManifest, "content-length": manifest.length });
      if (requests > 1) response.end(manifest);
      else response.write(manifest.subarray(0, 20), () => setTimeout(() => response.destroy(), 5));
    });
    const repository = openRepository(testHost(), { registry, repository: "a" });
    expect((await repository.manifest("1")).bytes).toEqual(manifest);
  });

  it("of an unknown tag fails with MANIFEST_UNKNOWN, and of an unknown repository with NAME_UNKNOWN", async () => {
    const unknownName = json({ errors: [{ code: "NAME_UNKNOWN" }] }, { status: 404 });
    const { repository } = repositoryWith(new Response("", { status: 404 }), unknownName);
    await expect(repository.manifest("1")).rejects.toMatchObject({ code: "MANIFEST_UNKNOWN", exitCode: 5 });
    await expect(repository.manifest("1")).rejects.toMatchObject({ code: "NAME_UNKNOWN" });
  });

  it("refuses a document served as one type that says it is another", async () => {
    const { repository } = repositoryWith(served(manifest, { "content-type": MEDIA_TYPE.ociIndex }));
    await expect(repository.manifest("1")).rejects.toMatchObject({ code: "MANIFEST_INVALID" });
  });

  it.each([
    [{ schemaVersion: 2, mediaType: MEDIA_TYPE.dockerManifest, config: {} }, MEDIA_TYPE.dockerManifest],
    [{ schemaVersion: 2, manifests: [] }, MEDIA_TYPE.ociIndex],
    [{ schemaVersion: 2, config: {} }, MEDIA_TYPE.ociManifest],
  ])("finds the type in the document where the header says nothing: %j", async (document, mediaType) => {
    const { repository } = repositoryWith(
      served(encodeJson(document), { "content-type": "text/plain; charset=utf-8" }),
    );
    expect((await repository.manifest("1")).descriptor.mediaType).toBe(mediaType);
  });

  it("says that schema 1 is not supported", async () => {
    const { repository } = repositoryWith(
      served(encodeJson({ schemaVersion: 1 }), {
        "content-type": "application/vnd.docker.distribution.manifest.v1+prettyjws",
      }),
    );
    await expect(repository.manifest("1")).rejects.toMatchObject({ code: "UNSUPPORTED" });
  });

  it("takes no target that would be a path", async () => {
    const { repository, sent } = repositoryWith();
    await expect(
      repository.manifest("../../catalog").catch((error: unknown) => error),
    ).resolves.toBeInstanceOf(Error);
    expect(sent).toEqual([]);
  });
});

describe("resolving a tag", () => {
  const head = (headers: Record<string, string>) =>
    new Response(null, {
      headers: { "content-type": MEDIA_TYPE.ociManifest, "content-length": "123", ...headers },
    });

  it("takes one HEAD", async () => {
    const { repository, sent } = repositoryWith(head({ "docker-content-digest": other }));
    expect(await repository.resolve("1")).toEqual({
      mediaType: MEDIA_TYPE.ociManifest,
      digest: other,
      size: 123,
    });
    expect(sent.map(({ method }) => method)).toEqual(["HEAD"]);
  });

  it.each([
    ["has no digest", head({})],
    ["has a broken digest", head({ "docker-content-digest": "sha256:x" })],
    ["has no useful type", head({ "docker-content-digest": other, "content-type": "text/html" })],
    ["is not allowed", new Response(null, { status: 405 })],
  ])("falls back to GET where HEAD %s", async (_, answer) => {
    const { repository, sent } = repositoryWith(answer, served(manifest));
    expect((await repository.resolve("1")).digest).toBe(digest);
    expect(sent.map(({ method }) => method)).toEqual(["HEAD", "GET"]);
  });

  it("that is a digest never gives another", async () => {
    const { repository } = repositoryWith(head({ "docker-content-digest": other }));
    await expect(repository.resolve(digest)).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
  });

  it("that is unknown fails with MANIFEST_UNKNOWN", async () => {
    const { repository } = repositoryWith(new Response(null, { status: 404 }));
    await expect(repository.resolve("1")).rejects.toMatchObject({ code: "MANIFEST_UNKNOWN" });
  });
});

describe("a manifest's push", () => {
  const created = (headers: Record<string, string> = {}) => new Response(null, { status: 201, headers });

  it("sends the exact bytes under their type", async () => {
    const { repository, sent } = repositoryWith(created({ "docker-content-digest": digest }));
    expect(await repository.pushManifest("1", manifest, MEDIA_TYPE.ociManifest)).toEqual({
      mediaType: MEDIA_TYPE.ociManifest,
      digest,
      size: manifest.length,
    });
    const [request] = sent as [Sent];
    expect([request.method, request.body, request.headers.get("content-type")]).toEqual([
      "PUT",
      new TextDecoder().decode(manifest),
      MEDIA_TYPE.ociManifest,
    ]);
  });

  it("fails with DIGEST_MISMATCH if the registry has other bytes than it was sent", async () => {
    const { repository } = repositoryWith(created({ "docker-content-digest": other }));
    await expect(repository.pushManifest("1", manifest, MEDIA_TYPE.ociManifest)).rejects.toMatchObject({
      code: "DIGEST_MISMATCH",
    });
  });

  it("under a digest that is not theirs sends nothing", async () => {
    const { repository, sent } = repositoryWith();
    await expect(repository.pushManifest(other, manifest, MEDIA_TYPE.ociManifest)).rejects.toMatchObject({
      code: "DIGEST_MISMATCH",
    });
    expect(sent).toEqual([]);
  });

  it("that lacks a blob fails with MANIFEST_BLOB_UNKNOWN", async () => {
    const { repository } = repositoryWith(
      json({ errors: [{ code: "MANIFEST_BLOB_UNKNOWN" }] }, { status: 400 }),
    );
    await expect(repository.pushManifest("1", manifest, MEDIA_TYPE.ociManifest)).rejects.toMatchObject({
      code: "MANIFEST_BLOB_UNKNOWN",
    });
  });
});
