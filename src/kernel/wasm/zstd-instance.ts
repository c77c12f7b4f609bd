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
/** Bytes of output that are held: ZSTD_BLOCKSIZE_MAX. */
const OUTPUT_SIZE = 128 * 1024;
/** A ZSTD_inBuffer, behind it a ZSTD_outBuffer: address, size and position, 32 bits each. */
const INPUT_SIZE = 1;
const INPUT_POSITION = 2;
const OUTPUT = 3;
const OUTPUT_POSITION = 5;
const BUFFER_WORDS = 6;
/** Results above are errors: ZSTD_error_maxCode, negated. */
const FIRST_ERROR = 2 ** 32 - 120;
/** libzstd's own numbers for errors. */
export const ZSTD_ERROR = { checksum: 22, dictionary: 32, memory: 64 } as const;

/** Where a call of the decoder stopped. */
export interface ZstdProgress {
  /** Bytes of the input that were taken. */
  readonly taken: number;
  /** Bytes of output that were added. */
  readonly produced: number;
  /** Whether the output has to be taken before there is more. */
  readonly full: boolean;
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
  readonly #buffers: number;
  #bytes: Uint8Array;
  /** Of the two buffers. */
  #words: Uint32Array;
  #context = 0;
  /** A trap inside leaves memory in a state that nobody knows. */
  #trapped = false;

  constructor(module: WebAssembly.Module) {
    const imports = { env: { emscripten_notify_memory_growth: () => this.#view() } };
    this.#exports = new WebAssembly.Instance(module, imports).exports as unknown as DecoderExports;
    const { malloc } = this.#exports;
    this.#input = malloc(ZSTD_INPUT_SIZE);
    this.#output = malloc(OUTPUT_SIZE);
    this.#buffers = malloc(BUFFER_WORDS * 4);
    this.#bytes = new Uint8Array();
    this.#words = new Uint32Array();
    this.#view();
    this.#words.set([this.#input, 0, 0, this.#output, OUTPUT_SIZE, 0]);
  }

  /** Bytes of its memory, which never shrinks; infinite if it is not to be used again. */
  get size(): number {
    return this.#trapped ? Number.POSITIVE_INFINITY : this.#exports.memory.buffer.byteLength;
  }

  begin(): void {
    this.#context = this.#exports.ZSTD_createDCtx();
    this.#words[OUTPUT_POSITION] = 0;
  }

  end(): void {
    if (!this.#trapped) this.#exports.ZSTD_freeDCtx(this.#context);
  }

  /** Lays at most `ZSTD_INPUT_SIZE` bytes ready. */
  give(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#input);
    this.#words[INPUT_SIZE] = bytes.length;
    this.#words[INPUT_POSITION] = 0;
  }

  /** Decodes until the output is full, the input empty or the frame over. */
  run(): ZstdProgress {
    const before = this.#words[OUTPUT_POSITION] as number;
    this.#trapped = true;
    const status = this.#exports.ZSTD_decompressStream(
      this.#context,
      this.#buffers + OUTPUT * 4,
      this.#buffers,
    );
    this.#trapped = false;
    // The views may be others by now.
    const taken = this.#words[INPUT_POSITION] as number;
    const after = this.#words[OUTPUT_POSITION] as number;
    const full = after === OUTPUT_SIZE;
    return {
      taken,
      produced: after - before,
      full,
      finished: status === 0,
      more: status !== 0 && (full || taken < (this.#words[INPUT_SIZE] as number)),
      error: status >>> 0 > FIRST_ERROR ? -status : 0,
    };
  }

  /** What was decoded since it was last taken; a view that the next call makes invalid. */
  takeOutput(): Uint8Array {
    const length = this.#words[OUTPUT_POSITION] as number;
    this.#words[OUTPUT_POSITION] = 0;
    return this.#bytes.subarray(this.#output, this.#output + length);
  }

  /** Memory that has grown is another buffer. */
  #view(): void {
    const { buffer } = this.#exports.memory;
    this.#bytes = new Uint8Array(buffer);
    this.#words = new Uint32Array(buffer, this.#buffers, BUFFER_WORDS);
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
