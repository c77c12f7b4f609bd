/** An OCI archive made by code, the same on every machine: one gzip layer that compresses about as a system's files do. */
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";

const BLOCK = 512;
const POOL_SIZE = 8 << 20;
/** As in a small Debian: some thousand files around this size. */
const FILE_SIZE = 18_000;

/** Writes FOLDER/NAME.oci.tar with one layer of `layerSize` bytes uncompressed (tag `bench`); gives its path. */
export async function generateImage(folder: string, name: string, layerSize: number): Promise<string> {
  await mkdir(folder, { recursive: true });
  const layerPath = join(folder, `${name}.layer`);
  const diff = createHash("sha256");
  const blob = createHash("sha256");
  await pipeline(
    Readable.from(layerChunks(layerSize)),
    tap((chunk) => diff.update(chunk)),
    // Fast: only the reader's work is measured.
    createGzip({ level: 1 }),
    tap((chunk) => blob.update(chunk)),
    createWriteStream(layerPath),
  );
  const path = join(folder, `${name}.oci.tar`);
  const layer = { digest: blob.digest("hex"), size: (await stat(layerPath)).size };
  await pipeline(Readable.from(archiveChunks(layerPath, layer, diff.digest("hex"))), createWriteStream(path));
  await rm(layerPath);
  return path;
}

async function* archiveChunks(layerPath: string, layer: { digest: string; size: number }, diffId: string) {
  const config = json({
    architecture: "amd64",
    os: "linux",
    rootfs: { type: "layers", diff_ids: [`sha256:${diffId}`] },
  });
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const manifest = json({
    schemaVersion: 2,
    mediaType,
    config: descriptor("application/vnd.oci.image.config.v1+json", sha256(config), config.length),
    layers: [descriptor("application/vnd.oci.image.layer.v1.tar+gzip", layer.digest, layer.size)],
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
  yield header(`blobs/sha256/${layer.digest}`, layer.size);
  yield* createReadStream(layerPath, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>;
  yield padding(layer.size);
  yield Buffer.alloc(2 * BLOCK);
}

/** A tar of files cut from a pool of half text, half noise. */
function* layerChunks(size: number): Generator<Buffer> {
  const pool = makePool();
  let left = size - 2 * BLOCK;
  for (let count = 0; left > BLOCK; count++) {
    const length = Math.max(0, Math.min(FILE_SIZE + ((count * 7919) % FILE_SIZE), left - BLOCK));
    const padded = length - (length % BLOCK);
    const start = (count * 104_729) % (POOL_SIZE - 2 * FILE_SIZE);
    yield header(`files/${Math.floor(count / 100)}/${count}`, padded);
    yield pool.subarray(start, start + padded);
    left -= BLOCK + padded;
  }
  yield Buffer.alloc(left + 2 * BLOCK);
}

function makePool(): Buffer {
  const pool = Buffer.alloc(POOL_SIZE);
  const words = ["lib", "share", "the ", "of ", "return ", "config", "=", "\n", "0x", "include "];
  let state = 1;
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 16;
  };
  for (let at = 0; at < POOL_SIZE; ) {
    const isText = (at >> 12) % 2 === 0;
    if (isText) at += pool.write(words[next() % words.length] as string, at);
    else pool[at++] = next();
  }
  return pool;
}

function* entry(name: string, content: Buffer): Generator<Buffer> {
  yield header(name, content.length);
  yield content;
  yield padding(content.length);
}

/** POSIX.1 ustar; the time is one that normalising changes. */
function header(name: string, size: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.write(name, 0);
  block.write("0000644\u00000000000\u00000000000\0", 100);
  block.write(`${size.toString(8).padStart(11, "0")}\0${(1_700_000_000).toString(8)}\0        0`, 124);
  block.write("ustar\u000000", 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}

function padding(size: number): Buffer {
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

function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function json(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}
