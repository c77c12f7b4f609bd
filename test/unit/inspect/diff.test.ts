import { expect, test } from "vitest";
import type { Image, Layer } from "../../../src/image/image.ts";
import { storedImage } from "../../../src/image/stored-image.ts";
import { type DiffPart, diffImages } from "../../../src/inspect/diff.ts";
import { parseManifest } from "../../../src/oci/manifest.ts";
import { archive, rawMember, rawPax } from "../tar/raw.ts";
import { HOST, type ImageOptions, pathOf, TestLayout } from "./raw.ts";

const file = (name: string, body: string, mode = "0000644\0") => rawMember({ name, mode }, body);
const BASE = archive(file("same", "x"), file("text", "one"), file("gone", "y"), file("mode", "z"));
const CHANGED = archive(
  file("text", "two"),
  rawMember({ name: ".wh.gone" }),
  file("mode", "z", "0000755\0"),
  file("same", "x"),
  file("new", "n"),
  rawPax([["SCHILY.xattr.user.a", "1"]]),
  file("attr", ""),
);

/** The image, and how often a layer of it was read. */
function imageOf(tars: readonly Uint8Array[], options: ImageOptions = {}) {
  const layout = new TestLayout();
  const descriptor = layout.image(tars, options);
  const bytesOf = (digest: string) => layout.files.get(pathOf(digest)) as Uint8Array;
  const storage = {
    open: async ({ digest }: { digest: string }) => new Blob([bytesOf(digest).slice()]).stream(),
  };
  const bytes = bytesOf(descriptor.digest);
  const stored = storedImage({ descriptor, bytes, value: parseManifest(bytes) }, storage, HOST);
  let reads = 0;
  const watched = (layer: Layer): Layer => ({
    ...layer,
    stream() {
      reads++;
      return layer.stream();
    },
  });
  const image: Image = { ...stored, layers: stored.layers.map(watched) };
  return { image, reads: () => reads };
}

const diff = (a: Image, b: Image, part: DiffPart = "all") => diffImages(a, b, part, HOST);

test("an image is equal to itself, and no layer is read for it", async () => {
  const { image, reads } = imageOf([BASE]);
  expect(await diff(image, imageOf([BASE]).image)).toEqual({
    equal: true,
    manifest: [],
    layers: { shared: [expect.any(String)], a: [], b: [] },
    config: [],
    files: [],
  });
  expect(reads()).toBe(0);
});

test("files are compared as the layers make them, and a layer that both have is read once", async () => {
  const [a, b] = [imageOf([BASE]), imageOf([BASE, CHANGED])];
  const result = await diff(a.image, b.image, "files");
  expect(result.equal).toBe(false);
  expect(result.files?.map(({ path, change, fields }) => [path, change, fields])).toEqual([
    ["attr", "added", undefined],
    ["gone", "removed", undefined],
    ["mode", "changed", ["mode"]],
    ["new", "added", undefined],
    ["text", "changed", ["digest"]],
  ]);
  expect(result.files?.[0]?.b?.xattrs).toEqual({ "user.a": "31" });
  expect([a.reads(), b.reads()]).toEqual([1, 1]);
});

test("configs are compared field by field, environment and labels one by one, and no layer is read", async () => {
  const config = (fields: object) => ({ config: { config: fields } });
  const a = imageOf([BASE], config({ Env: ["A=1", "B=2"], Labels: { l: "1" }, Cmd: ["x"] }));
  const b = imageOf([BASE, CHANGED], config({ Env: ["A=1", "B=3"], Labels: null, Cmd: ["y"] }));
  const result = await diff(a.image, b.image, "config");
  expect(result.config).toEqual([
    { field: "Cmd", a: ["x"], b: ["y"] },
    { field: "env.B", a: "2", b: "3" },
    { field: "history.1", b: { created_by: "step 1" } },
    { field: "labels.l", a: "1" },
  ]);
  expect([a.reads(), b.reads(), result.files]).toEqual([0, 0, undefined]);
});

test("manifests are compared by annotations and layers, and the layers' order", async () => {
  const a = imageOf([BASE, CHANGED], { manifest: { annotations: { x: "1" } } });
  const b = imageOf([CHANGED, BASE]);
  const result = await diff(a.image, b.image);
  expect(result.manifest?.map(({ field }) => field)).toEqual(["annotations.x", "order"]);
  expect(result.layers).toMatchObject({ a: [], b: [] });
  expect((await diff(a.image, imageOf([BASE]).image)).layers?.a).toHaveLength(1);
});
