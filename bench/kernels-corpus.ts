/** What the contests work on, made of the same few blocks of data on every host. */
import type { Digest } from "../src/oci/digest.ts";
import type { Input, LayerInput } from "./kernels-engines.ts";

export interface Blob {
  readonly name: string;
  readonly data: Uint8Array<ArrayBuffer>;
}

export interface CorpusData {
  readonly random: Blob;
  /** Uncompressed. */
  readonly texts: readonly Blob[];
  /** The same, as zlib packs them at level 6. */
  readonly packed: readonly Blob[];
  /** Of the last text, a tar, and of the same packed. */
  readonly diffId: Digest;
  readonly digest: Digest;
}

export interface Corpus {
  readonly random: Input;
  /** Four streams of one length. */
  readonly streams: readonly Input[];
  /** Small files, as a bundle has them. */
  readonly files: readonly Input[];
  readonly texts: readonly Input[];
  readonly packed: readonly Input[];
  /** The tar of software as an image holds it. */
  readonly layer: LayerInput;
}

export const RANDOM_SIZE = 64e6;
const CHUNK = 64 * 1024;

export function makeCorpus({ random, texts, packed, diffId, digest }: CorpusData): Corpus {
  const quarter = RANDOM_SIZE / 4;
  return {
    random: input(random),
    streams: [0, 1, 2, 3].map((i) =>
      input({ name: `stream ${i}`, data: random.data.slice(i * quarter, (i + 1) * quarter) }),
    ),
    files: smallFiles(random.data),
    texts: texts.map(input),
    packed: packed.map(input),
    layer: { ...input(packed.at(-1) as Blob), diffId, digest },
  };
}

function input({ name, data }: Blob): Input {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for (let at = 0; at < data.length; at += CHUNK) chunks.push(data.subarray(at, at + CHUNK));
  return { name, data, chunks };
}

/** 1 to 64 kB, their logarithms even; as many as make 32 MB. */
function smallFiles(random: Uint8Array<ArrayBuffer>): Input[] {
  const files: Input[] = [];
  let state = 7;
  for (let at = 0; at < 32e6; ) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const size = Math.round(1000 * 64 ** (state / 2 ** 32));
    files.push(input({ name: `file ${files.length}`, data: random.subarray(at, at + size) }));
    at += size;
  }
  return files;
}
