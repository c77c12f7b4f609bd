import { outputLimit, windowLimit, zstdInvalid, zstdMemory, zstdTruncated } from "../failure.ts";
import type { InflateOptions, PulledCodec } from "../kernels.ts";
import { type PulledWork, pulledCodecOf } from "../pulled-codec.ts";
import { parseZstdHeader, ZSTD_HEADER_MAX, type ZstdHeader } from "../zstd-header.ts";
import { ZSTD_ERROR, ZSTD_INPUT_SIZE, type ZstdInstance, type ZstdPool } from "./zstd-instance.ts";

export interface ZstdDecoderOptions extends InflateOptions {
  /** A frame that needs a larger window is refused with LIMIT_EXCEEDED: bytes. */
  readonly maxWindow: number;
}

/** A codec that has an instance of the pool to itself while it is in use. */
export function zstdDecoder(pool: ZstdPool, options: ZstdDecoderOptions): PulledCodec {
  let instance: ZstdInstance | undefined;
  return pulledCodecOf(
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
 *
 * Four bytes of input may be a block of 128 KiB, so output is handed out whenever
 * the module's buffer is full, and decoding goes on when more is asked for: that
 * bounds a bomb, however much input there is.
 */
class Frames implements PulledWork {
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

  *write(chunk: Uint8Array) {
    for (let at = 0; at < chunk.length; ) {
      const part = chunk.subarray(at, at + ZSTD_INPUT_SIZE);
      if (this.#decoding) at += yield* this.#decode(part);
      else if (this.#skipping > 0) at += this.#skip(part);
      else at += yield* this.#gather(part);
    }
  }

  *end() {
    const between = !this.#decoding && this.#skipping === 0 && this.#gathered === 0;
    if (this.#frames === 0 || !between) throw zstdTruncated();
    yield* this.#output();
  }

  #skip(bytes: Uint8Array): number {
    const skipped = Math.min(this.#skipping, bytes.length);
    this.#skipping -= skipped;
    return skipped;
  }

  /** These take some of what the bytes begin with, and give how many that was. */
  *#gather(bytes: Uint8Array): Generator<Uint8Array, number, void> {
    for (const [at, byte] of bytes.entries()) {
      this.#header[this.#gathered++] = byte;
      const head = this.#header.subarray(0, this.#gathered);
      const header = parseZstdHeader(head);
      if (!header) continue;
      this.#gathered = 0;
      this.#begin(header);
      if (this.#decoding) yield* this.#decode(head);
      return at + 1;
    }
    return bytes.length;
  }

  *#decode(bytes: Uint8Array): Generator<Uint8Array, number, void> {
    this.#instance.give(bytes);
    for (;;) {
      const { taken, produced, full, finished, more, error } = this.#instance.run();
      if (error !== 0) throw failureOf(error);
      this.#produced += produced;
      // A bomb is stopped here, before what lies beyond the limit is handed out.
      if (this.#produced > this.#maxOutput) throw outputLimit("zstd", this.#maxOutput);
      if (finished) this.#decoding = false;
      if (full) yield* this.#output();
      if (!more) return taken;
    }
  }

  /** What was decoded and not handed out yet. */
  *#output() {
    const output = this.#instance.takeOutput();
    if (output.length > 0) yield output;
  }

  #begin(header: ZstdHeader): void {
    this.#frames++;
    if (header.skippable) {
      this.#skipping = header.content;
      return;
    }
    if (header.dictionary) throw zstdInvalid("a frame needs a dictionary");
    // A frame of a few bytes may ask for gigabytes.
    if (header.window > this.#maxWindow) throw windowLimit(header.window, this.#maxWindow);
    this.#decoding = true;
  }
}

function failureOf(error: number) {
  if (error === ZSTD_ERROR.memory) return zstdMemory();
  if (error === ZSTD_ERROR.checksum) return zstdInvalid("a frame's checksum is wrong");
  return zstdInvalid(`a frame is damaged (libzstd's error ${error})`);
}
