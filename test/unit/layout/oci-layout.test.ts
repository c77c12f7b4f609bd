import { expect, it } from "vitest";
import { contentOf, digestOf } from "../../../src/bytes/content.ts";
import { streamFrom } from "../../../src/bytes/stream.ts";
import { fallbackKernels } from "../../../src/kernel/fallback.ts";
import { blobPath, readOciLayout } from "../../../src/layout/oci-layout.ts";
import { writeOciLayout } from "../../../src/layout/oci-layout-writer.ts";
import { ANNOTATION, type Descriptor } from "../../../src/oci/descriptor.ts";
import { MEDIA_TYPE } from "../../../src/oci/media-type.ts";
import { memoryFileSystem } from "../../contract/memory-file-system.ts";
import { bytes, readAll, text } from "../tar/raw.ts";
import { filesOf, memoryFiles } from "./memory-files.ts";

const kernels = await fallbackKernels();
const VERSION = '{"imageLayoutVersion":"1.0.0"}';

const descriptorOf = (content: string, more: Partial<Descriptor> = {}): Descriptor => ({
  mediaType: MEDIA_TYPE.ociManifest,
  digest: digestOf(kernels, bytes(content)),
  size: bytes(content).length,
  ...more,
});
const tagged = (content: string, ref: string): Descriptor =>
  descriptorOf(content, { annotations: { [ANNOTATION.refName]: ref } });

const layoutOf = (manifests: readonly Descriptor[], more: Record<string, string> = {}) =>
  readOciLayout(
    filesOf({
      "oci-layout": VERSION,
      "index.json": JSON.stringify({ schemaVersion: 2, manifests }),
      ...more,
    }),
    kernels,
  );

it("reads a layout's index, and keeps its bytes", async () => {
  const layout = await layoutOf([tagged("m", "v1")]);
  expect(layout.index.manifests).toHaveLength(1);
  expect(JSON.parse(text(layout.indexBytes))).toEqual(layout.index);
});

it("refuses what lacks a part of a layout, naming it", async () => {
  await expect(readOciLayout(filesOf({ "index.json": "{}" }), kernels)).rejects.toMatchObject({
    code: "LAYOUT_INVALID",
    message: expect.stringContaining("oci-layout"),
  });
  await expect(readOciLayout(filesOf({ "oci-layout": VERSION }), kernels)).rejects.toMatchObject({
    code: "LAYOUT_INVALID",
    message: expect.stringContaining("index.json"),
  });
});

it("reads version 1 layouts only", async () => {
  const version = (value: unknown) =>
    layoutOf([], { "oci-layout": JSON.stringify({ imageLayoutVersion: value }) });
  await version("1.1.0");
  for (const value of ["2.0.0", "1", ""])
    await expect(version(value)).rejects.toMatchObject({ code: "UNSUPPORTED" });
  await expect(version(1)).rejects.toMatchObject({ code: "LAYOUT_INVALID" });
  await expect(layoutOf([], { "oci-layout": "not json" })).rejects.toMatchObject({ code: "LAYOUT_INVALID" });
});

it("refuses an index.json that is none, or larger than a document may be", async () => {
  await expect(layoutOf([], { "index.json": "{" })).rejects.toMatchObject({ code: "MANIFEST_INVALID" });
  await expect(layoutOf([], { "index.json": " ".repeat(5 << 20) })).rejects.toMatchObject({
    code: "LIMIT_EXCEEDED",
  });
});

it("opens blobs, checking them", async () => {
  const good = descriptorOf("blob");
  const changed = descriptorOf("bloc");
  const shorter = descriptorOf("longer");
  const layout = await layoutOf([], {
    [blobPath(good.digest)]: "blob",
    [blobPath(changed.digest)]: "evil",
    [blobPath(shorter.digest)]: "long",
  });
  expect(text(await readAll(await layout.open(good)))).toBe("blob");
  await expect(readAll(await layout.open(changed))).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
  await expect(layout.open(shorter)).rejects.toMatchObject({ code: "SIZE_MISMATCH" });
  await expect(layout.open(descriptorOf("absent"))).rejects.toMatchObject({ code: "BLOB_UNKNOWN" });
  expect([good, shorter, descriptorOf("absent")].map((one) => layout.has(one))).toEqual([true, false, false]);
});

it("selects by ref.name, by containerd's name, and by digest", async () => {
  const [a, b] = [
    tagged("a", "v1"),
    descriptorOf("b", { annotations: { [ANNOTATION.containerdImageName]: "docker.io/library/b:1" } }),
  ];
  const layout = await layoutOf([a, b]);
  expect(layout.select("v1")).toEqual(a);
  expect(layout.select("docker.io/library/b:1")).toEqual(b);
  expect(layout.select(b.digest)).toEqual(b);
  expect(() => layout.select("v2")).toThrow(
    expect.objectContaining({
      code: "NOT_FOUND",
      message: expect.stringMatching(/v1, docker\.io\/library\/b:1/),
    }),
  );
});

it("needs no ref where there is one image, whatever signatures stand beside it", async () => {
  const image = tagged("image", "v1");
  const signature = descriptorOf("sig", { artifactType: "application/vnd.dev.sigstore.bundle.v0.3+json" });
  expect((await layoutOf([signature, image])).select()).toEqual(image);
  expect((await layoutOf([image, tagged("image", "latest")])).select()).toEqual(image);
  expect((await layoutOf([signature])).select()).toEqual(signature);
  const layer = descriptorOf("layer", { mediaType: MEDIA_TYPE.ociLayer });
  expect((await layoutOf([layer, image])).select()).toEqual(image);
});

it("asks for a ref where there are several images, naming them", async () => {
  const layout = await layoutOf([tagged("a", "one"), tagged("b", "two"), descriptorOf("c")]);
  expect(() => layout.select()).toThrow(
    expect.objectContaining({
      code: "USAGE",
      message: expect.stringMatching(new RegExp(`one, two, ${descriptorOf("c").digest}`)),
    }),
  );
  const empty = await layoutOf([]);
  expect(() => empty.select()).toThrow(expect.objectContaining({ code: "LAYOUT_INVALID" }));
});

it("refuses a ref that names two different images", async () => {
  const layout = await layoutOf([tagged("a", "v1"), tagged("b", "v1")]);
  expect(() => layout.select("v1")).toThrow(expect.objectContaining({ code: "LAYOUT_INVALID" }));
});

it("writes each blob once, then the index, and is read back", async () => {
  const out = memoryFiles();
  const layout = writeOciLayout(out.writer);
  const [layer, manifest] = [contentOf(kernels, bytes("layer")), contentOf(kernels, bytes("manifest"))];
  await layout.blob(layer);
  await layout.blob(manifest);
  await layout.blob(layer);
  const entry = tagged("manifest", "v1");
  await layout.finish([entry]);
  expect(out.log).toEqual([
    blobPath(layer.digest),
    blobPath(manifest.digest),
    "oci-layout",
    "index.json",
    "commit",
  ]);
  expect(text(out.files()["oci-layout"] as Uint8Array)).toBe(VERSION);
  const back = await readOciLayout(filesOf(out.files()), kernels);
  expect(back.index).toEqual({ schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests: [entry] });
  expect(text(await readAll(await back.open(back.select("v1"))))).toBe("manifest");
});

it("adds to an existing layout: keeps its entries and blobs, replaces the same ref", async () => {
  const [old, other] = [tagged("old", "v1"), tagged("other", "v2")];
  const untagged = descriptorOf("untagged");
  const existing = await layoutOf([old, other, untagged], { [blobPath(other.digest)]: "other" });
  const out = memoryFiles();
  const layout = writeOciLayout(out.writer, existing);
  await layout.blob(contentOf(kernels, bytes("other")));
  await layout.blob(contentOf(kernels, bytes("new")));
  const fresh = tagged("new", "v1");
  await layout.finish([fresh, untagged]);
  expect(out.log).toEqual([blobPath(fresh.digest), "oci-layout", "index.json", "commit"]);
  const index = JSON.parse(text(out.files()["index.json"] as Uint8Array));
  expect(index).toEqual({ schemaVersion: 2, manifests: [other, fresh, untagged] });
});

it("takes back what it listed: what it replaced is there again, what others wrote meanwhile stays", async () => {
  const [old, other] = [tagged("old", "v1"), tagged("other", "v2")];
  const place = memoryFileSystem();
  const open = () => place.createFolder("l");
  const index = () => JSON.parse(text(place.files.get("l/index.json") as Uint8Array)).manifests;
  await writeOciLayout(await open()).finish([old, other]);
  const layout = writeOciLayout(await open());
  await layout.finish([tagged("new", "v1"), tagged("more", "v3"), tagged("other", "v2")]);
  await writeOciLayout(await open()).finish([tagged("theirs", "v3"), tagged("fourth", "v4")]);
  await layout.takeBack(await open());
  expect(index()).toEqual([tagged("theirs", "v3"), tagged("fourth", "v4"), old, other]);
});

it("writes a blob again where the existing layout has another size of it", async () => {
  const blob = descriptorOf("whole");
  const existing = await layoutOf([], { [blobPath(blob.digest)]: "ha" });
  const out = memoryFiles();
  await writeOciLayout(out.writer, existing).blob(contentOf(kernels, bytes("whole")));
  expect(out.log).toEqual([blobPath(blob.digest)]);
});

it("does not count a blob as written that failed, and passes an abort on", async () => {
  const out = memoryFiles();
  const layout = writeOciLayout(out.writer);
  const content = contentOf(kernels, bytes("x"));
  const failing = {
    ...content,
    open: async () =>
      streamFrom(
        // biome-ignore lint/correctness/useYield: it fails before it gives anything
        (function* (): Generator<Uint8Array> {
          throw new Error("the line went dead");
        })(),
      ),
  };
  await expect(layout.blob(failing)).rejects.toThrow("the line went dead");
  await layout.blob(content);
  await layout.abort();
  expect(out.log).toEqual([blobPath(content.digest), blobPath(content.digest), "abort"]);
});
