import type { Kernels } from "../kernel/kernels.ts";
import { type Digest, formatDigest } from "../oci/digest.ts";
import type { Content } from "./content.ts";
import { type EarlyReader, GrowingContent } from "./growing-content.ts";
import { giveBack } from "./loan.ts";
import type { Spool } from "./spool.ts";
import { type ByteStream, chunksOf } from "./stream.ts";

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
      giveBack(chunk);
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
