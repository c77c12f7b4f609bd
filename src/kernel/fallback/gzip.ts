import { Deflate } from "pako";
import { codecOf } from "../codec.ts";
import { GZIP_HEADER, gzipTrailer } from "../gzip-member.ts";
import { type Codec, type Emit, GZIP_LEVEL, type GzipOptions } from "../kernels.ts";
import { crc32 } from "./crc32.ts";

/**
 * Writes one gzip member by pako: valid, but not the bytes of the WebAssembly
 * kernel. fflate is smaller, but its stream refers to bytes before the data's
 * first (issue 260 there), in one of 14,000 of the contract's inputs.
 */
export function gzip(options: GzipOptions = {}): Codec {
  const deflate = new Deflate({ level: options.level ?? GZIP_LEVEL, raw: true });
  let begun = false;
  let crc = 0;
  let size = 0;
  const push = (chunk: Uint8Array, last: boolean, emit: Emit) => {
    if (!begun) emit(GZIP_HEADER.slice());
    begun = true;
    deflate.onData = emit;
    deflate.push(chunk, last);
  };
  return codecOf(() => ({
    write(chunk, emit) {
      push(chunk, false, emit);
      crc = crc32(chunk, crc);
      size += chunk.length;
    },
    end(emit) {
      push(new Uint8Array(), true, emit);
      emit(gzipTrailer(crc, size));
    },
  }));
}
