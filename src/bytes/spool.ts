import { SealiftError } from "../error.ts";
import type { Kernels } from "../kernel/kernels.ts";
import { type Digest, formatDigest } from "../oci/digest.ts";
import type { Content } from "./content.ts";
import { type ByteStream, chunksOf, concat, streamOf } from "./stream.ts";

/** Where bytes wait until their digest and size are known: temporary files, OPFS, memory. */
export interface Spool {
  create(): Promise<SpoolSlot>;
}

/** One run of bytes: written once from start to end, then read as often as needed. */
export interface SpoolSlot {
  /** Resolves when the chunk may be reused by the caller. */
  write(chunk: Uint8Array): Promise<void>;
  /** Ends writing; reading may begin. */
  close(): Promise<void>;
  open(start?: number, end?: number): ByteStream;
  dispose(): Promise<void>;
}

/** Content waiting in a spool, until it is disposed of. */
export interface SpooledContent extends Content {
  dispose(): Promise<void>;
}

/** Reads the stream into the spool, hashing as it goes. Nothing stays behind if it fails. */
export async function spoolContent(
  spool: Spool,
  kernels: Kernels,
  stream: ByteStream,
): Promise<SpooledContent> {
  const hasher = kernels.hasher("sha256");
  try {
    const spooled = await fill(spool, stream, (chunk) => hasher.update(chunk));
    return { ...spooled, digest: formatDigest("sha256", hasher.digest()) };
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
  return { ...(await fill(spool, stream, () => {})), digest };
}

async function fill(
  spool: Spool,
  stream: ByteStream,
  see: (chunk: Uint8Array) => void,
): Promise<Omit<SpooledContent, "digest">> {
  const slot = await spool.create();
  let size = 0;
  try {
    for await (const chunk of chunksOf(stream)) {
      see(chunk);
      size += chunk.length;
      await slot.write(chunk);
    }
    await slot.close();
  } catch (error) {
    await slot.dispose();
    throw error;
  }
  return { size, open: async () => slot.open(), dispose: () => slot.dispose() };
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
        async close() {
          parts = [concat(parts, size)];
        },
        open: (start = 0, end = size) => streamOf((parts[0] ?? new Uint8Array()).subarray(start, end)),
        async dispose() {
          held -= size;
          size = 0;
          parts = [];
        },
      };
    },
  };
}
