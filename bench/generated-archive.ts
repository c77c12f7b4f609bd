/** OCI archives made by code, the same on every machine: layers that are streams, compressed on their way to the disk. */
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";

export const BLOCK = 512;

/** A layer's blob on the disk, and what is said of it. */
export interface GeneratedLayer {
  readonly path: string;
  /** Hex. */
  readonly digest: string;
  readonly size: number;
  /** Of the tar, in hex. */
  readonly diffId: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Writes a tar as a gzip layer to `path`. */
export async function gzipLayer(path: string, tar: Iterable<Buffer>): Promise<GeneratedLayer> {
  const diff = createHash("sha256");
  const blob = createHash("sha256");
  await mkdir(join(path, ".."), { recursive: true });
  await pipeline(
    Readable.from(tar),
    tap((chunk) => diff.update(chunk)),
    // Fast: only the reader's work is measured.
    createGzip({ level: 1 }),
    tap((chunk) => blob.update(chunk)),
    createWriteStream(path),
  );
  return { path, digest: blob.digest("hex"), size: (await stat(path)).size, diffId: diff.digest("hex") };
}

/** Writes an image of the layers, which are removed, to `path` (tag `bench`). */
export async function writeArchive(path: string, layers: readonly GeneratedLayer[]): Promise<void> {
  await pipeline(Readable.from(archiveChunks(layers)), createWriteStream(path));
  await Promise.all(layers.map((layer) => rm(layer.path)));
}

async function* archiveChunks(layers: readonly GeneratedLayer[]) {
  const config = json({
    architecture: "amd64",
    os: "linux",
    rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => `sha256:${diffId}`) },
  });
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const manifest = json({
    schemaVersion: 2,
    mediaType,
    config: descriptor("application/vnd.oci.image.config.v1+json", sha256(config), config.length),
    layers: layers.map(({ digest, size, annotations }) => ({
      ...descriptor("application/vnd.oci.image.layer.v1.tar+gzip", digest, size),
      ...(annotations && { annotations }),
    })),
  });
  const annotations = { "org.opencontainers.image.ref.name": "bench" };
  const index = json({
    schemaVersion: 2,
    manifests: [{ ...descriptor(mediaType, sha256(manifest), manifest.length), annotations }],
  });
  yield* entry("oci-layout", json({ imageLayoutVersion: "1.0.0" }));
  yield* entry("index.json", index);
  yield* entry(`blobs/sha256/${sha256(manifest)}`, manifest);
  yield* entry(`blobs/sha256/${sha256(config)}`, config);
  for (const layer of layers) {
    yield header({ name: `blobs/sha256/${layer.digest}`, size: layer.size });
    yield* createReadStream(layer.path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>;
    yield padding(layer.size);
  }
  yield Buffer.alloc(2 * BLOCK);
}

function* entry(name: string, content: Buffer): Generator<Buffer> {
  yield header({ name, size: content.length });
  yield content;
  yield padding(content.length);
}

export interface HeaderFields {
  readonly name: string;
  readonly size?: number;
  readonly mode?: number;
  readonly uid?: number;
  /** Seconds; without it a time that normalising changes. */
  readonly mtime?: number;
  readonly type?: string;
  readonly linkname?: string;
}

/** POSIX.1 ustar; a name of more than 100 bytes is for a PAX header to tell. */
export function header(fields: HeaderFields): Buffer {
  const { name, size = 0, mode = 0o644, uid = 0, mtime = 1_700_000_000, type = "0", linkname = "" } = fields;
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, "0")}\0`;
  block.write(name, 0, 100);
  block.write(`${octal(mode, 7)}${octal(uid, 7)}${octal(uid, 7)}`, 100);
  block.write(`${octal(size, 11)}${octal(mtime, 11)}        ${type}`, 124);
  block.write(linkname, 157, 100);
  block.write("ustar\u000000", 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}

export function padding(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}

function tap(see: (chunk: Buffer) => void) {
  return async function* (chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      see(chunk);
      yield chunk;
    }
  };
}

function descriptor(mediaType: string, hex: string, size: number) {
  return { mediaType, digest: `sha256:${hex}`, size };
}

export function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function json(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}
