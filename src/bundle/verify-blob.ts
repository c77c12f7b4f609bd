import type { ByteStream } from "../bytes/stream.ts";
import { chunksOf } from "../bytes/stream.ts";
import { compressionOf } from "../compression/sniff.ts";
import { counted, reasonOf } from "../error.ts";
import type { Codec, Hasher, Kernels } from "../kernel/kernels.ts";
import { pushed } from "../kernel/pulled-codec.ts";
import { type Digest, digestAlgorithm, formatDigest } from "../oci/digest.ts";
import type { Checks } from "./recorded-checks.ts";

/** What a blob must turn out to be. */
export interface ExpectedBlob {
  /** Of the bytes as they stand; undefined where nothing states it. */
  readonly digest?: Digest | undefined;
  /** Bytes. */
  readonly size: number;
  /** For a layer: of its uncompressed tar. */
  readonly diffId?: Digest | undefined;
  /** What the checks call it. */
  readonly object: string;
}

/** Checks a blob's digest and, for a layer, its diff_id, in one pass over its bytes. */
export async function checkBlob(
  stream: ByteStream,
  expected: ExpectedBlob,
  checks: Checks,
  kernels: Kernels,
): Promise<void> {
  const content = expected.digest ? kernels.hasher(digestAlgorithm(expected.digest)) : undefined;
  const layer = expected.diffId ? new LayerHash(expected.diffId, kernels) : undefined;
  let size = 0;
  try {
    for await (const chunk of chunksOf(stream)) {
      size += chunk.length;
      content?.update(chunk);
      await layer?.update(chunk);
    }
    if (size !== expected.size) {
      checks.fail("blob", expected.object, `it has ${counted(size, "byte")}, expected ${expected.size}`);
    } else if (expected.digest && content) {
      const actual = formatDigest(digestAlgorithm(expected.digest), content.digest());
      if (actual === expected.digest) checks.pass("blob", expected.object);
      else checks.fail("blob", expected.object, `its content has the digest ${actual}`);
    }
    layer?.report(expected.object, checks);
  } finally {
    content?.release();
    layer?.release();
  }
}

/** The hash of what a layer is without its compression, which its first bytes tell. */
class LayerHash {
  readonly #diffId: Digest;
  readonly #kernels: Kernels;
  readonly #hasher: Hasher;
  #started = false;
  #codec: Codec | undefined;
  #failure: unknown;

  constructor(diffId: Digest, kernels: Kernels) {
    this.#diffId = diffId;
    this.#kernels = kernels;
    this.#hasher = kernels.hasher(digestAlgorithm(diffId));
  }

  /** The digest of the bytes as they stand is wanted all the same, so a failure waits. */
  async update(chunk: Uint8Array): Promise<void> {
    if (this.#failure !== undefined) return;
    try {
      if (!this.#started) await this.#start(chunk);
      // Nothing that comes out is kept, so a bomb takes time and no memory.
      if (this.#codec) this.#codec.write(chunk, (view) => this.#hasher.update(view));
      else this.#hasher.update(chunk);
    } catch (error) {
      this.#failure = error;
    }
  }

  report(object: string, checks: Checks): void {
    const problem = this.#problem();
    if (problem === undefined) checks.pass("diff-id", object);
    else checks.fail("diff-id", object, problem);
  }

  #problem(): string | undefined {
    try {
      if (this.#failure !== undefined) throw this.#failure;
      this.#codec?.end((view) => this.#hasher.update(view));
    } catch (error) {
      return reasonOf(error);
    }
    const actual = formatDigest(digestAlgorithm(this.#diffId), this.#hasher.digest());
    return actual === this.#diffId
      ? undefined
      : `uncompressed it is ${actual}, the config says ${this.#diffId}`;
  }

  release(): void {
    this.#codec?.release();
    this.#hasher.release();
  }

  async #start(head: Uint8Array): Promise<void> {
    this.#started = true;
    const compression = compressionOf(head);
    if (compression === "gzip") this.#codec = this.#kernels.gunzip();
    if (compression === "zstd") this.#codec = pushed(await this.#kernels.zstd.decoder());
  }
}
