/** The kernels' corpus: what any Linux system has, by a fixed recipe, and random bytes from a fixed seed. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { type Digest, formatDigest } from "../src/oci/digest.ts";
import { type CorpusData, RANDOM_SIZE } from "./kernels-corpus.ts";

const MB = 1e6;
const TEXT_SIZE = 24 * MB;

/** Where software's files lie; equal parts of each make the tar. The last is there wherever this bench is. */
const PLACES = ["/usr/share/doc", "/usr/include", "/usr/lib/python3", "/usr/lib", "node_modules"];

/** Random bytes, texts, and the texts packed: what every host makes its corpus of. */
export function gatherData(): CorpusData {
  const texts = [
    { name: "text", data: gathered((name) => /\.(h|hpp|py|txt|md|js|ts|html)$/.test(name), false) },
    { name: "software tar", data: gathered(() => true, true) },
  ];
  const packed = texts.map(({ name, data }) => ({ name, data: new Uint8Array(gzipSync(data)) }));
  const last = (blobs: readonly { data: Uint8Array }[]) => blobs.at(-1)?.data ?? new Uint8Array();
  return {
    random: { name: "random", data: randomBytes(RANDOM_SIZE) },
    texts,
    packed,
    diffId: digestOf(last(texts)),
    digest: digestOf(last(packed)),
  };
}

/** Files of each place in the order of their paths, cut off where its part is full. */
function gathered(wanted: (name: string) => boolean, asTar: boolean): Uint8Array<ArrayBuffer> {
  const data = new Uint8Array(TEXT_SIZE);
  const places = PLACES.filter((place) => existsSync(place));
  let at = 0;
  places.forEach((place, i) => {
    const end = Math.floor((TEXT_SIZE * (i + 1)) / places.length);
    for (const path of filesUnder(place)) {
      if (at >= end) break;
      if (!wanted(path)) continue;
      const content = readFileSync(path);
      const pieces = asTar ? [tarHeader(path, content.length), content, padding(content.length)] : [content];
      // A tar cut off would be none.
      if (asTar && at + pieces.reduce((sum, { length }) => sum + length, 0) > end) break;
      for (const piece of pieces) {
        const fitting = piece.subarray(0, end - at);
        data.set(fitting, at);
        at += fitting.length;
      }
    }
  });
  return data.slice(0, at);
}

function digestOf(data: Uint8Array): Digest {
  return formatDigest("sha256", createHash("sha256").update(data).digest());
}

/** Regular files below 2 MB, so that no single one makes a place's part. */
function* filesUnder(folder: string): Generator<string> {
  const entries = readdirSync(folder, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesUnder(path);
    else if (entry.isFile() && statSync(path).size < 2 * MB) yield path;
  }
}

/** A POSIX.1 header of what every file here has. */
function tarHeader(name: string, size: number): Uint8Array {
  const block = Buffer.alloc(512);
  block.write(name.slice(1, 100), 0);
  block.write(`0000644\u00000000000\u00000000000\0${size.toString(8).padStart(11, "0")}\0`, 100);
  block.write("14400000000\u0000        0", 136);
  block.write("ustar\u000000root", 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}

function padding(size: number): Uint8Array {
  return new Uint8Array((512 - (size % 512)) % 512);
}

function randomBytes(length: number): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(length / 4);
  let state = 1;
  for (let i = 0; i < words.length; i++) {
    // xorshift32 (Marsaglia, 2003).
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[i] = state;
  }
  return new Uint8Array(words.buffer);
}
