/** Configs, manifests, indexes and lists under their right digests that no image has, and what is said of each. */
import type { ErrorCode } from "../src/error.ts";
import { smallLayout, withConfig, withManifest } from "./host/cli/images.ts";

/** An archive's files, and what reading an image of them fails with. */
export interface BadImage {
  readonly what: string;
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly code: ErrorCode;
  readonly says: string | RegExp;
  /** Whose error `check` finds; absent where it fails as the rest does. */
  readonly check?: string;
  /** `info` tells what is there all the same: which of the two is wrong, check says. */
  readonly hasInfo?: boolean;
}

export const GOOD = smallLayout();
const good = GOOD;
const [first = "", second = ""] = good.diffIds;

type Change = (text: string) => string;
/** A document with fields replaced; undefined takes one away. */
const replaced =
  (fields: object): Change =>
  (text) =>
    JSON.stringify({ ...JSON.parse(text), ...fields });
const rootfs = (diff_ids: unknown, type: unknown = "layers") => replaced({ rootfs: { type, diff_ids } });
const OVER_4_MIB = 5 << 20;

const CONFIGS: readonly (readonly [string, Change, ErrorCode, string | RegExp, string])[] = [
  ["that is no JSON", () => "{", "CONFIG_INVALID", "it is not JSON", "config"],
  ["that is empty", () => "", "CONFIG_INVALID", "it is not JSON", "config"],
  ["that is a list", () => "[]", "CONFIG_INVALID", /Cannot read .*config/, "config"],
  ["that is null", () => "null", "CONFIG_INVALID", /Cannot read .*config/, "config"],
  ["nested without end", () => "[".repeat(100_000), "CONFIG_INVALID", "it is not JSON", "config"],
  ["whose os is a number", replaced({ os: 1 }), "CONFIG_INVALID", "os: ", "config"],
  [
    "without an architecture",
    replaced({ architecture: undefined }),
    "CONFIG_INVALID",
    "architecture: ",
    "config",
  ],
  ["without rootfs", replaced({ rootfs: undefined }), "CONFIG_INVALID", "rootfs: ", "rootfs-type"],
  ["whose rootfs is a text", replaced({ rootfs: "layers" }), "CONFIG_INVALID", "rootfs: ", "rootfs-type"],
  ["without diff_ids", rootfs(undefined), "CONFIG_INVALID", "rootfs.diff_ids: ", "layer-count"],
  ["whose diff_ids are a text", rootfs(first), "CONFIG_INVALID", "rootfs.diff_ids: ", "layer-count"],
  [
    "with a diff_id that is none",
    rootfs([first, "sha256:12"]),
    "CONFIG_INVALID",
    "rootfs.diff_ids.1: ",
    "diff-id",
  ],
  [
    "with a diff_id that is a number",
    rootfs([1, second]),
    "CONFIG_INVALID",
    "rootfs.diff_ids.0: ",
    "diff-id",
  ],
  [
    "with too few diff_ids",
    rootfs([first]),
    "CONFIG_INVALID",
    "it has 1 diff_id for 2 layers",
    "layer-count",
  ],
  [
    "with too many diff_ids",
    rootfs([first, second, first]),
    "CONFIG_INVALID",
    "it has 3 diff_ids for 2 layers",
    "layer-count",
  ],
  ["whose history is an object", replaced({ history: {} }), "CONFIG_INVALID", "history: ", "config"],
  [
    "whose environment is a text",
    replaced({ config: { Env: "A=b" } }),
    "CONFIG_INVALID",
    "config.Env: ",
    "config",
  ],
  [
    "whose labels are numbers",
    replaced({ config: { Labels: { a: 1 } } }),
    "CONFIG_INVALID",
    "config.Labels.a: ",
    "config",
  ],
  [
    "that is huge",
    replaced({ author: "x".repeat(OVER_4_MIB) }),
    "LIMIT_EXCEEDED",
    /over the limit|larger than/,
    "config",
  ],
];

const MANIFESTS: readonly (readonly [string, Change, ErrorCode, string | RegExp, string])[] = [
  ["that is no JSON", () => "{", "MANIFEST_INVALID", "it is not JSON", "manifest"],
  ["that is a list", () => "[]", "MANIFEST_INVALID", /Cannot read sha256/, "manifest"],
  ["of version 1", replaced({ schemaVersion: 1 }), "MANIFEST_INVALID", "schemaVersion: ", "schema-version"],
  ["without a config", replaced({ config: undefined }), "MANIFEST_INVALID", "config: ", "config-descriptor"],
  ["without layers", replaced({ layers: undefined }), "MANIFEST_INVALID", "layers: ", "manifest"],
  ["whose layers are an object", replaced({ layers: {} }), "MANIFEST_INVALID", "layers: ", "manifest"],
  [
    "with a layer whose digest leads elsewhere",
    replaced({ layers: [{ mediaType: "a/b", digest: "sha256:../../etc/passwd", size: 1 }] }),
    "MANIFEST_INVALID",
    "layers.0.digest: ",
    "layer-descriptor",
  ],
  [
    "with a layer of a negative size",
    replaced({ layers: [{ ...good.layers[0], size: -1 }] }),
    "MANIFEST_INVALID",
    "layers.0.size: ",
    "layer-descriptor",
  ],
  [
    "with a layer of half a byte",
    replaced({ layers: [{ ...good.layers[0], size: 0.5 }] }),
    "MANIFEST_INVALID",
    "layers.0.size: ",
    "layer-descriptor",
  ],
  [
    "that is huge",
    replaced({ annotations: { a: "x".repeat(OVER_4_MIB) } }),
    "LIMIT_EXCEEDED",
    /over the limit|larger than/,
    "metadata",
  ],
];

const withIndex = (text: string) => new Map(good.files).set("index.json", new TextEncoder().encode(text));
const entry = { ...good.image };

const INDEXES: readonly (readonly [string, string, ErrorCode, string | RegExp])[] = [
  ["that is no JSON", "{", "MANIFEST_INVALID", "Cannot read index.json: it is not JSON"],
  ["that is a list", "[]", "MANIFEST_INVALID", "Cannot read index.json: "],
  ["without manifests", '{"schemaVersion":2}', "MANIFEST_INVALID", "manifests: "],
  ["with no manifests", '{"schemaVersion":2,"manifests":[]}', "LAYOUT_INVALID", "the OCI layout has none"],
  [
    "with a digest that leads elsewhere",
    JSON.stringify({ schemaVersion: 2, manifests: [{ ...entry, digest: "sha256:../../x" }] }),
    "MANIFEST_INVALID",
    "manifests.0.digest: ",
  ],
  [
    "that is huge",
    `{"schemaVersion":2,"manifests":[],"a":"${"x".repeat(OVER_4_MIB)}"}`,
    "LIMIT_EXCEEDED",
    "larger than",
  ],
];

const saved = (manifest: string, more: Readonly<Record<string, string>> = {}) => {
  const encode = (text: string) => new TextEncoder().encode(text);
  return new Map(
    Object.entries({ ...more, "manifest.json": manifest }).map(([name, text]) => [name, encode(text)]),
  );
};
const config = (fields: object) =>
  JSON.stringify({
    os: "linux",
    architecture: "amd64",
    rootfs: { type: "layers", diff_ids: [] },
    ...fields,
  });
const one = (Layers: string[] = []) => JSON.stringify([{ Config: "c.json", RepoTags: ["a:1"], Layers }]);

const SAVED: readonly (readonly [string, ReadonlyMap<string, Uint8Array>, ErrorCode, string | RegExp])[] = [
  ["with a list that is no JSON", saved("["), "LAYOUT_INVALID", "Cannot read manifest.json: it is not JSON"],
  ["with a list that is none", saved("{}"), "LAYOUT_INVALID", "Cannot read manifest.json: "],
  ["without images", saved("[]"), "LAYOUT_INVALID", "has none"],
  ["with an image without a config", saved("[{}]"), "LAYOUT_INVALID", "0.Config: "],
  ["with a config that is not there", saved(one()), "LAYOUT_INVALID", "names c.json, which is not there"],
  [
    "with a config that is no JSON",
    saved(one(), { "c.json": "{" }),
    "CONFIG_INVALID",
    "Cannot read c.json: it is not JSON",
  ],
  [
    "with a config of the wrong types",
    saved(one(), { "c.json": config({ os: [] }) }),
    "CONFIG_INVALID",
    "Cannot read c.json: os: ",
  ],
  [
    "with a layer that has no diff_id",
    saved(one(["l"]), { "c.json": config({}), l: "" }),
    "LAYOUT_INVALID",
    "it has 0 diff_ids, manifest.json lists 1 layer",
  ],
  [
    "with a layer that is not there",
    saved(one(["l"]), { "c.json": config({ rootfs: { type: "layers", diff_ids: [first] } }) }),
    "LAYOUT_INVALID",
    "names l, which is not there",
  ],
  [
    "with a huge config",
    saved(one(), { "c.json": config({ author: "x".repeat(OVER_4_MIB) }) }),
    "LIMIT_EXCEEDED",
    "larger than",
  ],
];

/** In OCI archives. */
export const BAD_IMAGES: readonly BadImage[] = [
  ...CONFIGS.map(([what, change, code, says, check]) => ({
    what: `a config ${what}`,
    files: withConfig(good, change),
    ...{ code, says, check, hasInfo: check === "layer-count" },
  })),
  ...MANIFESTS.map(([what, change, code, says, check]) => ({
    what: `a manifest ${what}`,
    files: withManifest(good, change),
    ...{ code, says, check },
  })),
  ...INDEXES.map(([what, text, code, says]) => ({
    what: `an index.json ${what}`,
    files: withIndex(text),
    ...{ code, says },
  })),
];

/** In docker-save archives. */
export const BAD_SAVES: readonly BadImage[] = SAVED.map(([what, files, code, says]) => ({
  what: `what docker saved ${what}`,
  ...{ files, code, says },
}));

/** An index that says another size of its manifest than it has. */
export const WRONG_SIZE: ReadonlyMap<string, Uint8Array> = withIndex(
  JSON.stringify({ schemaVersion: 2, manifests: [{ ...entry, size: 5 }] }),
);
