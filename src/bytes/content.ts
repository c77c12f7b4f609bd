import type { Kernels } from "../kernel/kernels.ts";
import { type Digest, formatDigest, type HashAlgorithm } from "../oci/digest.ts";
import { type ByteStream, streamOf } from "./stream.ts";
import { verified } from "./verified.ts";

/** Bytes whose digest and size are known, and that can be read more than once. */
export interface Content {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  /** The bytes from the start; the stream fails rather than end on other content. */
  open(): Promise<ByteStream>;
}

/** The digest of bytes at hand. */
export function digestOf(kernels: Kernels, bytes: Uint8Array, algorithm: HashAlgorithm = "sha256"): Digest {
  const hasher = kernels.hasher(algorithm);
  hasher.update(bytes);
  return formatDigest(algorithm, hasher.digest());
}

/** Bytes at hand as content. */
export function contentOf(kernels: Kernels, bytes: Uint8Array): Content {
  return { digest: digestOf(kernels, bytes), size: bytes.length, open: async () => streamOf(bytes) };
}

/** Content somewhere else, checked whenever it is read. */
export function verifiedContent(
  kernels: Kernels,
  expected: { readonly digest: Digest; readonly size: number },
  open: () => Promise<ByteStream>,
): Content {
  return {
    digest: expected.digest,
    size: expected.size,
    open: async () => verified(await open(), expected, kernels),
  };
}
