/** One image for each thing that can be wrong with one. */
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { collect, concat, streamOf } from "../../../src/bytes/stream.ts";
import { mergedTree } from "../../../src/image/tree-merger.ts";
import type { CheckOptions, CheckReport } from "../../../src/inspect/check.ts";
import { checkImage } from "../../../src/inspect/check.ts";
import { type Finding, isContentFault } from "../../../src/inspect/findings.ts";
import type { Descriptor } from "../../../src/oci/descriptor.ts";
import { encodeJson } from "../../../src/oci/json.ts";
import { MEDIA_TYPE } from "../../../src/oci/media-type.ts";
import { rawFilesImage } from "../../../src/source/raw-image.ts";
import { layerOf } from "../image/layers.ts";
import { filesOf } from "../layout/memory-files.ts";
import { archive, bytes, rawMember } from "../tar/raw.ts";
import { HOST, type ImageOptions, type Json, pathOf, TestLayout } from "./raw.ts";

const TAR = archive(rawMember({ name: "hello" }, "hi"));
const OTHER = archive(rawMember({ name: "other" }, "ho"));

async function reportOf(layout: TestLayout, options: CheckOptions = {}): Promise<CheckReport> {
  return checkImage(await layout.open(), options, HOST);
}

async function imageReport(
  tars: readonly Uint8Array[],
  options: ImageOptions = {},
  spoil: (layout: TestLayout, image: Descriptor) => void = () => {},
  check: CheckOptions = {},
): Promise<CheckReport> {
  const layout = new TestLayout();
  const image = layout.image(tars, options);
  spoil(layout, image);
  return reportOf(layout.list(image), check);
}

const found = ({ results }: CheckReport, severity: string) =>
  results.filter((finding) => finding.severity === severity).map(({ check }) => check);
const errors = (report: CheckReport) => found(report, "error");
const one = ({ results }: CheckReport, check: string): Finding | undefined =>
  results.find((finding) => finding.check === check && finding.severity !== "info");

function parsed(layout: TestLayout, { digest }: Descriptor) {
  return JSON.parse(new TextDecoder().decode(layout.files.get(pathOf(digest))));
}

/** Other bytes in the same number. */
function damage(layout: TestLayout, { digest }: { digest: string }): void {
  layout.files.set(
    pathOf(digest),
    (layout.files.get(pathOf(digest)) as Uint8Array).map((byte) => byte ^ 1),
  );
}

describe("a sound image", () => {
  test("has no errors and no warnings, and the notes say what held", async () => {
    const report = await imageReport([TAR, OTHER]);
    expect(report).toMatchObject({ image: null, tag: "v1", mode: "full", errors: 0, warnings: 0 });
    expect(new Set(report.results.map(({ check }) => check))).toEqual(
      new Set([
        ...["schema-version", "oci-media-type", "config-descriptor", "config-digest", "config-size"],
        ...["rootfs-type", "layer-count", "history-count", "layer-media-type", "diff-id", "referrers"],
      ]),
    );
    expect(report.results.filter(({ check }) => check === "diff-id").map(({ layer }) => layer)).toEqual([
      0, 1,
    ]);
  });

  test("is checked fast without its layers being there", async () => {
    const spoil = (layout: TestLayout, image: Descriptor) => {
      for (const { digest } of parsed(layout, image).layers) layout.files.delete(pathOf(digest));
    };
    const report = await imageReport([TAR], {}, spoil, { fast: true });
    expect(report).toMatchObject({ mode: "fast", errors: 0, warnings: 0 });
    expect(report.results.some(({ check }) => check === "diff-id")).toBe(false);
  });
});

describe("manifest and config", () => {
  const cases: readonly [check: string, severity: string, options: ImageOptions][] = [
    ["schema-version", "error", { manifest: { schemaVersion: 1 } }],
    ["manifest", "error", { manifest: { mediaType: MEDIA_TYPE.dockerManifest } }],
    ["manifest", "error", { manifest: { layers: null } }],
    [
      "layer-descriptor",
      "error",
      { manifest: { layers: [{ mediaType: "x", digest: "sha256:1", size: 1 }] } },
    ],
    ["config-descriptor", "error", { manifest: { config: { mediaType: "x" } } }],
    ["rootfs-type", "error", { config: { rootfs: { type: "layer", diff_ids: [] } } }],
    ["layer-count", "error", { config: { rootfs: { type: "layers", diff_ids: [] } } }],
    ["history-count", "error", { config: { history: [{}, {}] } }],
    ["config", "error", { config: { os: 1 } }],
    ["config", "error", { config: { config: { Env: ["A=b", "C=d\0e"] } } }],
    ["args-escaped", "warning", { config: { config: { ArgsEscaped: true } } }],
    [
      "history-order",
      "warning",
      {
        config: {
          history: [
            { created: "2024-02-01T00:00:00Z" },
            { created: "2024-01-01T00:00:00Z", empty_layer: true },
          ],
        },
      },
    ],
  ];
  test.each(cases)("%s is found as %s, also when it is fast", async (check, severity, options) => {
    for (const fast of [false, true]) {
      expect(found(await imageReport([TAR], options, () => {}, { fast }), severity)).toContain(check);
    }
  });

  test("no history, and times that are none, are no faults", async () => {
    expect(await imageReport([TAR], { config: { history: null } })).toMatchObject({ errors: 0, warnings: 0 });
    const history = [{ created: "2024-02-01T00:00:00Z" }, { created: "1970-01-01T00:00:00Z" }];
    const report = await imageReport([TAR, OTHER], { config: { history } });
    expect(report).toMatchObject({ errors: 0, warnings: 0 });
  });

  test("a config that is another, or of another size, is found, and the layers are read all the same", async () => {
    const spoiled = await imageReport([TAR], {}, (layout, image) =>
      damage(layout, parsed(layout, image).config),
    );
    expect(errors(spoiled)).toEqual(["config-digest", "diff-id"]);
    const cut = await imageReport([TAR], {}, (layout, image) => {
      layout.files.set(pathOf(parsed(layout, image).config.digest), bytes("{}"));
    });
    expect(errors(cut)).toEqual(["config-size", "diff-id"]);
    expect(spoiled.results.filter(isContentFault)).not.toEqual([]);
  });

  test("a large layer and one in zstd are warned of", async () => {
    const layer = {
      mediaType: MEDIA_TYPE.ociLayerZstd,
      digest: `sha256:${"0".repeat(64)}`,
      size: 2 ** 30 + 1,
    };
    const report = await imageReport([TAR], { manifest: { layers: [layer] } }, () => {}, { fast: true });
    expect(found(report, "warning")).toEqual(["large-layer", "zstd-compat"]);
    expect(one(report, "large-layer")?.layer).toBe(0);
  });

  test("Docker's manifests are said to be such", async () => {
    const layout = new TestLayout();
    const oci = layout.image([TAR], { manifest: { mediaType: MEDIA_TYPE.dockerManifest } });
    const report = await reportOf(layout.list({ ...oci, mediaType: MEDIA_TYPE.dockerManifest }));
    expect([report.errors, found(report, "info").includes("docker-media-type")]).toEqual([0, true]);
  });
});

describe("layers", () => {
  const member = (fields: Parameters<typeof rawMember>[0], body = "") => archive(rawMember(fields, body));
  const cases: readonly [check: string, severity: string, tar: Uint8Array][] = [
    ["tar-format", "error", bytes("this is no tar archive".repeat(50))],
    ["tar-format", "error", concat([rawMember({ name: "cut", size: 5_000 }, "short")])],
    ["whiteout", "error", member({ name: "etc/.wh." })],
    ["whiteout-size", "warning", member({ name: ".wh.gone" }, "not empty")],
    ["tar-permissions", "warning", member({ name: "su", mode: "0004777\0" })],
    ["tar-path", "error", member({ name: "a/../../b" })],
    ["tar-format", "error", member({ type: "S", format: "gnu" })],
  ];
  test.each(cases)(
    "%s is found as %s, and its diff_id is judged all the same",
    async (check, severity, tar) => {
      const report = await imageReport([tar, OTHER]);
      expect(found(report, severity)).toEqual([check]);
      expect(one(report, check)?.layer).toBe(0);
      expect(report.results.filter((finding) => finding.check === "diff-id")).toHaveLength(2);
    },
  );

  test("a time before 1970 is found", async () => {
    const negative = new Uint8Array(12).fill(0xff);
    const block = rawMember({ name: "old" });
    block.set(negative, 136);
    block.fill(0x20, 148, 156);
    const sum = block.reduce((total, byte) => total + byte, 0);
    block.set(bytes(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
    expect(errors(await imageReport([archive(block)]))).toEqual(["tar-timestamp"]);
  });

  test("of many faults of a kind ten are told, and the others counted", async () => {
    const tar = archive(...Array.from({ length: 15 }, (_, at) => rawMember({ name: `d${at}/.wh.` })));
    const report = await imageReport([tar]);
    expect(report.errors).toBe(11);
    expect(report.results.filter(({ check }) => check === "whiteout").at(-1)?.message).toBe("... and 5 more");
  });

  test("each unsafe path is told, and what is behind it is looked at", async () => {
    const bad = Array.from({ length: 12 }, (_, at) => rawMember({ name: `../${at}` }));
    const report = await imageReport([archive(...bad, rawMember({ name: ".wh." }))]);
    const told = report.results.filter(({ check }) => check === "tar-path");
    expect(told.map(({ message }) => message.slice(0, 21))).toEqual([
      ...Array.from({ length: 10 }, (_, at) => `Cannot extract "../${at}"`),
      "... and 2 more",
    ]);
    expect(new Set(errors(report))).toEqual(new Set(["tar-path", "whiteout"]));
  });

  describe("an image that does not open here has an error, and one that does has none:", () => {
    test.each<[string, "opens" | "refused", (string | Uint8Array)[]]>([
      ["a name with ..", "refused", ["../up"]],
      ["one that stays below", "refused", ["a/../b"]],
      ["an absolute name", "opens", ["/etc/passwd"]],
      ["a name that begins with ./", "opens", ["./etc/passwd"]],
      ["Windows' drive", "refused", ["C:x"]],
      ["a backslash, as systemd has", "opens", ["a\\x2db.device"]],
      ["a file behind an absolute symlink", "opens", ["out -> /etc", "out/passwd"]],
      ["a file behind a symlink with ..", "opens", ["out -> ../../etc", "out/passwd"]],
      ["a symlink to nowhere", "opens", ["gone -> nowhere"]],
      ["a hard link with ..", "refused", ["h => ../x"]],
      ["a folder where a file is", "opens", ["a", "a/b"]],
      ["a sparse file", "refused", [rawMember({ type: "S", format: "gnu" })]],
    ])("%s %s", async (_, expected, members) => {
      const layer = layerOf(members, HOST);
      const opening = mergedTree({ layers: [layer] }, HOST.kernels);
      expect(
        await opening.then(
          () => "opens",
          () => "refused",
        ),
      ).toBe(expected);
      const { errors } = await imageReport([await collect(await layer.stream(), 10_000, "tar")]);
      expect(errors > 0 ? "refused" : "opens").toBe(expected);
    });
  });

  describe("a hard link", () => {
    const link = (linkname: string) => rawMember({ name: "link", type: "1", linkname });
    const file = rawMember({ name: "file" }, "content");
    const whiteout = rawMember({ name: ".wh.file" });

    test.each<[string, Uint8Array[], string[]]>([
      ["to nothing", [archive(link("file"))], ["tar-link"]],
      ["to what comes after it", [archive(link("file"), file)], ["tar-link"]],
      ["to a folder", [archive(rawMember({ name: "d/", type: "5" }), link("d"))], ["tar-link"]],
      [
        "to what a layer between took away",
        [archive(file), archive(whiteout), archive(link("file"))],
        ["tar-link"],
      ],
      ["to its own layer's file", [archive(file, link("file"))], []],
      ["to a lower layer's file", [archive(file), archive(link("/file"))], []],
    ])("%s", async (_, tars, expected) => {
      const report = await imageReport(tars);
      expect(errors(report)).toEqual(expected);
      const at = tars.length - 1;
      expect(report.results.filter(({ check }) => check === "tar-link").map(({ layer }) => layer)).toEqual(
        expected.map(() => at),
      );
    });

    test("into a layer that cannot be read is not judged", async () => {
      const report = await imageReport([archive(file), archive(link("file"))], {}, (layout, image) => {
        layout.files.delete(pathOf(parsed(layout, image).layers[0].digest));
      });
      expect(errors(report)).toEqual(["layer-read"]);
    });

    test("through symlinks in a loop is found, and so is a symlink to nowhere", async () => {
      const loop = [
        rawMember({ name: "a", type: "2", linkname: "b" }),
        rawMember({ name: "b", type: "2", linkname: "a" }),
        rawMember({ name: "a/file" }),
      ];
      expect(errors(await imageReport([archive(...loop)]))).toEqual(["tar-link"]);
      expect(errors(await imageReport([archive(rawMember({ name: "a", type: "2" }))]))).toEqual(["tar-link"]);
    });
  });

  test("files in several layers are named, with the layers", async () => {
    const report = await imageReport([TAR, OTHER, TAR]);
    const [duplicate, ...others] = report.results.filter(({ check }) => check === "duplicate-file");
    expect([duplicate?.severity, duplicate?.message, others]).toEqual([
      "info",
      "hello is in layers 0, 2",
      [],
    ]);
  });

  test("of many files in several layers the first are named, each once, and the rest counted", async () => {
    const tar = archive(...Array.from({ length: 12 }, (_, at) => rawMember({ name: `some/folder/${at}` })));
    const report = await imageReport([tar, OTHER, archive(rawMember({ name: "some" })), tar, tar]);
    const duplicates = report.results.filter(({ check }) => check === "duplicate-file");
    expect(duplicates.map(({ message }) => message)).toEqual([
      ...Array.from({ length: 10 }, (_, at) => `some/folder/${at} is in layers 0, 3, 4`),
      "... and 2 more",
    ]);
  });

  test("a compression other than the media type's is found", async () => {
    const report = await imageReport([TAR], { layerType: MEDIA_TYPE.ociLayer });
    expect(errors(report)).toEqual(["layer-media-type"]);
    expect(one(report, "layer-media-type")?.message).toBe(
      "its media type says not compressed, its first bytes say gzip",
    );
    expect(found(await imageReport([TAR], { layerType: "text/plain" }), "warning")).toEqual([
      "layer-media-type",
    ]);
  });

  test("a blob that is another is one error, whatever its bytes are, and the next layer is read", async () => {
    const report = await imageReport([TAR, OTHER], {}, (layout, image) =>
      damage(layout, parsed(layout, image).layers[0]),
    );
    expect(errors(report)).toEqual(["layer-digest"]);
    expect(report.results.filter(({ check }) => check === "diff-id").map(({ layer }) => layer)).toEqual([1]);
    expect(report.results.some(isContentFault)).toBe(true);
  });

  test("a layer that is not there is one error, and the next one is read", async () => {
    const report = await imageReport([TAR, OTHER], {}, (layout, image) => {
      layout.files.delete(pathOf(parsed(layout, image).layers[0].digest));
    });
    expect(errors(report)).toEqual(["layer-read"]);
    expect(report.results.some(({ check, layer }) => check === "diff-id" && layer === 1)).toBe(true);
  });

  test("gzip that ends early under its own digest is one error", async () => {
    const report = await imageReport([TAR], { pack: (tar) => gzipSync(tar).subarray(0, -12) });
    expect(errors(report)).toEqual(["layer-read"]);
    expect(report.results.some(isContentFault)).toBe(false);
  });

  test("content other than the config's diff_id is found", async () => {
    const diff_ids = [`sha256:${"0".repeat(64)}`];
    const report = await imageReport([TAR], { config: { rootfs: { type: "layers", diff_ids } } });
    expect(errors(report)).toEqual(["diff-id"]);
    expect(report.results.some(isContentFault)).toBe(true);
  });

  test("an interruption ends the check", async () => {
    const raw = await new TestLayout().list(new TestLayout().image([TAR])).open();
    if (raw.kind !== "graph") throw new Error("no graph");
    const open = () => Promise.reject(new DOMException("stop", "AbortError"));
    await expect(checkImage({ ...raw, storage: { open } }, {}, HOST)).rejects.toMatchObject({
      name: "AbortError",
    });
  });
});

describe("indexes", () => {
  const amd64 = { os: "linux", architecture: "amd64" };
  const arm64 = { os: "linux", architecture: "arm64", variant: "v8" };

  test("of several platforms are sound, with all of them or one", async () => {
    const layout = new TestLayout();
    const children = [
      { ...layout.image([TAR]), platform: amd64 },
      { ...layout.image([OTHER], { platform: { os: "linux", architecture: "arm64" } }), platform: arm64 },
      { ...layout.image([]), platform: { os: "unknown", architecture: "unknown" } },
    ];
    layout.list(layout.index(children));
    const report = await reportOf(layout, { allPlatforms: true });
    expect(report).toMatchObject({ errors: 0, warnings: 0 });
    const platforms = report.results
      .filter(({ check }) => check === "diff-id")
      .map(({ platform }) => platform);
    expect(platforms).toEqual(["linux/amd64", "linux/arm64/v8"]);
    const arm = await reportOf(layout, { platform: { os: "linux", architecture: "arm64" } });
    expect(arm.results.filter(({ check }) => check === "diff-id")).toHaveLength(1);
  });

  test("with a child that is not there, listed twice or for another platform are found out", async () => {
    const layout = new TestLayout();
    const child = layout.image([TAR]);
    const gone = { ...layout.image([OTHER]), platform: { os: "linux", architecture: "s390x" } };
    layout.files.delete(pathOf(gone.digest));
    const other = { ...layout.image([OTHER], { config: { author: "x" } }), platform: amd64 };
    const children = [
      { ...child, platform: amd64 },
      { ...child, platform: amd64 },
      other,
      gone,
      { ...child, platform: arm64 },
    ];
    const report = await reportOf(layout.list(layout.index(children)));
    expect(new Set(errors(report))).toEqual(new Set(["index-child", "index-platform", "index-duplicate"]));
    expect(found(report, "warning")).toContain("index-duplicate");
  });

  test("that list a manifest twice have it checked once, also where one lies in an index below", async () => {
    for (const isNested of [false, true]) {
      const layout = new TestLayout();
      const child = { ...layout.image([TAR]), platform: amd64 };
      const again = isNested ? layout.index([child], { annotations: { a: "b" } }) : child;
      const report = await reportOf(layout.list(layout.index([child, again])), { allPlatforms: true });
      expect(found(report, "info").filter((check) => ["diff-id", "schema-version"].includes(check))).toEqual([
        "schema-version",
        "diff-id",
      ]);
      expect(errors(report)).toEqual([]);
    }
  });

  test("that are none are found out", async () => {
    const layout = new TestLayout();
    const report = await reportOf(layout.list(layout.index([], { manifests: "none" })));
    // What is attached is looked for among all that the layout lists, of which this is one.
    expect(errors(report)).toEqual(["index", "referrers"]);
  });

  test("whose bytes are others are found out", async () => {
    const layout = new TestLayout();
    const index = layout.index([{ ...layout.image([TAR]), platform: amd64 }]);
    const raw = await layout.list(index).open();
    if (raw.kind !== "graph") throw new Error("no graph");
    damage(layout, index);
    const open = async ({ digest }: Descriptor) => streamOf(layout.files.get(pathOf(digest)) as Uint8Array);
    const report = await checkImage({ ...raw, storage: { open } }, {}, HOST);
    expect([errors(report), report.results.some(isContentFault)]).toEqual([["manifest-digest"], true]);
  });
});

describe("referrers", () => {
  const signature = (layout: TestLayout, subject: Json) =>
    layout.add(
      encodeJson({
        schemaVersion: 2,
        mediaType: MEDIA_TYPE.ociManifest,
        artifactType: "a/sig",
        config: subject,
        layers: [],
        subject,
      }),
      MEDIA_TYPE.ociManifest,
    );

  test("that speak of the image are sound", async () => {
    const layout = new TestLayout();
    const image = layout.image([TAR]);
    const report = await reportOf(layout.list(image, signature(layout, { ...image })));
    expect(report.errors).toBe(0);
    expect(report.results.find(({ check }) => check === "referrers")?.message).toBe("1 manifest is attached");
  });

  test("that are listed for it and speak of another, or cannot be read, are found out", async () => {
    const layout = new TestLayout();
    const image = layout.image([TAR]);
    const other = signature(layout, { ...layout.image([OTHER]) });
    const gone = signature(layout, { ...image, annotations: { x: "y" } });
    layout.files.delete(pathOf(gone.digest));
    const raw = await layout.list(image).open();
    if (raw.kind !== "graph") throw new Error("no graph");
    const attachments = async () => [{ descriptor: other }, { descriptor: gone }];
    const storage = { ...raw.storage, attachments };
    expect(errors(await checkImage({ ...raw, storage }, {}, HOST))).toEqual(["referrers", "referrers"]);
  });
});

describe("docker-save archives", () => {
  const digestOf = (layout: TestLayout, tar: Uint8Array) => layout.add(tar, "").digest;

  async function savedReport(config: Json, files: Record<string, Uint8Array>, layers: readonly string[]) {
    const saved = encodeJson({ os: "linux", architecture: "amd64", ...config });
    const name = `${digestOf(new TestLayout(), saved).slice(7)}.json`;
    const manifest = encodeJson([{ Config: name, RepoTags: ["app:1"], Layers: layers }]);
    const all = filesOf({ "manifest.json": manifest, [name]: saved, ...files });
    return checkImage(await rawFilesImage(all, undefined, HOST, "archive"), {}, HOST);
  }

  test("are checked by their config and their layers' contents", async () => {
    const rootfs = { type: "layers", diff_ids: [digestOf(new TestLayout(), TAR)] };
    const sound = await savedReport({ rootfs }, { "a/layer.tar": TAR }, ["a/layer.tar"]);
    expect(sound).toMatchObject({ image: "app", tag: "1", errors: 0, warnings: 0 });
    const other = await savedReport({ rootfs }, { "a/layer.tar": OTHER }, ["a/layer.tar"]);
    expect(errors(other)).toEqual(["diff-id"]);
    expect(errors(await savedReport({ rootfs }, {}, ["a/layer.tar"]))).toEqual(["layer-read"]);
  });

  test("with more layers than the config has, or without a config, are found out", async () => {
    const rootfs = { type: "layers", diff_ids: [digestOf(new TestLayout(), TAR)] };
    const files = { "a/layer.tar": TAR };
    const report = await savedReport({ rootfs }, files, ["a/layer.tar", "a/layer.tar"]);
    expect(errors(report)).toEqual(["layer-count", "diff-id"]);
    const manifest = encodeJson([{ Config: "gone.json", Layers: ["a/layer.tar"] }]);
    const raw = await rawFilesImage(filesOf({ "manifest.json": manifest, ...files }), undefined, HOST, "x");
    const without = await checkImage(raw, {}, HOST);
    expect([errors(without), found(without, "warning")]).toEqual([["config", "diff-id"], ["metadata"]]);
  });
});
