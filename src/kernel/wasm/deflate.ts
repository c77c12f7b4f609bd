import { misuse } from "../failure.ts";
import { GZIP_DICTIONARY_SIZE, type GzipLevel } from "../kernels.ts";
import type { KernelInstance } from "./instance.ts";

/** A chunk of a DEFLATE stream to compress. What is made of it depends on nothing but this. */
export interface DeflateChunk {
  readonly level: GzipLevel;
  /** What stands before the chunk, up to 32 KiB, then the chunk, up to 1 MiB. The buffer is given away whole. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** How many of the bytes stand before the chunk. */
  readonly dictionary: number;
  /** Ends the stream; a chunk that does not ends with an empty stored block, on a whole byte. */
  readonly last: boolean;
}

export interface DeflatedChunk {
  /** In the buffer that came with the chunk, which is the caller's again. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** CRC-32 of the chunk. */
  readonly crc: number;
  /** Of the chunk, in bytes: what combining CRCs takes. */
  readonly length: number;
}

/** assembly/deflate.ts: chunks of one stream may be compressed in any order, by any instance, and joined. */
export function wasmDeflate({ kernels, memory }: KernelInstance): (chunk: DeflateChunk) => DeflatedChunk {
  const target = kernels.deflate_chunk.value;
  const output = kernels.deflate_output.value;
  return ({ level, bytes, dictionary, last }) => {
    const length = bytes.length - dictionary;
    // More would be written over what the kernel keeps around its window.
    if (dictionary > GZIP_DICTIONARY_SIZE || length < 0 || length > kernels.deflate_chunk_size.value) {
      throw misuse(`a chunk of ${length} bytes with ${dictionary} before it`);
    }
    memory.set(bytes, target - dictionary);
    const written = kernels.deflate_compress(level, dictionary, length, last ? 1 : 0);
    const crc = kernels.deflate_checksum(length) >>> 0;
    return { bytes: into(bytes.buffer, memory.subarray(output, output + written)), crc, length };
  };
}

/** The view's bytes in the buffer, or in a new one where that is too small. */
function into(buffer: ArrayBuffer, view: Uint8Array): Uint8Array<ArrayBuffer> {
  const fits = buffer.byteLength >= view.length;
  const bytes = fits ? new Uint8Array(buffer, 0, view.length) : new Uint8Array(view.length);
  bytes.set(view);
  return bytes;
}
