/** Configs, manifests and indexes under their right digests that no image has; by every command that reads one. */
import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ErrorCode } from "../../../src/error.ts";
import { Workspace } from "./cli.ts";
import { expectFailure } from "./failure.ts";
import { archiveOf, smallLayout, withConfig, withManifest } from "./images.ts";

let work: Workspace;
const good = smallLayout();
const [first = "", second = ""] = good.diffIds;

beforeAll(() => {
  work = new Workspace();
  writeFileSync(work.at("good.tar"), archiveOf(good.files));
});
afterAll(() => work.dispose());

type Change = (text: string) => string;
/** A document with fields replaced; undefined takes one away. */
const replaced =
  (fields: object): Change =>
  (text) =>
    JSON.stringify({ ...JSON.parse(text), ...fields });
const rootfs = (diff_ids: unknown, type: unknown = "layers") => replaced({ rootfs: { type, diff_ids } });
const OVER_4_MIB = 5 << 20;
const BAD = "oci-archive://bad.tar";

/** Reading, looking into and moving; what is written is written by none. */
const READING = [
  ["ls", BAD],
  ["cat", BAD, "/hello"],
  ["search", BAD, "*"],
  ["diff", "oci-archive://good.tar", BAD],
  ["process", BAD, "tar://out.tar"],
  ["process", BAD, "oci-archive://out.tar", "-f", "normalize-timestamps"],
  ["process", BAD, "dir://out"],
  ["process", BAD, "oci://out"],
];
const COPYING = [
  ["process", BAD, "oci-layout://out"],
  ["copy", BAD, "oci-archive://out.tar"],
  ["copy", BAD, "bundle://out.bundle"],
];

/** Each command is a process: a case tries some of them, in turn, so that all have seen several. */
const AT_ONCE = 2;
let turn = 0;

async function refused(
  files: ReadonlyMap<string, Uint8Array>,
  commands: readonly string[][],
  code: ErrorCode,
  says: string | RegExp,
) {
  writeFileSync(work.at("bad.tar"), archiveOf(files));
  for (let at = 0; at < AT_ONCE; at++) {
    const args = commands[turn++ % commands.length] as string[];
    await expectFailure(work, args, { code, exit: 1, says });
  }
}

async function found(check: string) {
  const { code, stdout } = await work.run(["check", BAD, "--json"]);
  const { results } = JSON.parse(stdout);
  const errors = results.filter(({ severity }: { severity: string }) => severity === "error");
  expect({ code, checks: errors.map((error: { check: string }) => error.check) }).toMatchObject({
    code: expect.any(Number),
    checks: expect.arrayContaining([check]),
  });
  expect(code).not.toBe(0);
}

describe("a config", () => {
  it.each<[string, Change, ErrorCode, string | RegExp, string]>([
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
  ])("%s", async (_, change, code, says, check) => {
    await refused(withConfig(good, change), READING, code, says);
    // What is there is told all the same: which of the two is wrong, check says.
    if (check !== "layer-count") await expectFailure(work, ["info", BAD], { code, exit: 1, says });
    await found(check);
  });
});

describe("a manifest", () => {
  it.each<[string, Change, ErrorCode, string | RegExp, string]>([
    ["that is no JSON", () => "{", "MANIFEST_INVALID", "it is not JSON", "manifest"],
    ["that is a list", () => "[]", "MANIFEST_INVALID", /Cannot read sha256/, "manifest"],
    ["of version 1", replaced({ schemaVersion: 1 }), "MANIFEST_INVALID", "schemaVersion: ", "schema-version"],
    [
      "without a config",
      replaced({ config: undefined }),
      "MANIFEST_INVALID",
      "config: ",
      "config-descriptor",
    ],
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
  ])("%s", async (_, change, code, says, check) => {
    await refused(withManifest(good, change), [["info", BAD], ...READING, ...COPYING], code, says);
    await found(check);
  });
});

describe("an index.json", () => {
  const withIndex = (text: string) => new Map(good.files).set("index.json", new TextEncoder().encode(text));
  const entry = { ...good.image };

  it.each<[string, string, ErrorCode, string | RegExp]>([
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
  ])("%s", async (_, text, code, says) => {
    await refused(withIndex(text), [["check", BAD], ["info", BAD], ...READING, ...COPYING], code, says);
  });

  it("that says another size of its manifest", async () => {
    const text = JSON.stringify({ schemaVersion: 2, manifests: [{ ...entry, size: 5 }] });
    writeFileSync(work.at("bad.tar"), archiveOf(withIndex(text)));
    for (const args of [...READING.slice(0, 2), ...COPYING.slice(0, 2)])
      await expectFailure(work, args, { code: "SIZE_MISMATCH", exit: 3, says: "expected 5" });
  });
});

describe("what docker saved", () => {
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

  it.each<[string, Map<string, Uint8Array>, ErrorCode, string | RegExp]>([
    [
      "with a list that is no JSON",
      saved("["),
      "LAYOUT_INVALID",
      "Cannot read manifest.json: it is not JSON",
    ],
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
  ])("%s", async (_, files, code, says) => {
    writeFileSync(work.at("saved.tar"), archiveOf(files));
    const source = "tar://saved.tar";
    for (const args of [
      ["ls", source],
      ["copy", source, "oci-archive://out.tar"],
    ])
      await expectFailure(work, args, { code, exit: 1, says });
  });
});
