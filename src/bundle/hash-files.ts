import type { Content } from "../bytes/content.ts";
import type { TreeEntry } from "../bytes/files.ts";
import { type ByteStream, chunksOf, collect } from "../bytes/stream.ts";
import { isSealiftError } from "../error.ts";
import type { Kernels } from "../kernel/kernels.ts";
import { formatDigest } from "../oci/digest.ts";

/** A file up to this size, in bytes, is read whole and waits for others. */
const SMALL = 64 * 1024;

/** So many bytes wait at most. */
const BATCH = 2 << 20;

/**
 * Reads files once for their digests and sizes, in their order. Small ones are
 * hashed many at a time: without instructions for it, four cost what two do.
 */
export async function hashFiles(entries: readonly TreeEntry[], kernels: Kernels): Promise<Content[]> {
  const contents: Content[] = [];
  const batch = new Map<number, Uint8Array>();
  let size = 0;

  const hashBatch = () => {
    const hashes = kernels.sha256Many([...batch.values()]);
    [...batch].forEach(([index, bytes], i) => {
      const digest = formatDigest("sha256", hashes[i] as Uint8Array);
      contents[index] = { digest, size: bytes.length, open: opener(entries[index] as TreeEntry) };
    });
    batch.clear();
    size = 0;
  };

  for (const [index, entry] of entries.entries()) {
    const bytes = entry.size <= SMALL ? await readSmall(entry) : undefined;
    if (!bytes) {
      contents[index] = await hashed(opener(entry), kernels);
      continue;
    }
    batch.set(index, bytes);
    size += bytes.length;
    if (size >= BATCH) hashBatch();
  }
  hashBatch();
  return contents;
}

function opener(entry: TreeEntry): () => Promise<ByteStream> {
  return async () => entry.open();
}

/** Undefined for a file that has grown since it was listed. */
async function readSmall(entry: TreeEntry): Promise<Uint8Array | undefined> {
  try {
    return await collect(entry.open(), SMALL);
  } catch (error) {
    if (isSealiftError(error, "LIMIT_EXCEEDED")) return undefined;
    throw error;
  }
}

/** Content read once for its digest and size. */
export async function hashed(open: () => Promise<ByteStream>, kernels: Kernels): Promise<Content> {
  const hasher = kernels.hasher("sha256");
  let size = 0;
  try {
    for await (const chunk of chunksOf(await open())) {
      hasher.update(chunk);
      size += chunk.length;
    }
    return { digest: formatDigest("sha256", hasher.digest()), size, open };
  } finally {
    hasher.release();
  }
}
