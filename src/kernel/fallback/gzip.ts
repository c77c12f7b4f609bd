import { Deflate } from "fflate";
import { codecOf } from "../codec.ts";
import { GZIP_HEADER, gzipTrailer } from "../gzip-member.ts";
import { type Codec, type Emit, GZIP_LEVEL, type GzipOptions } from "../kernels.ts";
import { crc32 } from "./crc32.ts";

/** Writes one gzip member by fflate: valid, but not the bytes of the WebAssembly kernel. */
export function gzip(options: GzipOptions = {}): Codec {
  const deflate = new Deflate({ level: options.level ?? GZIP_LEVEL });
  let begun = false;
  let crc = 0;
  let size = 0;
  const push = (chunk: Uint8Array, last: boolean, emit: Emit) => {
    if (!begun) emit(GZIP_HEADER.slice());
    begun = true;
    deflate.ondata = (data) => {
      if (data.length > 0) emit(data);
    };
    deflate.push(chunk, last);
  };
  return codecOf(() => ({
    write(chunk, emit) {
      // A copy, since fflate keeps what it has not compressed yet and the caller may reuse the chunk.
      push(chunk.slice(), false, emit);
      crc = crc32(chunk, crc);
      size += chunk.length;
    },
    end(emit) {
      push(new Uint8Array(), true, emit);
      emit(gzipTrailer(crc, size));
    },
  }));
}
