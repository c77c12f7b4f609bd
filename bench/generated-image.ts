/** An image made by code, the same on every machine: one gzip layer that compresses about as a system's files do. */
import { join } from "node:path";
import { BLOCK, gzipLayer, header, writeArchive } from "./generated-archive.ts";

const POOL_SIZE = 8 << 20;
/** As in a small Debian: some thousand files around this size. */
const FILE_SIZE = 18_000;

/** Writes FOLDER/NAME.oci.tar with one layer of `layerSize` bytes uncompressed (tag `bench`); gives its path. */
export async function generateImage(folder: string, name: string, layerSize: number): Promise<string> {
  const path = join(folder, `${name}.oci.tar`);
  await writeArchive(path, [await gzipLayer(join(folder, `${name}.layer`), layerChunks(layerSize))]);
  return path;
}

/** A tar of files cut from a pool of half text, half noise. */
function* layerChunks(size: number): Generator<Buffer> {
  const pool = makePool();
  let left = size - 2 * BLOCK;
  for (let count = 0; left > BLOCK; count++) {
    const length = Math.max(0, Math.min(FILE_SIZE + ((count * 7919) % FILE_SIZE), left - BLOCK));
    const padded = length - (length % BLOCK);
    const start = (count * 104_729) % (POOL_SIZE - 2 * FILE_SIZE);
    yield header({ name: `files/${Math.floor(count / 100)}/${count}`, size: padded });
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
