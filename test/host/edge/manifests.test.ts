import { beforeEach, describe, expect, test } from "vitest";
import { MAX_DOCUMENT_SIZE } from "../../../src/oci/json.ts";
import { MEDIA_TYPE } from "../../../src/oci/media-type.ts";
import { hash } from "../../contract/store.ts";
import { describe as describeContent, imageOf } from "../../unit/mirror/registry.ts";
import { codeOf, headersOf, registry } from "./registry.ts";

const NAME = "team/project/app";
const image = imageOf(describeContent("{}", MEDIA_TYPE.ociConfig), []);
const headers = { "Content-Type": MEDIA_TYPE.ociManifest };

describe("a manifest", () => {
  let it: Awaited<ReturnType<typeof registry>>;
  beforeEach(async () => {
    it = await registry({ sparse: true });
  });
  const put = (reference: string, bytes: Uint8Array = image.bytes) =>
    it.send("PUT", `/v2/${NAME}/manifests/${reference}`, { body: bytes as BodyInit, headers });
  const get = (reference: string, more: Record<string, string> = {}) =>
    it.send("GET", `/v2/${NAME}/manifests/${reference}`, { headers: more });

  test("is pushed by tag, and found by tag and digest with its type, length and digest", async () => {
    const response = await put("v1");
    expect(response.status).toBe(201);
    const location = `/v2/${NAME}/manifests/${image.digest}`;
    expect(headersOf(response, "Location", "Docker-Content-Digest")).toEqual([location, image.digest]);
    for (const reference of ["v1", image.digest]) {
      const found = await get(reference);
      expect(headersOf(found, "Content-Type", "Content-Length", "Docker-Content-Digest")).toEqual([
        MEDIA_TYPE.ociManifest,
        String(image.bytes.length),
        image.digest,
      ]);
      expect(new Uint8Array(await found.arrayBuffer())).toEqual(image.bytes);
      const head = await it.send("HEAD", `/v2/${NAME}/manifests/${reference}`);
      expect(head.status).toBe(200);
      expect(head.headers.get("Content-Length")).toBe(String(image.bytes.length));
      expect(await head.text()).toBe("");
    }
  });

  test("says which digest was asked for when that is sha512", async () => {
    const digest = hash(image.bytes, "sha512");
    expect((await put(digest)).headers.get("Docker-Content-Digest")).toBe(digest);
    expect((await get(digest)).headers.get("Docker-Content-Digest")).toBe(digest);
  });

  test("is pushed with several tags at once, each of them confirmed", async () => {
    const response = await put(`${image.digest}?tag=v1&tag=latest`);
    expect(response.headers.get("OCI-Tag")).toBe("v1, latest");
    for (const tag of ["v1", "latest"]) expect((await get(tag)).status).toBe(200);
    expect((await put(`${image.digest}?tag=bad%0d%0aX-Evil:1`)).status).toBe(400);
    const many = Array.from({ length: 101 }, (_, index) => `tag=t${index}`).join("&");
    expect((await put(`${image.digest}?${many}`)).status).toBe(400);
  });

  test("confirms its subject", async () => {
    const subject = describeContent("subject", MEDIA_TYPE.ociManifest);
    const { bytes, digest } = imageOf(describeContent("{}"), [], { subject });
    for (const reference of ["signed", digest]) {
      expect((await put(reference, bytes)).headers.get("OCI-Subject")).toBe(subject.digest);
    }
  });

  test("may be 4 MiB and no larger", async () => {
    const frame = imageOf(describeContent("{}"), [], { annotations: { fill: "" } }).bytes.length;
    const filled = (length: number) =>
      imageOf(describeContent("{}"), [], { annotations: { fill: "x".repeat(length - frame) } }).bytes;
    expect((await put("largest", filled(MAX_DOCUMENT_SIZE))).status).toBe(201);
    const response = await put("larger", filled(MAX_DOCUMENT_SIZE + 1));
    expect(response.status).toBe(413);
    expect(await codeOf(response)).toBe("SIZE_INVALID");
  });

  test("of another digest than its address is refused", async () => {
    const response = await put(hash(new Uint8Array()));
    expect(response.status).toBe(400);
    expect(await codeOf(response)).toBe("DIGEST_INVALID");
  });

  test("that names what is missing is refused where the mirror is not sparse", async () => {
    it = await registry();
    const response = await put("v1");
    expect(response.status).toBe(404);
    expect(await codeOf(response)).toBe("MANIFEST_BLOB_UNKNOWN");
  });

  test.each(["sha256:baddigeststring", ".hidden", "a".repeat(129)])(
    "has no reference %s",
    async (reference) => {
      expect((await put(reference)).status).toBe(400);
      expect((await get(reference)).status).toBe(400);
    },
  );

  test("is not sent again to who has it", async () => {
    await put("v1");
    const etag = (await get("v1")).headers.get("ETag") as string;
    const response = await get("v1", { "If-None-Match": etag });
    expect(response.status).toBe(304);
    expect(response.headers.get("Docker-Content-Digest")).toBe(image.digest);
  });

  test("is gone at once when it is deleted by digest, with its tags", async () => {
    await put("v1");
    expect((await it.send("DELETE", `/v2/${NAME}/manifests/${image.digest}`)).status).toBe(202);
    for (const reference of ["v1", image.digest]) {
      const response = await get(reference);
      expect(response.status).toBe(404);
      expect(await codeOf(response)).toBe("MANIFEST_UNKNOWN");
    }
  });

  test("stays when one of its tags is deleted", async () => {
    await put("v1");
    expect((await it.send("DELETE", `/v2/${NAME}/manifests/v1`)).status).toBe(202);
    expect((await get("v1")).status).toBe(404);
    expect((await get(image.digest)).status).toBe(200);
  });
});

describe("referrers", () => {
  test("are an image index, of everything or of one artifact type", async () => {
    const it = await registry({ sparse: true });
    const subject = describeContent("subject", MEDIA_TYPE.ociManifest);
    for (const artifactType of ["a/sbom", "a/signature"]) {
      const { bytes } = imageOf(describeContent("{}"), [], { subject, artifactType });
      await it.send("PUT", `/v2/a/manifests/${artifactType.slice(2)}`, { body: bytes as BodyInit, headers });
    }
    const list = async (query = "") => {
      const response = await it.send("GET", `/v2/a/referrers/${subject.digest}${query}`);
      expect(response.headers.get("Content-Type")).toBe(MEDIA_TYPE.ociIndex);
      const index = (await response.json()) as { manifests: { artifactType: string }[] };
      return { filtered: response.headers.get("OCI-Filters-Applied"), count: index.manifests.length };
    };
    expect(await list()).toEqual({ filtered: null, count: 2 });
    expect(await list("?artifactType=a%2Fsbom")).toEqual({ filtered: "artifactType", count: 1 });
  });

  test("of anything in an unknown repository are none", async () => {
    const it = await registry();
    const response = await it.send("GET", `/v2/no/such/referrers/${image.digest}`);
    expect(await response.json()).toEqual({
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.ociIndex,
      manifests: [],
    });
  });
});
