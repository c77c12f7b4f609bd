import type { ByteStream } from "../../src/bytes/stream.ts";
import { SealiftError } from "../../src/error.ts";
import { blobUnknown } from "../../src/store/refusal.ts";
import type { Blobs } from "../../src/store/store.ts";
import type { StoreBindings } from "./cloudflare-bindings.ts";
import { type Content, segmentKey } from "./r2-store-segments.ts";

/** Blobs as their digests' Durable Objects know them, read from R2 segment by segment. */
export function r2Blobs({ BUCKET, CONTENTS, REPOSITORIES }: StoreBindings): Blobs {
  return {
    size: async (repository, digest) => CONTENTS.getByName(digest).size(repository),

    async open(repository, digest, start = 0, end) {
      const content = await CONTENTS.getByName(digest).read(repository);
      if (!content) throw blobUnknown(digest);
      return readParts(BUCKET, partsOf(content, start, Math.min(end ?? content.size, content.size)));
    },

    async mount(repository, digest, from) {
      if (!(await CONTENTS.getByName(digest).mount(repository, from))) return false;
      await REPOSITORIES.getByName(repository).enlist(repository);
      return true;
    },

    remove: async (repository, digest) => CONTENTS.getByName(digest).release(repository),
  };
}

/** A stretch of one R2 object. */
interface Part {
  readonly key: string;
  readonly offset: number;
  readonly length: number;
}

function partsOf({ source, segments }: Content, start: number, end: number): Part[] {
  const parts: Part[] = [];
  let position = 0;
  for (const { name, size } of segments) {
    const from = Math.max(start, position);
    const to = Math.min(end, position + size);
    if (from < to) parts.push({ key: segmentKey(source, name), offset: from - position, length: to - from });
    position += size;
  }
  return parts;
}

/** The parts one after the other, each opened when the one before has been read. No byte passes through JavaScript. */
async function readParts(bucket: R2Bucket, parts: readonly Part[]): Promise<ByteStream> {
  const [first, ...others] = parts;
  // Found missing before the answer has begun, so that the answer can say so.
  const opened = first && (await readPart(bucket, first));
  if (opened && others.length === 0) return opened;
  // Of a known length: else the runtime would send no Content-Length.
  const { readable, writable } = new FixedLengthStream(parts.reduce((sum, { length }) => sum + length, 0));
  const pump = async () => {
    try {
      if (opened) await opened.pipeTo(writable, { preventClose: true });
      for (const part of others)
        await (await readPart(bucket, part)).pipeTo(writable, { preventClose: true });
      await writable.close();
    } catch (error) {
      // The reader has gone, or shall see that this is not all.
      await writable.abort(error).catch(() => {});
    }
  };
  void pump();
  return readable;
}

async function readPart(
  bucket: R2Bucket,
  { key, offset, length }: Part,
): Promise<ReadableStream<Uint8Array>> {
  const object = await bucket.get(key, { range: { offset, length } });
  if (!object) throw new SealiftError("IO", `Cannot read ${key}: it is missing from the bucket`);
  return object.body;
}
