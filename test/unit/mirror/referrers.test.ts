import { expect, test } from "vitest";
import { EMPTY_JSON } from "../../../src/oci/descriptor.ts";
import { MEDIA_TYPE } from "../../../src/oci/media-type.ts";
import { describe as describeContent, imageOf, indexOf, memoryRegistry } from "./registry.ts";

const subject = describeContent("subject", MEDIA_TYPE.ociManifest);

test("nothing refers to what does not exist: an empty index, not an error", async () => {
  const { mirror } = await memoryRegistry();
  expect(await mirror.referrers.list("no/such", subject.digest)).toEqual({
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociIndex,
    manifests: [],
  });
});

test("a referrer is described with its artifact type, else its config's, and its annotations", async () => {
  const { mirror } = await memoryRegistry({ sparse: true });
  const annotations = { "org.example": "value" };
  const typed = imageOf(EMPTY_JSON, [], { subject, annotations, artifactType: "application/sbom" });
  const untyped = imageOf({ ...EMPTY_JSON, mediaType: "application/signature" }, [], { subject });
  const index = indexOf([], { subject, artifactType: "application/list" });
  const plainIndex = indexOf([], { subject });
  for (const { bytes, digest } of [typed, untyped, index, plainIndex]) {
    await mirror.manifests.put("a", { digest }, { bytes });
  }
  const expected = [
    { ...typed.descriptor, annotations, artifactType: "application/sbom" },
    { ...untyped.descriptor, artifactType: "application/signature" },
    { ...index.descriptor, artifactType: "application/list" },
    plainIndex.descriptor,
  ].sort((one, other) => (one.digest < other.digest ? -1 : 1));
  expect((await mirror.referrers.list("a", subject.digest)).manifests).toEqual(expected);
});

test("a filter leaves only referrers of that artifact type", async () => {
  const { mirror } = await memoryRegistry({ sparse: true });
  for (const artifactType of ["a/one", "a/two"]) {
    const { bytes, digest } = imageOf(EMPTY_JSON, [], { subject, artifactType });
    await mirror.manifests.put("a", { digest }, { bytes });
  }
  const types = async (type?: string) =>
    (await mirror.referrers.list("a", subject.digest, type)).manifests
      .map((found) => found.artifactType)
      .sort();
  expect(await types()).toEqual(["a/one", "a/two"]);
  expect(await types("a/two")).toEqual(["a/two"]);
  expect(await types("a/three")).toEqual([]);
});

test("a deleted referrer is listed no more", async () => {
  const { mirror } = await memoryRegistry({ sparse: true });
  const { bytes, digest } = imageOf(EMPTY_JSON, [], { subject });
  await mirror.manifests.put("a", { digest }, { bytes });
  await mirror.manifests.remove("a", { digest });
  expect((await mirror.referrers.list("a", subject.digest)).manifests).toEqual([]);
});
