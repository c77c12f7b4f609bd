/** Bundles whose digests all hold, made by someone who means harm; and definitions that are wrong. */
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { assembleBundle, type BuiltArtifact } from "../../../src/bundle/assemble.ts";
import { type BundleArtifact, FILES_TYPE } from "../../../src/bundle/config.ts";
import { writeBundle } from "../../../src/bundle/write.ts";
import { type Content, contentOf } from "../../../src/bytes/content.ts";
import { EMPTY_JSON, EMPTY_JSON_BYTES } from "../../../src/oci/descriptor.ts";
import { encodeJson } from "../../../src/oci/json.ts";
import { MEDIA_TYPE } from "../../../src/oci/media-type.ts";
import { type MemoryHost, memoryHost } from "../../memory-host.ts";
import { archive, rawMember } from "../../unit/tar/raw.ts";
import { Workspace } from "./cli.ts";
import { expectFailure } from "./failure.ts";

let work: Workspace;
let host: MemoryHost;

beforeAll(async () => {
  work = new Workspace();
  host = await memoryHost();
  writeFileSync(work.at("secret"), "secret\n");
});
afterAll(() => work.dispose());

type Lock = (
  base: Pick<BundleArtifact, "name" | "origin" | "mediaType" | "digest" | "size">,
) => BundleArtifact;

/** An artifact of one blob, with whatever lock its maker likes. */
function artifactOf(blob: Content, lock: Lock): BuiltArtifact {
  const { digest, size } = blob;
  const layers = [{ mediaType: MEDIA_TYPE.octetStream, digest, size }];
  const about = { schemaVersion: 2, mediaType: MEDIA_TYPE.ociManifest, artifactType: FILES_TYPE };
  const manifest = contentOf(host.kernels, encodeJson({ ...about, config: EMPTY_JSON, layers }));
  const child = { mediaType: MEDIA_TYPE.ociManifest, digest: manifest.digest, size: manifest.size };
  const artifact = lock({ name: "evil", origin: "local://evil", ...child });
  const contents = [manifest, contentOf(host.kernels, EMPTY_JSON_BYTES), blob];
  return { artifact, child: { ...child, artifactType: FILES_TYPE }, contents, paths: [] };
}

async function writeEvil(...artifacts: readonly BuiltArtifact[]): Promise<void> {
  const bundle = await assembleBundle({ name: "evil", variables: {}, artifacts }, host);
  await writeBundle(bundle, await host.files.createFile("evil.bundle"), host);
  writeFileSync(work.at("evil.bundle"), host.files.files.get("evil.bundle") as Uint8Array);
}

const content = (bytes: Uint8Array | string) =>
  contentOf(host.kernels, typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes);

/** A file at any path. */
const fileAt = (...paths: string[]) => {
  const { digest, size } = content("evil\n");
  const files = paths.map((path) => ({ path, mode: "0644" as const, digest, size }));
  return artifactOf(content("evil\n"), (base) => ({ ...base, type: "files", target: ".", files }));
};

/** A folder's tar with any members. */
const treeOf = (target: string, ...members: Uint8Array[]) => {
  const tar = content(archive(...members));
  const tree = { digest: tar.digest, size: tar.size };
  return artifactOf(tar, (base) => ({ ...base, type: "tree", target, tree }));
};

const link = (name: string, linkname: string, type = "2") => rawMember({ name, type, linkname });
const extract = ["bundle", "extract", "evil.bundle", "out"];

describe("a bundle whose digests hold is not extracted", () => {
  it.each<[string, () => BuiltArtifact[], string]>([
    ["with a file outside", () => [fileAt("../evil")], "UNSAFE_PATH"],
    ["with an absolute file", () => [fileAt("/tmp/evil")], "UNSAFE_PATH"],
    ["with a file on a drive", () => [fileAt("C:evil")], "UNSAFE_PATH"],
    ["with a file that has no name", () => [fileAt("")], "UNSAFE_PATH"],
    ["with one file twice", () => [fileAt("a", "a")], "ALREADY_EXISTS"],
    ["with a file below a file", () => [fileAt("a", "a/b")], "UNSAFE_PATH"],
    ["with a folder outside", () => [treeOf("../evil", rawMember({ name: "a" }, "x"))], "UNSAFE_PATH"],
    ["with a member outside", () => [treeOf("d", rawMember({ name: "../a" }, "x"))], "UNSAFE_PATH"],
    ["with an absolute member", () => [treeOf("d", rawMember({ name: "/a" }, "x"))], "UNSAFE_PATH"],
    ["with a link that leaves", () => [treeOf("d", link("up", "../../secret"))], "UNSAFE_PATH"],
    ["with an absolute link", () => [treeOf("d", link("up", "/etc/passwd"))], "UNSAFE_PATH"],
    [
      "with a file through a link",
      () => [treeOf("d", link("e", "f"), rawMember({ name: "e/x" }, "x"))],
      "UNSAFE_PATH",
    ],
    [
      "with a file through another artifact's link",
      () => [treeOf("d", link("e", "f")), fileAt("d/e/x")],
      "UNSAFE_PATH",
    ],
    ["with a hard link", () => [treeOf("d", link("h", "secret", "1"))], "UNSUPPORTED"],
    ["with a device", () => [treeOf("d", rawMember({ name: "null", type: "3" }))], "UNSUPPORTED"],
    ["with a folder that is no tar", () => [notATar()], "TAR_INVALID"],
  ])("%s", async (_, artifacts, code) => {
    await writeEvil(...artifacts());
    await work.sealift(["bundle", "verify", "evil.bundle"]);
    await expectFailure(work, extract, { code: code as never, exit: 1 });
  });

  it("because the lock names what the root does not lead to", async () => {
    const { digest, size } = content("elsewhere\n");
    const files = [{ path: "a", mode: "0644" as const, digest, size }];
    await writeEvil(artifactOf(content("x"), (base) => ({ ...base, type: "files", target: ".", files })));
    const { code, stdout } = await work.run(["bundle", "verify", "evil.bundle"]);
    expect(code).toBe(3);
    expect(stdout).toContain("the lock names it, but the root does not lead to it");
    expect((await work.run(extract)).code).toBe(3);
    expect(readdirSync(work.path)).not.toContain("out");
  });

  it("but a harmless one is", async () => {
    await writeEvil(fileAt("a", "b/c"), treeOf("d", rawMember({ name: "e/", type: "5" }), link("l", "e")));
    await work.sealift(["bundle", "extract", "evil.bundle", "harmless"]);
    expect(readdirSync(work.at("harmless")).sort()).toEqual(["a", "b", "d"]);
  });

  it("what it says of itself does nothing to a terminal", async () => {
    await writeEvil(
      artifactOf(content("x"), (base) => ({
        ...base,
        type: "files",
        target: "\u001b[2J",
        name: "\u001b]0;owned\u0007",
        files: [],
      })),
    );
    const said = await work.sealift(["bundle", "info", "evil.bundle"]);
    expect(said).not.toContain("\u001b");
    expect(said).toContain("\\x1b]0;owned\\x07");
  });
});

function notATar(): BuiltArtifact {
  const blob = content("no tar at all\n".repeat(100));
  const tree = { digest: blob.digest, size: blob.size };
  return artifactOf(blob, (base) => ({ ...base, type: "tree", target: "d", tree }));
}

describe("a definition is refused", () => {
  const definition = (artifact: string, more = "") =>
    `apiVersion: sealift.dev/v1\nkind: Manifest\nmetadata: {name: x}\n${more}artifacts:\n  - ${artifact}\n`;
  const build = ["bundle", "build", "-f", "d/x.sealift.yml", "-o", "x.bundle"];

  it.each<[string, string, string, number]>([
    ["that is no YAML", "a: [", "DEFINITION_INVALID", 1],
    ["that is text", "hello\n", "DEFINITION_INVALID", 1],
    ["that is empty", "", "DEFINITION_INVALID", 1],
    ["that is a bomb of aliases", bomb(), "DEFINITION_INVALID", 1],
    [
      "with an unknown field",
      definition("{name: a, origin: 'local://./a', target: a, mode: x}"),
      "DEFINITION_INVALID",
      1,
    ],
    ["with an origin of no kind", definition("{name: a, origin: ./a, target: a}"), "DEFINITION_INVALID", 1],
    [
      "with a file that is not there",
      definition("{name: a, origin: 'local://./none', target: a}"),
      "NOT_FOUND",
      5,
    ],
    ["with a target outside", definition("{name: a, origin: 'local://./a', target: ../a}"), "UNSAFE_PATH", 1],
    ["with an absolute target", definition("{name: a, origin: 'local://./a', target: /a}"), "UNSAFE_PATH", 1],
    [
      "with a link that leaves",
      definition("{name: a, origin: 'local://./links', target: a}"),
      "UNSAFE_PATH",
      1,
    ],
    [
      "with a pipe among its files",
      definition("{name: a, origin: 'local://./pipes', target: a}"),
      "UNSUPPORTED",
      1,
    ],
    [
      "with an entrypoint that is not there",
      definition("{name: a, origin: 'local://./a', target: a}", "entrypoint: {script: ./none.sh}\n"),
      "NOT_FOUND",
      5,
    ],
    [
      "with an entrypoint outside",
      definition("{name: a, origin: 'local://./a', target: a}", "entrypoint: {script: ../secret}\n"),
      "UNSAFE_PATH",
      1,
    ],
  ])("%s", async (_, text, code, exit) => {
    mkdirSync(work.at("d/links"), { recursive: true });
    mkdirSync(work.at("d/pipes"), { recursive: true });
    writeFileSync(work.at("d/a"), "a");
    writeFileSync(work.at("d/x.sealift.yml"), text);
    if (readdirSync(work.at("d/links")).length === 0) {
      symlinkSync("../../secret", work.at("d/links/up"));
      await makePipe(work.at("d/pipes/pipe"));
    }
    await expectFailure(work, build, { code: code as never, exit });
  });
});

async function makePipe(path: string): Promise<void> {
  const { execFileSync } = await import("node:child_process");
  execFileSync("mkfifo", [path]);
}

/** Nine levels of nine aliases each would be 400 million strings. */
function bomb(): string {
  const levels = Array.from({ length: 9 }, (_, i) => {
    const above = i === 0 ? '"lol"' : `*l${i - 1}`;
    return `l${i}: &l${i} [${Array(9).fill(above).join(", ")}]`;
  });
  return `${levels.join("\n")}\n`;
}
