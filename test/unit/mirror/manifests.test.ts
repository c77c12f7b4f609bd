import { beforeEach, describe, expect, test } from "vitest";
import type { Mirror } from "../../../src/mirror/mirror.ts";
import type { Descriptor } from "../../../src/oci/descriptor.ts";
import type { Digest } from "../../../src/oci/digest.ts";
import { MEDIA_TYPE } from "../../../src/oci/media-type.ts";
import type { Store } from "../../../src/store/store.ts";
import { bytesOf, hash } from "../../contract/store.ts";
import { describe as describeContent, imageOf, indexOf, memoryRegistry, pushBlob } from "./registry.ts";

const REPOSITORY = "team/app";

describe("a manifest is taken", () => {
  let mirror: Mirror;
  let store: Store;
  let config: Descriptor;
  let layer: Descriptor;
  beforeEach(async () => {
    ({ mirror, store } = await memoryRegistry());
    config = await pushBlob(mirror, REPOSITORY, "{}", MEDIA_TYPE.ociConfig);
    layer = await pushBlob(mirror, REPOSITORY, "layer");
  });
  const put = (bytes: Uint8Array, contentType?: string, reference: { tag: string } = { tag: "v1" }) =>
    mirror.manifests.put(REPOSITORY, reference, { bytes, contentType });

  test("by tag, and is found by tag and by digest as it was pushed", async () => {
    const image = imageOf(config, [layer], { unknown: { field: [1, 2] } });
    expect(await put(image.bytes, MEDIA_TYPE.ociManifest)).toEqual({ digest: image.digest });
    const expected = { digest: image.digest, mediaType: MEDIA_TYPE.ociManifest, bytes: image.bytes };
    expect(await mirror.manifests.get(REPOSITORY, { tag: "v1" })).toEqual(expected);
    expect(await mirror.manifests.get(REPOSITORY, { digest: image.digest })).toEqual(expected);
  });

  test("by digest with several tags at once", async () => {
    const { bytes, digest } = imageOf(config, [layer]);
    await mirror.manifests.put(REPOSITORY, { digest }, { bytes, tags: ["b", "a"] });
    expect(await mirror.tags.list(REPOSITORY)).toEqual({ names: ["a", "b"], more: false });
  });

  test("by its sha512 digest, and found by that", async () => {
    const { bytes } = imageOf(config, [layer]);
    const digest = hash(bytes, "sha512");
    expect((await mirror.manifests.put(REPOSITORY, { digest }, { bytes })).digest).toBe(digest);
    expect((await mirror.manifests.get(REPOSITORY, { digest })).bytes).toEqual(bytes);
  });

  test("with its own mediaType where the client names none, and parameters cut off where it does", async () => {
    const { bytes } = imageOf(config, [layer]);
    await put(bytes, undefined);
    expect((await mirror.manifests.get(REPOSITORY, { tag: "v1" })).mediaType).toBe(MEDIA_TYPE.ociManifest);
    await put(bytes, `${MEDIA_TYPE.ociManifest}; charset=utf-8`);
    expect((await mirror.manifests.get(REPOSITORY, { tag: "v1" })).mediaType).toBe(MEDIA_TYPE.ociManifest);
  });

  test("with the client's media type where it has none itself", async () => {
    const { bytes } = imageOf(config, [layer], { mediaType: undefined });
    await put(bytes, MEDIA_TYPE.dockerManifest);
    expect((await mirror.manifests.get(REPOSITORY, { tag: "v1" })).mediaType).toBe(MEDIA_TYPE.dockerManifest);
  });

  test("without layers, and with a subject that does not exist", async () => {
    const subject = describeContent("nowhere", MEDIA_TYPE.ociManifest);
    const { bytes, digest } = imageOf(config, [], { subject });
    expect(await put(bytes)).toEqual({ digest, subject: subject.digest });
  });

  test("though it names layers that may not be distributed", async () => {
    const foreign = describeContent("x", "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip");
    const docker = describeContent("y", "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip");
    await expect(put(imageOf(config, [layer, foreign, docker]).bytes)).resolves.toBeDefined();
  });

  test("as an index of manifests, of blobs, or of nothing", async () => {
    const image = imageOf(config, [layer]);
    await put(image.bytes);
    await expect(put(indexOf([image.descriptor, layer]).bytes)).resolves.toBeDefined();
    await expect(put(indexOf([]).bytes)).resolves.toBeDefined();
  });

  test("again after a delete by digest came between it and its tag", async () => {
    const { bytes, digest } = imageOf(config, [layer]);
    const { compareAndSwap } = store.tags;
    store.tags.compareAndSwap = async (...parameters) => {
      await store.manifests.remove(REPOSITORY, digest);
      return compareAndSwap.apply(store.tags, parameters);
    };
    await put(bytes);
    expect((await mirror.manifests.get(REPOSITORY, { tag: "v1" })).digest).toBe(digest);
  });

  describe("not", () => {
    test("if its digest is not the one it is pushed under", async () => {
      const { bytes } = imageOf(config, [layer]);
      const digest = hash(bytesOf("other"));
      await expect(mirror.manifests.put(REPOSITORY, { digest }, { bytes })).rejects.toMatchObject({
        code: "DIGEST_MISMATCH",
      });
      await expect(mirror.manifests.get(REPOSITORY, { digest })).rejects.toMatchObject({
        code: "MANIFEST_UNKNOWN",
      });
    });

    test("if a blob or manifest it names is missing, and the message names that", async () => {
      const missing = describeContent("missing");
      for (const { bytes } of [imageOf(config, [layer, missing]), imageOf(missing, [])]) {
        await expect(put(bytes)).rejects.toMatchObject({
          code: "MANIFEST_BLOB_UNKNOWN",
          message: expect.stringContaining(missing.digest),
        });
      }
      const child = imageOf(config, []).descriptor;
      await expect(put(indexOf([child]).bytes)).rejects.toMatchObject({ code: "MANIFEST_BLOB_UNKNOWN" });
      await expect(mirror.tags.list(REPOSITORY)).resolves.toEqual({ names: [], more: false });
    });

    test("if what it names has another size than it says, even if it names it rightly too", async () => {
      const { descriptor, bytes } = imageOf(config, [layer]);
      await put(bytes);
      const longer = { ...layer, size: layer.size + 1 };
      const wrong = [
        imageOf({ ...config, size: 0 }, [layer]),
        imageOf(config, [longer]),
        imageOf(config, [longer, layer]),
        indexOf([{ ...descriptor, size: descriptor.size - 1 }]),
      ];
      for (const { bytes } of wrong) {
        await expect(put(bytes)).rejects.toMatchObject({
          code: "SIZE_MISMATCH",
          message: expect.stringMatching(/^Cannot store manifest .*: it says that sha256:/),
        });
      }
    });

    test("if what it names is only in another repository", async () => {
      const elsewhere = await pushBlob(mirror, "other", "secret");
      await expect(put(imageOf(config, [elsewhere]).bytes)).rejects.toMatchObject({
        code: "MANIFEST_BLOB_UNKNOWN",
      });
    });

    test.each([
      ["an index that is an image to others (CVE-2021-41190)", { manifests: [] }, undefined],
      ["another mediaType than the Content-Type", {}, MEDIA_TYPE.ociIndex],
      ["a mediaType that is not a manifest's", { mediaType: "application/json" }, undefined],
      ["no media type at all", { mediaType: undefined }, undefined],
      ["another schema version", { schemaVersion: 1 }, undefined],
      [
        "a size that is no number",
        { config: { mediaType: "a/b", digest: hash(bytesOf("")), size: "1" } },
        undefined,
      ],
      [
        "a digest that is none",
        { layers: [{ mediaType: "a/b", digest: "sha256:../..", size: 1 }] },
        undefined,
      ],
    ])("if it has %s", async (_, more, contentType) => {
      await expect(put(imageOf(config, [layer], more).bytes, contentType)).rejects.toMatchObject({
        code: "MANIFEST_INVALID",
      });
    });

    test.each(["", "null", "[]", '"text"', "{", "{}\u0000", "\ufffd"])("if it is %j", async (content) => {
      await expect(put(bytesOf(content), MEDIA_TYPE.ociManifest)).rejects.toMatchObject({
        code: "MANIFEST_INVALID",
      });
    });

    test("if it is an image to some and an index to others, with the index's type", async () => {
      const { bytes } = indexOf([], { layers: [layer] });
      await expect(put(bytes)).rejects.toMatchObject({ code: "MANIFEST_INVALID" });
    });
  });
});

test("a sparse mirror takes images and indexes whose parts were not pushed", async () => {
  const { mirror } = await memoryRegistry({ sparse: true });
  const config = describeContent("c", MEDIA_TYPE.ociConfig);
  const image = imageOf(config, [describeContent("l")]);
  await mirror.manifests.put(REPOSITORY, { tag: "a" }, { bytes: image.bytes });
  const { bytes } = indexOf([image.descriptor, imageOf(config, []).descriptor]);
  await mirror.manifests.put(REPOSITORY, { tag: "b" }, { bytes });
  expect((await mirror.tags.list(REPOSITORY)).names).toEqual(["a", "b"]);
});

describe("a manifest is deleted", () => {
  let mirror: Mirror;
  let store: Store;
  let digest: Digest;
  beforeEach(async () => {
    ({ mirror, store } = await memoryRegistry({ sparse: true }));
    const { bytes } = imageOf(describeContent("c"), []);
    ({ digest } = await mirror.manifests.put(REPOSITORY, { tag: "a" }, { bytes, tags: ["b", "c"] }));
  });

  test("by tag: the tag goes, the manifest stays", async () => {
    await mirror.manifests.remove(REPOSITORY, { tag: "b" });
    expect((await mirror.tags.list(REPOSITORY)).names).toEqual(["a", "c"]);
    expect((await mirror.manifests.get(REPOSITORY, { digest })).digest).toBe(digest);
  });

  test("by digest: every tag at it goes too, and no other", async () => {
    const other = imageOf(describeContent("d"), []);
    await mirror.manifests.put(REPOSITORY, { tag: "other" }, { bytes: other.bytes });
    await mirror.manifests.remove(REPOSITORY, { digest });
    expect((await mirror.tags.list(REPOSITORY)).names).toEqual(["other"]);
    for (const reference of [{ digest }, { tag: "a" }]) {
      await expect(mirror.manifests.get(REPOSITORY, reference)).rejects.toMatchObject({
        code: "MANIFEST_UNKNOWN",
      });
    }
  });

  test("by digest while it is tagged again: no tag is left that names nothing", async () => {
    const { remove } = store.manifests;
    store.manifests.remove = async (...parameters) => {
      await store.tags.compareAndSwap(REPOSITORY, "late", undefined, digest);
      return remove.apply(store.manifests, parameters);
    };
    await mirror.manifests.remove(REPOSITORY, { digest });
    expect((await mirror.tags.list(REPOSITORY)).names).toEqual([]);
  });

  test("only once", async () => {
    const unknown = { code: "MANIFEST_UNKNOWN" };
    await mirror.manifests.remove(REPOSITORY, { digest });
    await expect(mirror.manifests.remove(REPOSITORY, { digest })).rejects.toMatchObject(unknown);
    await expect(mirror.manifests.remove(REPOSITORY, { tag: "a" })).rejects.toMatchObject(unknown);
    await expect(mirror.manifests.remove("no/such", { tag: "a" })).rejects.toMatchObject(unknown);
  });
});
