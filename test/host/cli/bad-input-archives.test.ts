/** Archives and layouts that are damaged or made to do harm. */
import { readFileSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ErrorCode } from "../../../src/error.ts";
import { archive, rawMember } from "../../unit/tar/raw.ts";
import { Workspace } from "./cli.ts";
import { type Expected, expectFailure } from "./failure.ts";
import {
  archiveOf,
  dockerArchive,
  type Layout,
  layoutOf,
  sha256,
  smallLayout,
  writeFolder,
} from "./images.ts";

let work: Workspace;
const good = smallLayout();
const encode = (text: string) => new TextEncoder().encode(text);

beforeAll(() => {
  work = new Workspace();
  writeFileSync(work.at("good.tar"), archiveOf(good.files));
});
afterAll(() => work.dispose());

/** Both forms of reading, in place and spooled from standard input, and both of moving. */
async function refused(bytes: Uint8Array, expected: Expected): Promise<void> {
  writeFileSync(work.at("bad.tar"), bytes);
  await expectFailure(work, ["process", "tar://bad.tar", "tar://out.tar"], expected);
  await expectFailure(work, ["copy", "tar://bad.tar", "oci-archive://out.tar"], expected);
  await expectFailure(work, ["process", "tar://-", "oci-layout://out"], { ...expected, input: bytes });
}

/** The layout with some files replaced (or, by undefined, gone). */
function withFiles(layout: Layout, changes: Readonly<Record<string, Uint8Array | undefined>>) {
  const files = new Map(layout.files);
  for (const [name, bytes] of Object.entries(changes)) {
    if (bytes) files.set(name, bytes);
    else files.delete(name);
  }
  return files;
}

const blobName = (digest: string | undefined) => `blobs/sha256/${digest?.slice(7)}`;

describe("an archive cut off", () => {
  const whole = archiveOf(good.files);
  it.each([
    ["in its first header", 100],
    ["in its first blob", 600],
    ["between two members", 1024],
    ["in the middle", Math.floor(whole.length / 2)],
    ["before its last member's end", whole.length - 1024 - 600],
  ])("%s is refused", async (_, length) => {
    const bytes = whole.subarray(0, length);
    // Cut between members it is a whole archive of too few files.
    const code = length % 512 === 0 ? "(TAR_TRUNCATED|LAYOUT_INVALID)" : "TAR_TRUNCATED";
    await refused(bytes, { code: code as ErrorCode, exit: 1 });
  });

  it("that is empty is refused", () => refused(new Uint8Array(), { code: "LAYOUT_INVALID", exit: 1 }));

  it("and compressed is refused", async () => {
    const zipped = gzipSync(whole);
    await refused(zipped.subarray(0, zipped.length - 5), { code: "GZIP_TRUNCATED", exit: 1 });
    await refused(zipped.subarray(0, 200), { code: "GZIP_TRUNCATED", exit: 1 });
  });

  it("without its end marker is read, as every tar does", async () => {
    writeFileSync(work.at("endless.tar"), whole.subarray(0, whole.length - 1024));
    await work.sealift(["process", "tar://endless.tar", "oci-archive://endless.out"]);
  });
});

describe("an archive that is none", () => {
  it.each<[string, Uint8Array, ErrorCode]>([
    ["text", encode("hello, world\n".repeat(100)), "TAR_INVALID"],
    ["zeros", new Uint8Array(10_240), "LAYOUT_INVALID"],
    ["a tar of something else", archive(rawMember({ name: "readme" }, "hello")), "LAYOUT_INVALID"],
    ["damaged gzip", damaged(gzipSync(archiveOf(good.files)), 150), "GZIP_INVALID"],
  ])("but %s is refused", async (_, bytes, code) => {
    await refused(bytes, { code, exit: 1 });
  });
});

describe("content that is not what its digest says", () => {
  const [layer] = good.layers;

  it.each<[string, Readonly<Record<string, Uint8Array | undefined>>, ErrorCode, number]>([
    ["a layer", { [blobName(layer?.digest)]: damaged(blob(good, layer?.digest), 20) }, "DIGEST_MISMATCH", 3],
    [
      "a config",
      { [blobName(good.config.digest)]: damaged(blob(good, good.config.digest), 5) },
      "DIGEST_MISMATCH",
      3,
    ],
    [
      "a manifest",
      { [blobName(good.image.digest)]: damaged(blob(good, good.image.digest), 5) },
      "DIGEST_MISMATCH",
      3,
    ],
    ["a layer of another size", { [blobName(layer?.digest)]: encode("short") }, "SIZE_MISMATCH", 3],
    ["a layer that is missing", { [blobName(layer?.digest)]: undefined }, "BLOB_UNKNOWN", 5],
    ["an index that is missing", { "index.json": undefined }, "LAYOUT_INVALID", 1],
    ["an index that is no JSON", { "index.json": encode("{") }, "MANIFEST_INVALID", 1],
    [
      "a version from elsewhere",
      { "oci-layout": encode('{"imageLayoutVersion":"9.0.0"}') },
      "UNSUPPORTED",
      1,
    ],
  ])("is refused: %s", async (_, changes, code, exit) => {
    const bytes = archiveOf(withFiles(good, changes));
    await refused(bytes, { code, exit });
    writeFileSync(work.at("bad.tar"), bytes);
    for (const sink of ["oci-archive://out.tar", "bundle://out.bundle", "dir://out"])
      await expectFailure(work, ["process", "tar://bad.tar", sink], { code, exit });
  });

  it("is refused in a folder as well", async () => {
    writeFolder(
      work.at("folder"),
      withFiles(good, { [blobName(layer?.digest)]: damaged(blob(good, layer?.digest), 20) }),
    );
    const expected: Expected = { code: "DIGEST_MISMATCH", exit: 3 };
    await expectFailure(work, ["process", "oci-layout://folder", "tar://out.tar"], expected);
    await expectFailure(work, ["process", "oci-layout://folder", "oci-layout://out"], expected);
  });

  it("is refused: a layer whose diff_id is another's, wherever it is uncompressed", async () => {
    const tar = archive(rawMember({ name: "a" }, "a"));
    const lying = layoutOf([tar]);
    const config = JSON.parse(new TextDecoder().decode(blob(lying, lying.config.digest)));
    config.rootfs.diff_ids = [`sha256:${sha256(encode("other"))}`];
    const bytes = withConfig(lying, encode(JSON.stringify(config)));
    writeFileSync(work.at("lying.tar"), bytes);
    const expected: Expected = { code: "DIGEST_MISMATCH", exit: 3 };
    await expectFailure(work, ["process", "tar://lying.tar", "tar://out.tar"], expected);
    const filter = ["-f", "normalize-timestamps"];
    await expectFailure(work, ["process", "tar://lying.tar", "oci-archive://out.tar", ...filter], expected);
  });

  it("is refused in what docker saved", async () => {
    const tar = archive(rawMember({ name: "a" }, "a"));
    const bytes = Buffer.from(dockerArchive([tar], "app:1"));
    bytes.write("b", bytes.indexOf("a\0\0\0", 1024));
    await refused(bytes, { code: "DIGEST_MISMATCH", exit: 3 });
  });
});

describe("an archive made to do harm", () => {
  const evil = (name: string) => archive(...members(good), rawMember({ name }, "evil"));
  const link = (linkname: string, type = "2") =>
    archive(...members(good), rawMember({ name: "blobs/sha256/link", type, linkname }));

  it.each<[string, Uint8Array, ErrorCode]>([
    ["a name that leaves", evil("../evil"), "UNSAFE_PATH"],
    ["a name that leaves in its middle", evil("blobs/../../evil"), "UNSAFE_PATH"],
    ["an absolute name", evil("/etc/evil"), "UNSAFE_PATH"],
    ["a link that leaves", link("../../../etc/passwd"), "UNSAFE_PATH"],
    ["an absolute link", link("/etc/passwd"), "UNSAFE_PATH"],
    ["a hard link that leaves", link("../../etc/passwd", "1"), "UNSAFE_PATH"],
    ["a link to itself", link("link"), "LAYOUT_INVALID"],
    ["a device", archive(...members(good), rawMember({ name: "null", type: "3" })), "LAYOUT_INVALID"],
    ["one name twice", archive(...members(good), ...members(good)), "LAYOUT_INVALID"],
    ["one name twice, spelt differently", evil("./index.json"), "LAYOUT_INVALID"],
  ])("by %s is refused", async (_, bytes, code) => {
    await refused(bytes, { code, exit: 1 });
  });

  it("by names in manifest.json is refused", async () => {
    const manifest = encode(JSON.stringify([{ Config: "../../etc/passwd", RepoTags: [], Layers: [] }]));
    const bytes = archive(rawMember({ name: "manifest.json" }, manifest));
    await refused(bytes, { code: "UNSAFE_PATH", exit: 1 });
  });

  it("is named by its bytes, not by what they do to a terminal", async () => {
    const bytes = archive(...members(good), rawMember({ name: "../\u001b]0;owned\u0007" }, ""));
    writeFileSync(work.at("bad.tar"), bytes);
    const expected: Expected = { code: "UNSAFE_PATH", exit: 1 };
    const said = await expectFailure(work, ["process", "tar://bad.tar", "tar://out.tar"], expected);
    expect(said).not.toContain("\u001b");
  });
});

function members(layout: Layout): Uint8Array[] {
  return [...layout.files].map(([name, bytes]) => rawMember({ name }, bytes));
}

function blob(layout: Layout, digest: string | undefined): Uint8Array {
  return layout.files.get(blobName(digest)) as Uint8Array;
}

function damaged(bytes: Uint8Array, at: number): Uint8Array {
  // A Buffer's own slice would share the memory.
  const copy = Uint8Array.from(bytes);
  copy[at] = (copy[at] as number) ^ 0xff;
  return copy;
}

/** The layout as an archive with another config, all digests above it right. */
function withConfig(layout: Layout, config: Uint8Array): Uint8Array {
  const manifest = JSON.parse(new TextDecoder().decode(blob(layout, layout.image.digest)));
  manifest.config = { ...manifest.config, digest: `sha256:${sha256(config)}`, size: config.length };
  const bytes = encode(JSON.stringify(manifest));
  const entry = { mediaType: layout.image.mediaType, digest: `sha256:${sha256(bytes)}`, size: bytes.length };
  return archiveOf(
    withFiles(layout, {
      [`blobs/sha256/${sha256(config)}`]: config,
      [`blobs/sha256/${sha256(bytes)}`]: bytes,
      "index.json": encode(JSON.stringify({ schemaVersion: 2, manifests: [entry] })),
    }),
  );
}

it("a good archive passes where the bad ones did not", async () => {
  await work.sealift(["process", "tar://-", "tar://fine.tar"], { input: readFileSync(work.at("good.tar")) });
  expect(work.temporaryFiles()).toEqual([]);
});
