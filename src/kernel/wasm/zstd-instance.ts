/** What libzstd's streaming decoder exports from dist/zstd-decoder.wasm, which is the package zstddec's. */
interface DecoderExports {
  readonly memory: WebAssembly.Memory;
  malloc(size: number): number;
  ZSTD_createDCtx(): number;
  ZSTD_freeDCtx(context: number): number;
  ZSTD_decompressStream(context: number, output: number, input: number): number;
}

/** Bytes of input that one call takes. */
export const ZSTD_INPUT_SIZE = 64 * 1024;
/** Bytes of output that one call gives: ZSTD_BLOCKSIZE_MAX. */
const OUTPUT_SIZE = 128 * 1024;
/** A ZSTD_inBuffer or ZSTD_outBuffer: address, size and position, 32 bits each. */
const BUFFER_WORDS = 3;
/** Results above are errors: ZSTD_error_maxCode, negated. */
const FIRST_ERROR = 2 ** 32 - 120;
/** libzstd's own numbers for errors. */
export const ZSTD_ERROR = { checksum: 22, dictionary: 32, memory: 64 } as const;

/** Where a call of the decoder stopped. */
export interface ZstdProgress {
  /** Bytes of the input that were taken. */
  readonly taken: number;
  /** Valid until the next call. */
  readonly output: Uint8Array;
  /** Whether the frame is over; then nothing beyond it was taken. */
  readonly finished: boolean;
  /** Whether another call gives more without more input. */
  readonly more: boolean;
  /** libzstd's number of what is wrong, 0 where nothing is. */
  readonly error: number;
}

/** An instance of the decoder: one frame's work at a time. */
export class ZstdInstance {
  readonly #exports: DecoderExports;
  readonly #input: number;
  readonly #output: number;
  /** In words: the input's buffer, behind it the output's. */
  readonly #buffers: number;
  #context = 0;
  /** A trap inside leaves memory in a state that nobody knows. */
  #trapped = false;

  constructor(module: WebAssembly.Module) {
    // Views are made anew for every call, so growth needs no answer.
    const imports = { env: { emscripten_notify_memory_growth: () => {} } };
    this.#exports = new WebAssembly.Instance(module, imports).exports as unknown as DecoderExports;
    const { malloc } = this.#exports;
    this.#input = malloc(ZSTD_INPUT_SIZE);
    this.#output = malloc(OUTPUT_SIZE);
    this.#buffers = malloc(2 * BUFFER_WORDS * 4) / 4;
  }

  /** Bytes of its memory, which never shrinks; infinite if it is not to be used again. */
  get size(): number {
    return this.#trapped ? Number.POSITIVE_INFINITY : this.#exports.memory.buffer.byteLength;
  }

  begin(): void {
    this.#context = this.#exports.ZSTD_createDCtx();
  }

  end(): void {
    if (!this.#trapped) this.#exports.ZSTD_freeDCtx(this.#context);
  }

  /** Lays at most `ZSTD_INPUT_SIZE` bytes ready. */
  give(bytes: Uint8Array): void {
    new Uint8Array(this.#exports.memory.buffer).set(bytes, this.#input);
    this.#words().set([this.#input, bytes.length, 0], this.#buffers);
  }

  /** Decodes until the output is full, the input empty or the frame over. */
  run(): ZstdProgress {
    const outputAt = this.#buffers + BUFFER_WORDS;
    this.#words().set([this.#output, OUTPUT_SIZE, 0], outputAt);
    this.#trapped = true;
    const status = this.#exports.ZSTD_decompressStream(this.#context, outputAt * 4, this.#buffers * 4) >>> 0;
    this.#trapped = false;
    const [, given = 0, taken = 0, , size = 0, produced = 0] = this.#words().subarray(this.#buffers);
    return {
      taken,
      output: new Uint8Array(this.#exports.memory.buffer, this.#output, produced),
      finished: status === 0,
      more: status !== 0 && (produced === size || taken < given),
      error: status > FIRST_ERROR ? 2 ** 32 - status : 0,
    };
  }

  #words(): Uint32Array {
    return new Uint32Array(this.#exports.memory.buffer);
  }
}

/** As many as a pipeline runs at once. */
const KEPT = 4;
/** A window of 8 MiB, the largest of the ordinary levels, fits; what took more is given back. */
const KEPT_SIZE = 32 << 20;

/** Instances kept for reuse: each has its own memory of 16 MiB, or more where a frame asks for it. */
export class ZstdPool {
  readonly #module: WebAssembly.Module;
  readonly #free: ZstdInstance[] = [];

  constructor(module: WebAssembly.Module) {
    this.#module = module;
  }

  acquire(): ZstdInstance {
    const instance = this.#free.pop() ?? new ZstdInstance(this.#module);
    instance.begin();
    return instance;
  }

  release(instance: ZstdInstance): void {
    instance.end();
    if (this.#free.length < KEPT && instance.size <= KEPT_SIZE) this.#free.push(instance);
  }
}
