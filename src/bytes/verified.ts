import { SealiftError } from "../error.ts";
import type { Kernels } from "../kernel/kernels.ts";
import { type Digest, digestAlgorithm, formatDigest } from "../oci/digest.ts";
import { type ByteStream, chunksOf, streamFrom } from "./stream.ts";

/** What a stream must turn out to be; the size where it is known beforehand. */
export interface Expected {
  readonly digest: Digest;
  /** Bytes. */
  readonly size?: number;
}

/**
 * The stream, checked while it is read. The last chunk is withheld until size
 * and digest hold, so a complete copy of wrong content never exists downstream.
 * Fails with SIZE_MISMATCH or DIGEST_MISMATCH.
 */
export function verified(
  stream: ByteStream,
  expected: Expected,
  kernels: Kernels,
  what: string = expected.digest,
): ByteStream {
  return streamFrom(checkedChunks(stream, expected, kernels, what), (reason) => stream.cancel(reason));
}

async function* checkedChunks(
  stream: ByteStream,
  expected: Expected,
  kernels: Kernels,
  what: string,
): AsyncGenerator<Uint8Array, void, void> {
  const algorithm = digestAlgorithm(expected.digest);
  const hasher = kernels.hasher(algorithm);
  const limit = expected.size ?? Number.POSITIVE_INFINITY;
  let size = 0;
  let withheld: Uint8Array | undefined;
  try {
    for await (const chunk of chunksOf(stream)) {
      size += chunk.length;
      if (size > limit) throw sizeMismatch(what, limit, "more");
      hasher.update(chunk);
      if (withheld) yield withheld;
      withheld = chunk;
    }
    if (size !== (expected.size ?? size)) throw sizeMismatch(what, limit, `${size}`);
    const actual = formatDigest(algorithm, hasher.digest());
    if (actual !== expected.digest) {
      throw new SealiftError(
        "DIGEST_MISMATCH",
        `Cannot read ${what}: its digest is ${actual}, expected ${expected.digest}`,
      );
    }
    if (withheld) yield withheld;
  } finally {
    hasher.release();
  }
}

function sizeMismatch(what: string, expected: number, actual: string): SealiftError {
  return new SealiftError(
    "SIZE_MISMATCH",
    `Cannot read ${what}: it has ${actual} bytes, expected ${expected}`,
  );
}
