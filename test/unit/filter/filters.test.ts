import { beforeEach, describe, expect, it } from "vitest";
import { contentOf } from "../../../src/bytes/content.ts";
import { streamOf } from "../../../src/bytes/stream.ts";
import { applyFilters, type Filter } from "../../../src/filter/filter.ts";
import { pipelineKey } from "../../../src/filter/pipeline-key.ts";
import { recompress } from "../../../src/filter/recompress.ts";
import type { Image, MultiPlatformImage } from "../../../src/image/image.ts";
import { isImage } from "../../../src/image/multi-platform-image.ts";
import { storedManifest } from "../../../src/image/stored-manifest.ts";
import type { Descriptor } from "../../../src/oci/descriptor.ts";
import { encodeJson } from "../../../src/oci/json.ts";
import { MEDIA_TYPE } from "../../../src/oci/media-type.ts";
import { parseFilter } from "../../../src/pipeline/filters.ts";
import { type MemoryHost, memoryHost } from "../../memory-host.ts";
import { rawHeader, rawMember, readAll } from "../tar/raw.ts";
import { digestsHold, filtered, imageOf } from "./support.ts";

let host: MemoryHost;
beforeEach(async () => {
  host = await memoryHost();
});

const notes = () => host.events.flatMap((event) => (event.type === "info" ? [event] : []));

async function touch(image: Image): Promise<void> {
  for (const layer of image.layers) await layer.blob();
  await image.config();
}

describe("normalize-timestamps with config=true", () => {
  const config = {
    created: "2024-01-02T03:04:05.123456789Z",
    history: [{ created: "1999-01-01T00:00:00Z", created_by: "a" }, { created_by: "b" }],
  };
  const times = async (spec: string, more: object = config) => {
    const { value } = await filtered(await imageOf([["a"]], host, { config: more }), host, spec).config();
    return [value.created, ...(value.history ?? []).map(({ created }) => created)];
  };

  it("sets the config's time and those of its history", async () => {
    expect(await times("normalize-timestamps:ts=1000000000,config=true")).toEqual([
      "2001-09-09T01:46:40Z",
      "2001-09-09T01:46:40Z",
      undefined,
    ]);
  });

  it("leaves them without it", async () => {
    expect(await times("normalize-timestamps:ts=1")).toEqual([
      config.created,
      "1999-01-01T00:00:00Z",
      undefined,
    ]);
  });

  it("clamps only those that are later, to the nanosecond", async () => {
    const spec = "normalize-timestamps:ts=1704164645,clamp=true,config=true";
    expect(await times(spec)).toEqual(["2024-01-02T03:04:05Z", "1999-01-01T00:00:00Z", undefined]);
    expect(await times(spec, { created: "2024-01-02T03:04:05.000000001Z" })).toEqual([
      "2024-01-02T03:04:05Z",
    ]);
    expect(await times(spec, { created: "2024-01-02T03:04:05.0Z" })).toEqual(["2024-01-02T03:04:05.0Z"]);
  });

  it("makes images that differ in their times only the same", async () => {
    const ids = [1, 2].map(async (mtime) => {
      const created = `200${mtime}-01-01T00:00:00Z`;
      const image = await imageOf([[rawMember({ name: "a", mtime }, "a")]], host, { config: { created } });
      return (await filtered(image, host, "normalize-timestamps:config=true").manifest()).descriptor.digest;
    });
    expect(await ids[0]).toBe(await ids[1]);
  });
});

describe("search", () => {
  const layers = () => [
    ["bin/", "bin/sh", "bin/ash => bin/sh", "etc/sh -> ../bin/sh", rawHeader({ name: "dev/sh", type: "6" })],
    ["etc/passwd"],
  ];

  it("reports each layer's matches and their number, and changes nothing", async () => {
    const image = await imageOf(layers(), host, { name: "registry.example/app:1" });
    const searched = filtered(image, host, "search:pattern=*sh");
    await touch(searched);
    const [group, summary] = notes();
    const diffId = (await image.config()).value.rootfs.diff_ids[0];
    expect(group?.message).toBe(
      `Layer: ${diffId}\n  bin/sh (file, 6 bytes)\n  bin/ash -> bin/sh (hardlink)\n` +
        "  etc/sh -> ../bin/sh (symlink)\n  dev/sh (fifo)",
    );
    expect(group?.details).toMatchObject({
      event: "found",
      image: "registry.example/app",
      tag: "1",
      layer: diffId,
    });
    expect(summary?.message).toBe("Found 4 matches in 1 layer.");
    expect(await searched.manifest()).toEqual(await image.manifest());
  });

  it("writes a line for each match for scripts", async () => {
    const image = await imageOf(layers(), host, { name: "app:1" });
    await touch(filtered(image, host, "search:pattern=^etc/p,regex=true,script-friendly=true"));
    const hex = (await image.config()).value.rootfs.diff_ids[1]?.slice(7);
    expect(notes().map(({ message }) => message)).toEqual([`app:1:${hex}:etc/passwd`]);
  });

  it("says that there is nothing", async () => {
    await touch(filtered(await imageOf(layers(), host), host, "search:pattern=nothing"));
    expect(notes().map(({ message }) => message)).toEqual(["No matches found."]);
  });

  it("sees what the filters before it have left", async () => {
    const image = await imageOf(layers(), host);
    await touch(filtered(image, host, "exclude:pattern=bin/sh", "search:pattern=bin/*"));
    expect(
      notes()
        .map(({ message }) => message)
        .at(-1),
    ).toBe("Found 1 match in 1 layer.");
  });

  it("warns of a layer that cannot be read, and goes on", async () => {
    const image = await imageOf([[rawMember({ name: "a", size: 5000 }, "short")], ["a"]], host);
    await touch(filtered(image, host, "search:pattern=a"));
    expect(host.events).toContainEqual({
      type: "warning",
      message: expect.stringMatching(/^Cannot search layer/),
    });
    expect(notes().at(-1)?.message).toBe("Found 1 match in 1 layer.");
  });

  it("does not compare paths longer than a file system has", async () => {
    const { searchMatch } = await import("../../../src/filter/find-paths.ts");
    const match = searchMatch("a", { regex: true });
    expect([match("a".repeat(4096)), match("a".repeat(4097))]).toEqual([true, false]);
  });
});

describe("inspect", () => {
  const config = {
    history: [
      { created: "2020-01-01T00:00:00.5Z", created_by: "base", comment: "first" },
      { created_by: "ENV", empty_layer: true },
      { created_by: "app" },
    ],
  };

  it("appends a record for each image, newest layer first", async () => {
    const image = await imageOf([["a"], ["b", "c"]], host, { name: "r.example/app:2", config });
    const [first, second] = (await image.config()).value.rootfs.diff_ids;
    for (let run = 0; run < 2; run++) await touch(filtered(image, host, "inspect:file=log.jsonl"));
    const lines = new TextDecoder().decode(host.files.files.get("log.jsonl")).split("\n");
    const expected =
      `{"layers":[{"Comment":"","Created":0,"CreatedBy":"app","Id":"${second}","Size":3072,"Tags":["r.example/app:2"]},` +
      `{"Comment":"first","Created":1577836800,"CreatedBy":"base","Id":"${first}","Size":2048,"Tags":null}],"name":"r.example/app:2"}`;
    expect(lines).toEqual([expected, expected, ""]);
  });

  it("tells of the image at its place among the filters", async () => {
    const image = await imageOf([["a", "b"]], host);
    const specs = ["inspect:file=before", "exclude:pattern=b", "inspect:file=after"];
    const changed = filtered(image, host, ...specs);
    await touch(changed);
    const ids = ["before", "after"].map(
      (file) => JSON.parse(new TextDecoder().decode(host.files.files.get(file))).layers[0].Id,
    );
    expect(ids[0]).toBe((await image.config()).value.rootfs.diff_ids[0]);
    expect(ids[1]).toBe((await changed.config()).value.rootfs.diff_ids[0]);
    expect(ids[0]).not.toBe(ids[1]);
    expect(await digestsHold(changed, host)).toBe(true);
  });

  it("records an image without layers", async () => {
    await touch(filtered(await imageOf([], host), host, "inspect:file=log"));
    expect(JSON.parse(new TextDecoder().decode(host.files.files.get("log"))).layers).toEqual([]);
  });

  it("fails where the host has no files", async () => {
    const { files: _, ...bare } = host;
    const image = await imageOf([["a"]], host);
    expect(() => filtered(image, bare, "inspect:file=log")).toThrow(
      expect.objectContaining({ code: "UNSUPPORTED" }),
    );
  });
});

describe("annotate", () => {
  it("annotates the manifest and labels the config, whatever the keys look like", async () => {
    const config = { config: { Labels: { old: "1", team: "a" } } };
    const image = await imageOf([["a"]], host, { config });
    const spec = "annotate:org.example/a.b=1,2,Version=3=4,config.label.team=b";
    const changed = filtered(image, host, spec, "annotate:Version=5");
    expect((await changed.manifest()).value.annotations).toEqual({ "org.example/a.b": "1,2", Version: "5" });
    expect((await changed.config()).value.config?.Labels).toEqual({ old: "1", team: "b" });
    expect(await digestsHold(changed, host)).toBe(true);
  });

  it("keeps an image's bytes where it has them already", async () => {
    const image = await imageOf([["a"]], host, { config: { config: { Labels: { team: "a" } } } });
    const labelled = filtered(image, host, "annotate:config.label.team=a");
    expect(await labelled.manifest()).toEqual(await image.manifest());
  });

  it("takes a manifest out of Docker's family, which has no annotations", async () => {
    const image = await imageOf([["a"]], host, { family: "docker" });
    const { descriptor, value } = await filtered(image, host, "annotate:k=v").manifest();
    const types = [descriptor.mediaType, value.mediaType, value.config.mediaType, value.layers[0]?.mediaType];
    expect(types).toEqual([
      MEDIA_TYPE.ociManifest,
      MEDIA_TYPE.ociManifest,
      MEDIA_TYPE.ociConfig,
      MEDIA_TYPE.ociLayerGzip,
    ]);
  });
});

describe("recompress", () => {
  it.each([
    ["none", "oci", MEDIA_TYPE.ociLayer, MEDIA_TYPE.ociManifest],
    ["none", "docker", MEDIA_TYPE.dockerLayer, MEDIA_TYPE.dockerManifest],
    ["gzip,level=1", "oci", MEDIA_TYPE.ociLayerGzip, MEDIA_TYPE.ociManifest],
    ["gzip,level=9", "docker", MEDIA_TYPE.dockerLayerGzip, MEDIA_TYPE.dockerManifest],
  ] as const)(
    "to %s gives %s's layers their media type and keeps the config",
    async (format, family, type, manifest) => {
      const image = await imageOf([["a"], ["b"]], host, { family });
      const changed = filtered(image, host, `recompress:format=${format}`);
      const made = await changed.manifest();
      expect(made.value.layers.map(({ mediaType }) => mediaType)).toEqual([type, type]);
      expect(made.descriptor.mediaType).toBe(manifest);
      expect(made.descriptor.digest).not.toBe((await image.manifest()).descriptor.digest);
      expect(await changed.config()).toEqual(await image.config());
      expect(await digestsHold(changed, host)).toBe(true);
    },
  );

  it("leaves what has the format already, unless a level is asked for", async () => {
    const image = await imageOf([["a"]], host);
    const same = filtered(image, host, "recompress:format=gzip");
    expect(await same.manifest()).toEqual(await image.manifest());
  });

  it("compresses what other filters changed only once", async () => {
    let compressions = 0;
    const gzip = (options?: object) => {
      compressions++;
      return host.kernels.gzip(options);
    };
    const counting = { ...host, kernels: { ...host.kernels, gzip } };
    const image = await imageOf([["a", "b"]], counting);
    const changed = filtered(image, counting, "exclude:pattern=a", "recompress:format=gzip,level=9");
    await changed.manifest();
    expect(compressions).toBe(1);
    expect(await digestsHold(changed, counting)).toBe(true);
  });

  it("refuses a level that the format has not", () => {
    expect(() => recompress({ format: "zstd", level: 9 })).toThrow(/Cannot use level 9 of zstd: it has 3/);
  });
});

describe("only-platform", () => {
  /** An index of images for the platforms, each with an attestation. */
  async function indexOf(platforms: readonly string[]): Promise<MultiPlatformImage> {
    const blobs = new Map<string, Uint8Array>();
    const manifests: Descriptor[] = [];
    const hold = (bytes: Uint8Array, mediaType: string): Descriptor => {
      const { digest, size } = contentOf(host.kernels, bytes);
      blobs.set(digest, bytes);
      return { mediaType, digest, size };
    };
    const empty = hold(encodeJson({}), "application/vnd.in-toto+json");
    for (const text of platforms) {
      const [os = "", architecture = "", variant] = text.split("/");
      const platform = { os, architecture, ...(variant && { variant }) };
      const image = await imageOf([[text]], host, { config: platform });
      const config = hold((await image.config()).bytes, MEDIA_TYPE.ociConfig);
      const blob = await image.layers[0]?.blob();
      if (!blob) throw new Error("the image has a layer");
      hold(await readAll(await blob.open()), MEDIA_TYPE.ociLayerGzip);
      const layers = [blob.descriptor];
      const manifest = hold(
        encodeJson({ schemaVersion: 2, mediaType: MEDIA_TYPE.ociManifest, config, layers }),
        MEDIA_TYPE.ociManifest,
      );
      manifests.push({ ...manifest, platform });
      const said = {
        schemaVersion: 2,
        mediaType: MEDIA_TYPE.ociManifest,
        config: empty,
        layers: [empty],
        about: text,
      };
      manifests.push({
        ...hold(encodeJson(said), MEDIA_TYPE.ociManifest),
        platform: { os: "unknown", architecture: "unknown" },
        annotations: { "vnd.docker.reference.digest": manifest.digest },
      });
    }
    const index = hold(
      encodeJson({ schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests }),
      MEDIA_TYPE.ociIndex,
    );
    const open = async ({ digest }: Descriptor) => streamOf(blobs.get(digest) as Uint8Array);
    return (await storedManifest(index, { open }, host)) as MultiPlatformImage;
  }

  const apply = (content: MultiPlatformImage, filters: readonly Filter[]) =>
    applyFilters(content, filters, host) as MultiPlatformImage;
  const platforms = async (content: MultiPlatformImage) =>
    (await content.index()).value.manifests.map(
      ({ platform }) => `${platform?.architecture}${platform?.variant ?? ""}`,
    );

  it("leaves the platforms and what is said of them", async () => {
    const index = await indexOf(["linux/amd64", "linux/arm64/v8", "linux/arm/v7"]);
    const left = apply(index, [parseFilter("only-platform:platform=linux/arm64,linux/arm/v7")]);
    expect(await platforms(left)).toEqual(["arm64v8", "unknown", "armv7", "unknown"]);
    expect((await left.members[0]?.descriptor)?.digest).toBe(index.members[2]?.descriptor.digest);
  });

  it("leaves the index its bytes where it has no others", async () => {
    const index = await indexOf(["linux/amd64"]);
    const left = apply(index, [parseFilter("only-platform:platform=linux/amd64")]);
    expect(await left.index()).toEqual(await index.index());
  });

  it("goes with filters that change the images", async () => {
    const index = await indexOf(["linux/amd64", "linux/arm64"]);
    const filters = ["normalize-timestamps:ts=5", "only-platform:platform=linux/amd64"].map((spec) =>
      parseFilter(spec),
    );
    expect(await platforms(apply(index, filters))).toEqual(["amd64"]);
    expect(await platforms(apply(index, filters.toReversed()))).toEqual(["amd64"]);
  });

  it("fails where a platform is not there", async () => {
    const index = await indexOf(["linux/amd64"]);
    expect(() => apply(index, [parseFilter("only-platform:platform=linux/amd64,linux/s390x")])).toThrow(
      expect.objectContaining({ code: "PLATFORM_NOT_FOUND" }),
    );
  });

  it("asks a single image to be for one of them", async () => {
    const index = await indexOf(["linux/amd64"]);
    const image = index.members.map(({ content }) => content).find(isImage) as Image;
    const good = filtered(image, host, "only-platform:platform=linux/s390x,linux/amd64");
    expect(await good.manifest()).toEqual(await image.manifest());
    await expect(
      filtered(image, host, "only-platform:platform=linux/s390x").manifest(),
    ).rejects.toMatchObject({
      code: "PLATFORM_NOT_FOUND",
    });
  });
});

describe("a pipeline's key", () => {
  const key = (...specs: string[]) => pipelineKey(specs.map((spec) => parseFilter(spec)));

  it("is the same for the same filters, however they are written", () => {
    expect(key("exclude:pattern=a,b")).toBe(key("exclude:pattern=a,pattern=b"));
    expect(key("normalize-timestamps")).toBe(key("Normalize_Timestamps:clamp=no,ts=0"));
  });

  it("is another for other filters, options and orders", () => {
    const keys = [
      key(),
      key("exclude:pattern=a"),
      key("exclude:pattern=b"),
      key("exclude:pattern=a", "squash"),
      key("squash", "exclude:pattern=a"),
      key("squash:from=1"),
      key("normalize-timestamps:ts=1"),
      key("normalize-timestamps:ts=1,clamp=true"),
      key("recompress:format=gzip,level=1"),
      key("recompress:format=gzip"),
    ];
    expect(new Set(keys).size).toBe(keys.length);
  });
});

describe("a filter's options", () => {
  it.each([
    ["search:pattern=a{1,2}", "a{1,2}"],
    ["search:pattern=a:b,regex=true", "a:b"],
    ["search:script_friendly=yes,pattern=x=1,y", "x=1,y"],
  ])("of %s have the pattern whole", (spec, pattern) => {
    expect(parseFilter(spec).key).toContain(JSON.stringify({ pattern }).slice(1, -1));
  });
});

describe("a filter that cannot be used", () => {
  it.each([
    ["exclude", /Cannot use filter exclude: it needs pattern=/],
    ["exclude:pattern=", /pattern is empty/],
    ["exclude:pattern=a,", /exclude: pattern "": it names nothing/],
    ["exclude:pattern=/", /names nothing/],
    ["exclude:pattern=a,glob=b", /no option "glob"/],
    [`exclude:pattern=${"a".repeat(5000)}`, /more than 4096 characters/],
    ["search", /it needs pattern=/],
    ["search:pattern=(,regex=true", /Cannot use filter search: pattern "\(": Invalid regular expression/],
    ["search:pattern=,regex=true", /pattern is empty/],
    ["inspect", /it needs file=/],
    ["squash:from=-1", /from is not a number of layers/],
    ["squash:from=two", /from is not a whole number/],
    ["annotate", /it needs KEY=VALUE/],
    ["annotate:key", /not key=value/],
    ["recompress", /it needs format=/],
    ["recompress:format=xz", /format is not gzip, zstd or none/],
    ["recompress:format=gzip,level=4", /level 4 of gzip: it has 1, 6, 9/],
    ["recompress:format=none,level=1", /it has none/],
    ["only-platform", /it needs platform=/],
    ["only-platform:platform=linux", /only-platform: platform "linux": expected os/],
    ["constructor", /there are normalize-timestamps, exclude/],
  ])("%s is refused with the reason", (spec, message) => {
    expect(() => parseFilter(spec)).toThrow(expect.objectContaining({ code: "USAGE" }));
    expect(() => parseFilter(spec)).toThrow(message);
  });
});
