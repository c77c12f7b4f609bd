/** Images as files, made and checked without the code under test. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gunzipSync, gzipSync, zstdDecompressSync } from "node:zlib";
import { expect } from "vitest";
import { archive, rawMember } from "../../unit/tar/raw.ts";

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const INDEX = "application/vnd.oci.image.index.v1+json";

export interface Blob {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** An OCI layout's files by name. */
export interface Layout {
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** What index.json names: a manifest, or an index of several platforms. */
  readonly image: Blob;
  /** The first platform's. */
  readonly config: Blob;
  readonly layers: readonly Blob[];
  readonly diffIds: readonly string[];
}

export interface LayoutOptions {
  readonly ref?: string;
  /** More than one make an index. */
  readonly architectures?: readonly string[];
  /** What compresses its layers; zlib's gzip without it. */
  readonly compression?: Compressor;
  /** The config's `config`, for those that are to be run. */
  readonly settings?: object;
}

/** A compression's name in media types, and how it is made. */
export interface Compressor {
  readonly name: "gzip" | "zstd";
  compress(tar: Uint8Array): Uint8Array;
}

const GZIP: Compressor = { name: "gzip", compress: gzipSync };

/** The layers' tars as an image, compressed by another gzip than ours unless told otherwise. */
export function layoutOf(tars: readonly Uint8Array[], options: LayoutOptions = {}): Layout {
  const {
    ref = "v1",
    architectures = ["amd64"],
    compression = GZIP,
    settings = { Env: ["PATH=/bin"], Cmd: ["/hello"] },
  } = options;
  const files = new Map<string, Uint8Array>();
  const add = (mediaType: string, bytes: Uint8Array): Blob => {
    files.set(`blobs/sha256/${sha256(bytes)}`, bytes);
    return { mediaType, digest: `sha256:${sha256(bytes)}`, size: bytes.length };
  };
  const diffIds = tars.map((tar) => `sha256:${sha256(tar)}`);
  const layerType = `application/vnd.oci.image.layer.v1.tar+${compression.name}`;
  const layers = tars.map((tar) => add(layerType, compression.compress(tar)));
  const images = architectures.map((architecture) => {
    const rootfs = { type: "layers", diff_ids: diffIds };
    const config = add(
      "application/vnd.oci.image.config.v1+json",
      json({ architecture, os: "linux", config: settings, rootfs, "x-unknown": 1 }),
    );
    const manifest = add(MANIFEST, json({ schemaVersion: 2, mediaType: MANIFEST, config, layers }));
    return { config, manifest: { ...manifest, platform: { os: "linux", architecture } } };
  });
  const [first] = images as [(typeof images)[number]];
  const manifests = images.map(({ manifest }) => manifest);
  const image =
    images.length === 1
      ? { mediaType: MANIFEST, digest: first.manifest.digest, size: first.manifest.size }
      : add(INDEX, json({ schemaVersion: 2, mediaType: INDEX, manifests }));
  const named = { ...image, annotations: { "org.opencontainers.image.ref.name": ref } };
  files.set("oci-layout", json({ imageLayoutVersion: "1.0.0" }));
  files.set("index.json", json({ schemaVersion: 2, manifests: [named] }));
  return { files, image, config: first.config, layers, diffIds };
}

/** An image of two platforms whose index is all that another index has, which says no platform of it. */
export function nestedLayout(): Layout {
  const { files, image, ...rest } = smallLayout({ architectures: ["amd64", "arm64"] });
  const outer = json({ schemaVersion: 2, mediaType: INDEX, manifests: [image] });
  const digest = `sha256:${sha256(outer)}`;
  const entry = { mediaType: INDEX, digest, size: outer.length };
  const added = new Map(files)
    .set(`blobs/sha256/${sha256(outer)}`, outer)
    .set("index.json", json({ schemaVersion: 2, manifests: [entry] }));
  return { files: added, image: entry, ...rest };
}

/** A small image: two layers, with times of their own. */
export function smallLayout(options: LayoutOptions = {}): Layout {
  const base = archive(
    rawMember({ name: "etc/", type: "5", mode: "0000755\0", mtime: 1_700_000_000 }),
    rawMember({ name: "etc/motd", mtime: 1_700_000_001 }, "welcome\n"),
    rawMember({ name: "etc/issue", type: "2", linkname: "motd", mtime: 1_700_000_002 }),
  );
  const app = archive(
    rawMember({ name: "hello", mode: "0000755\0", mtime: 1_600_000_000 }, "#!/bin/sh\necho hello\n"),
    rawMember({ name: "data", mtime: 1_600_000_000 }, "0123456789\n".repeat(5_000)),
  );
  return layoutOf([base, app], options);
}

/** A layout's files with another config text; manifest and index follow. */
export function withConfig(layout: Layout, change: (config: string) => string): Map<string, Uint8Array> {
  const files = new Map(layout.files);
  const config = exchange(files, layout.config, change);
  const image = exchange(files, layout.image, (text) => pointing(text, layout.config, config));
  files.set("index.json", encoded(pointing(textOf(files, "index.json"), layout.image, image)));
  return files;
}

/** A layout's files with another manifest text; the index follows. */
export function withManifest(layout: Layout, change: (manifest: string) => string): Map<string, Uint8Array> {
  const files = new Map(layout.files);
  const image = exchange(files, layout.image, change);
  files.set("index.json", encoded(pointing(textOf(files, "index.json"), layout.image, image)));
  return files;
}

/** Puts a changed blob in another's place, under its own name. */
function exchange(files: Map<string, Uint8Array>, before: Blob, change: (text: string) => string): Blob {
  const path = `blobs/sha256/${before.digest.slice(7)}`;
  const bytes = encoded(change(textOf(files, path)));
  files.delete(path);
  files.set(`blobs/sha256/${sha256(bytes)}`, bytes);
  return { ...before, digest: `sha256:${sha256(bytes)}`, size: bytes.length };
}

function pointing(text: string, before: Blob, after: Blob): string {
  const [head = "", tail = ""] = text.split(before.digest);
  return head + after.digest + tail.replace(`"size":${before.size}`, `"size":${after.size}`);
}

function textOf(files: ReadonlyMap<string, Uint8Array>, name: string): string {
  return Buffer.from(files.get(name) ?? []).toString();
}

function encoded(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function writeFolder(folder: string, files: ReadonlyMap<string, Uint8Array>): void {
  for (const [name, bytes] of files) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  }
}

export function archiveOf(files: ReadonlyMap<string, Uint8Array>): Uint8Array {
  return archive(...[...files].map(([name, bytes]) => rawMember({ name }, bytes)));
}

/** The same image as `docker save` has it. */
export function dockerArchive(tars: readonly Uint8Array[], tag: string): Uint8Array {
  const names = tars.map((tar) => `${sha256(tar)}/layer.tar`);
  const diff_ids = tars.map((tar) => `sha256:${sha256(tar)}`);
  const config = json({ architecture: "amd64", os: "linux", rootfs: { type: "layers", diff_ids } });
  const manifest = json([{ Config: `${sha256(config)}.json`, RepoTags: [tag], Layers: names }]);
  return archiveOf(
    new Map([
      ...tars.map((tar, index): [string, Uint8Array] => [names[index] as string, tar]),
      [`${sha256(config)}.json`, config],
      ["manifest.json", manifest],
    ]),
  );
}

/** What a checked image consists of. */
export interface CheckedImage {
  /** As the OCI layout has it. */
  readonly manifest?: string;
  readonly config: string;
  readonly layers: readonly string[];
  readonly tars: readonly Buffer[];
}

/** Unpacks an archive with the machine's tar. */
export function unpack(file: string, folder: string): string {
  mkdirSync(folder, { recursive: true });
  execFileSync("tar", ["-xf", file, "-C", folder]);
  return folder;
}

/** An unpacked docker-save archive, in which every name that is a digest holds, and every diff_id. */
export function checkedDockerSave(folder: string): CheckedImage {
  const [entry, ...others] = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8"));
  expect(others).toEqual([]);
  const config = readFileSync(join(folder, entry.Config));
  expect(entry.Config).toBe(`${sha256(config)}.json`);
  const tars = entry.Layers.map((name: string) => readFileSync(join(folder, name)));
  const { diff_ids } = JSON.parse(config.toString()).rootfs;
  expect(tars.map((tar: Buffer) => `sha256:${sha256(tar)}`)).toEqual(diff_ids);
  return { config: `sha256:${sha256(config)}`, layers: diff_ids, tars };
}

/** An OCI layout's image, in which every blob has its digest and every layer its diff_id. */
export function checkedLayout(folder: string, ref?: string): CheckedImage {
  for (const name of readdirSync(join(folder, "blobs/sha256"))) {
    expect(sha256(readFileSync(join(folder, "blobs/sha256", name)))).toBe(name);
  }
  const blob = (digest: string) => readFileSync(join(folder, "blobs/sha256", digest.slice(7)));
  const parsed = (digest: string) => JSON.parse(blob(digest).toString());
  const { manifests } = JSON.parse(readFileSync(join(folder, "index.json"), "utf8"));
  const found = manifests.find(
    ({ annotations }: { annotations: Record<string, string> }) =>
      ref === undefined || annotations["org.opencontainers.image.ref.name"] === ref,
  );
  const manifest = parsed(found.digest);
  const tars = manifest.layers.map(({ digest, mediaType }: Blob) => {
    if (mediaType.endsWith("gzip")) return gunzipSync(blob(digest));
    return mediaType.endsWith("zstd") ? unzstd(blob(digest)) : blob(digest);
  });
  const { diff_ids } = parsed(manifest.config.digest).rootfs;
  expect(tars.map((tar: Buffer) => `sha256:${sha256(tar)}`)).toEqual(diff_ids);
  const layers = manifest.layers.map(({ digest }: Blob) => digest);
  return { manifest: found.digest, config: manifest.config.digest, layers, tars };
}

/** Frame by frame, as Node stops behind the first. */
function unzstd(data: Uint8Array): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < data.length; ) {
    const frame = zstdDecompressSync(data.subarray(at), { info: true }) as unknown as {
      readonly buffer: Buffer;
      readonly engine: { readonly bytesWritten: number };
    };
    parts.push(frame.buffer);
    at += frame.engine.bytesWritten;
  }
  return Buffer.concat(parts);
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

export function fileDigest(path: string): string {
  return sha256(readFileSync(path));
}

function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
