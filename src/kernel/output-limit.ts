import { type CompressedKind, outputLimit, ratioLimit } from "./failure.ts";
import type { InflateOptions } from "./kernels.ts";

/** Output that is never too much for its input where no `ratioFloor` is chosen: what any host can hold. */
const RATIO_FLOOR = 16 << 20;

/** Breaks a decompression bomb off, before the excess is handed out. */
export class OutputLimit {
  readonly #kind: CompressedKind;
  readonly #maxOutput: number;
  readonly #maxRatio: number;
  readonly #ratioFloor: number;
  #consumed = 0;
  #produced = 0;

  constructor(kind: CompressedKind, options: InflateOptions = {}) {
    this.#kind = kind;
    this.#maxOutput = options.maxOutput ?? Number.POSITIVE_INFINITY;
    this.#maxRatio = options.maxRatio ?? Number.POSITIVE_INFINITY;
    this.#ratioFloor = options.ratioFloor ?? RATIO_FLOOR;
  }

  /** Bytes of output so far, those beyond the limit included. */
  get produced(): number {
    return this.#produced;
  }

  /** Input about to be read, in bytes. */
  consume(bytes: number): void {
    this.#consumed += bytes;
  }

  /** Output about to be handed out, in bytes. Throws LIMIT_EXCEEDED. */
  produce(bytes: number): void {
    this.#produced += bytes;
    if (this.#produced > this.#maxOutput) throw outputLimit(this.#kind, this.#maxOutput);
    if (this.#produced > this.#ratioFloor && this.#produced > this.#consumed * this.#maxRatio) {
      throw ratioLimit(this.#kind, this.#maxRatio);
    }
  }
}
