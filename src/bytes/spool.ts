import { SealiftError } from "../error.ts";
import type { Kernels } from "../kernel/kernels.ts";
import { type Digest, formatDigest } from "../oci/digest.ts";
import type { Content } from "./content.ts";
import { type EarlyReader, GrowingContent } from "./growing-content.ts";
import { type ByteStream, chunksOf, streamFrom } from "./stream.ts";

/** Where bytes wait until their digest and size are known: temporary files, OPFS, memory. */
export interface Spool {
  create(): Promise<SpoolSlot>;
}

/** One run of bytes: written once from start to end, then read as often as needed. */
export interface SpoolSlot {
  /** Resolves when the chunk may be reused by the caller. */
  write(chunk: Uint8Array): Promise<void>;
  /** Ends writing; all may be read. */
  close(): Promise<void>;
  /** How many bytes may be read by now, while more are written; a place that cannot do both has none before `close`. */
  readable(): number;
  open(start?: number, end?: number): ByteStream;
  dispose(): Promise<void>;
}

/** Content waiting in a spool, until it is disposed of. */
export interface SpooledContent extends Content {
  dispose(): Promise<void>;
}

/**
 * Reads the stream into the spool, hashing as it goes; `early` may read behind.
 * Nothing stays behind if it fails.
 */
export async function spoolContent(
  spool: Spool,
  kernels: Kernels,
  stream: ByteStream,
  early?: EarlyReader,
): Promise<SpooledContent> {
  const hasher = kernels.hasher("sha256");
  const see = (chunk: Uint8Array) => hasher.update(chunk);
  try {
    return await fill(spool, stream, { see, digest: () => formatDigest("sha256", hasher.digest()), early });
  } finally {
    hasher.release();
  }
}

/** As {@link spoolContent}, for a stream that fails where its digest is another: no need to hash it twice. */
export async function spoolVerified(
  spool: Spool,
  digest: Digest,
  stream: ByteStream,
): Promise<SpooledContent> {
  return fill(spool, stream, { see: () => {}, digest: () => digest });
}

interface Filling {
  see(chunk: Uint8Array): void;
  /** Asked at the end. */
  digest(): Digest;
  readonly early?: EarlyReader | undefined;
}

async function fill(spool: Spool, stream: ByteStream, filling: Filling): Promise<SpooledContent> {
  const slot = await spool.create();
  const { from, begin } = filling.early ?? { from: Number.POSITIVE_INFINITY };
  let growing: GrowingContent | undefined;
  let size = 0;
  try {
    for await (const chunk of chunksOf(stream)) {
      filling.see(chunk);
      size += chunk.length;
      await slot.write(chunk);
      growing?.grown();
      if (size >= from && !growing) {
        growing = new GrowingContent(slot);
        begin?.(growing);
      }
    }
    await slot.close();
  } catch (error) {
    growing?.fail(error);
    await slot.dispose();
    throw error;
  }
  const digest = filling.digest();
  growing?.end(digest);
  return { digest, size, open: async () => slot.open(), dispose: () => slot.dispose() };
}

/** A spool in memory, for hosts without a disk; holds at most `limit` bytes in all. */
export function memorySpool(limit: number): Spool {
  let held = 0;
  return {
    async create() {
      let parts: Uint8Array[] = [];
      let size = 0;
      return {
        async write(chunk) {
          if (held + chunk.length > limit) {
            throw new SealiftError(
              "LIMIT_EXCEEDED",
              `Cannot spool content: it needs more than ${limit} bytes of memory`,
            );
          }
          // Not `slice`, which of a Buffer is a view.
          parts.push(new Uint8Array(chunk));
          size += chunk.length;
          held += chunk.length;
        },
        close: async () => {},
        readable: () => size,
        open: (start = 0, end = size) => streamFrom(slicesOf(parts, start, end)),
        async dispose() {
          held -= size;
          size = 0;
          parts = [];
        },
      };
    },
  };
}

function* slicesOf(parts: readonly Uint8Array[], start: number, end: number): Generator<Uint8Array> {
  let at = 0;
  for (const part of parts) {
    yield part.subarray(Math.max(0, start - at), Math.max(0, end - at));
    at += part.length;
  }
}
