import { type CodecWork, codecOf } from "../codec.ts";
import { outputLimit, windowLimit, zstdInvalid, zstdMemory, zstdTruncated } from "../failure.ts";
import type { Codec, Emit, InflateOptions } from "../kernels.ts";
import { parseZstdHeader, ZSTD_HEADER_MAX, type ZstdHeader } from "../zstd-header.ts";
import { ZSTD_ERROR, ZSTD_INPUT_SIZE, type ZstdInstance, type ZstdPool } from "./zstd-instance.ts";

export interface ZstdDecoderOptions extends InflateOptions {
  /** A frame that needs a larger window is refused with LIMIT_EXCEEDED: bytes. */
  readonly maxWindow: number;
}

/** A codec that has an instance of the pool to itself while it is in use. */
export function zstdDecoder(pool: ZstdPool, options: ZstdDecoderOptions): Codec {
  let instance: ZstdInstance | undefined;
  return codecOf(
    () => {
      instance = pool.acquire();
      return new Frames(instance, options);
    },
    () => {
      if (instance) pool.release(instance);
      instance = undefined;
    },
  );
}

/**
 * Frames one after another (RFC 8878 §3). Their headers are read here and not
 * by libzstd: it would ask for a window's memory before we know how much.
 */
class Frames implements CodecWork {
  readonly #instance: ZstdInstance;
  readonly #maxWindow: number;
  readonly #maxOutput: number;
  readonly #header = new Uint8Array(ZSTD_HEADER_MAX);
  /** Bytes of the header so far. */
  #gathered = 0;
  /** Bytes of a skippable frame still to come. */
  #skipping = 0;
  #decoding = false;
  #frames = 0;
  #produced = 0;

  constructor(
    instance: ZstdInstance,
    { maxWindow, maxOutput = Number.POSITIVE_INFINITY }: ZstdDecoderOptions,
  ) {
    this.#instance = instance;
    this.#maxWindow = maxWindow;
    this.#maxOutput = maxOutput;
  }

  write(chunk: Uint8Array, emit: Emit): void {
    for (let at = 0; at < chunk.length; ) at += this.#take(chunk.subarray(at, at + ZSTD_INPUT_SIZE), emit);
  }

  end(): void {
    const between = !this.#decoding && this.#skipping === 0 && this.#gathered === 0;
    if (this.#frames === 0 || !between) throw zstdTruncated();
  }

  /** Works on what the bytes begin with; gives how many that were. */
  #take(bytes: Uint8Array, emit: Emit): number {
    if (this.#decoding) return this.#decode(bytes, emit);
    if (this.#skipping === 0) return this.#gather(bytes, emit);
    const skipped = Math.min(this.#skipping, bytes.length);
    this.#skipping -= skipped;
    return skipped;
  }

  #gather(bytes: Uint8Array, emit: Emit): number {
    for (const [at, byte] of bytes.entries()) {
      this.#header[this.#gathered++] = byte;
      const head = this.#header.subarray(0, this.#gathered);
      const header = parseZstdHeader(head);
      if (!header) continue;
      this.#gathered = 0;
      this.#begin(header, head, emit);
      return at + 1;
    }
    return bytes.length;
  }

  #begin(header: ZstdHeader, bytes: Uint8Array, emit: Emit): void {
    this.#frames++;
    if (header.skippable) {
      this.#skipping = header.content;
      return;
    }
    if (header.dictionary) throw zstdInvalid("a frame needs a dictionary");
    // A frame of a few bytes may ask for gigabytes.
    if (header.window > this.#maxWindow) throw windowLimit(header.window, this.#maxWindow);
    this.#decoding = true;
    this.#decode(bytes, emit);
  }

  #decode(bytes: Uint8Array, emit: Emit): number {
    this.#instance.give(bytes);
    for (;;) {
      const { taken, output, finished, more, error } = this.#instance.run();
      if (error !== 0) throw failureOf(error);
      this.#produced += output.length;
      // A bomb is stopped here, before what lies beyond the limit is handed out.
      if (this.#produced > this.#maxOutput) throw outputLimit("zstd", this.#maxOutput);
      if (output.length > 0) emit(output);
      if (finished) this.#decoding = false;
      if (!more) return taken;
    }
  }
}

function failureOf(error: number) {
  if (error === ZSTD_ERROR.memory) return zstdMemory();
  if (error === ZSTD_ERROR.checksum) return zstdInvalid("a frame's checksum is wrong");
  return zstdInvalid(`a frame is damaged (libzstd's error ${error})`);
}
