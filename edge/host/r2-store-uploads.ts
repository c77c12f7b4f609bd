import type { ByteStream } from "../../src/bytes/stream.ts";
import { SealiftError } from "../../src/error.ts";
import type { Kernels, ResumableHasher } from "../../src/kernel/kernels.ts";
import { type Digest, digestAlgorithm, formatDigest } from "../../src/oci/digest.ts";
import { uploadBusy, uploadUnknown, wrongContent, wrongOffset } from "../../src/store/refusal.ts";
import type { Uploads } from "../../src/store/store.ts";
import type { StoreBindings } from "./cloudflare-bindings.ts";
import type { Refusal } from "./cloudflare-upload.ts";
import { type Chunks, receive } from "./r2-store-receive.ts";
import { type Segment, segmentKey } from "./r2-store-segments.ts";

/** Storing a segment takes two subrequests, reading it one; a worker's request has 10 000. */
const MAX_SEGMENTS = 4096;

/** Uploads as segments in R2, each committed to the upload's Durable Object before the next is begun. */
export function r2Uploads(
  { BUCKET, UPLOADS, CONTENTS, REPOSITORIES }: StoreBindings,
  kernels: Kernels,
): Uploads {
  /** Does the work as the upload's only writer. */
  async function claimed<T>(
    repository: string,
    id: string,
    offset: number | undefined,
    work: (claim: Claim) => Promise<T>,
  ): Promise<T> {
    const claim = await uploadObject(id).claim(repository, offset);
    if (claim.refused) throw refusalOf(claim, id, offset);
    try {
      return await work(claim);
    } finally {
      // Heard before our client sends its next request; disposing alone is heard a moment later.
      await uploadObject(id)
        .release(claim.epoch)
        .catch(() => {});
      claim.hold[Symbol.dispose]();
    }
  }

  /** A new stub for each use: one whose object was reset stays broken. */
  function uploadObject(id: string) {
    if (!isUploadId(id)) throw uploadUnknown(id);
    return UPLOADS.getByName(id);
  }

  return {
    async start(repository) {
      const id = toHex(crypto.getRandomValues(new Uint8Array(16)));
      await uploadObject(id).start(id, repository);
      return id;
    },

    async offset(repository, id) {
      return isUploadId(id) ? uploadObject(id).size(repository) : undefined;
    },

    append: (repository, id, offset, body, length) =>
      claimed(repository, id, offset, (claim) => append(id, claim, body, length)),

    async finish(repository, id, digest) {
      try {
        await claimed(repository, id, undefined, (claim) => publish(repository, id, claim, digest));
      } catch (error) {
        // The answer to the first end was lost on its way: it holds all the same, unless the blob was deleted since.
        if (!(error instanceof Finished) || error.digest !== digest) throw error;
        if ((await CONTENTS.getByName(digest).size(repository)) === undefined) throw error;
      }
      await REPOSITORIES.getByName(repository).enlist(repository);
    },

    async cancel(repository, id) {
      return isUploadId(id) && (await uploadObject(id).discard(repository));
    },
  };

  async function append(
    id: string,
    claim: Claim,
    body: ByteStream,
    length: number | undefined,
  ): Promise<number> {
    const hasher = kernels.resumableSha256(claim.hash);
    let { size: received, count } = claim;
    try {
      await receive(body, length, async (size, chunks) => {
        if (count >= MAX_SEGMENTS) throw tooManySegments(id);
        // A name of this claim's own: one who was cut off and comes late overwrites nothing.
        const segment = { name: `${claim.epoch}-${count}`, size };
        await storeSegment(BUCKET, segmentKey(id, segment.name), size, chunks, hasher);
        if (!(await uploadObject(id).commit(claim.epoch, segment, hasher.save()))) throw uploadBusy(id);
        received += size;
        count += 1;
      });
      return received;
    } finally {
      hasher.release();
    }
  }

  async function publish(repository: string, id: string, claim: Claim, digest: Digest): Promise<void> {
    const upload = uploadObject(id);
    const actual = await digestOf(id, claim, digest);
    if (actual !== digest) {
      await upload.discard(repository);
      throw wrongContent(digest, actual);
    }
    if (!(await upload.publish(claim.epoch, digest))) throw uploadUnknown(id);
  }

  /** SHA-256 is known at once. SHA-512 is rare and the kernels save no state of it: what was stored is read again. */
  async function digestOf(id: string, { hash }: Claim, expected: Digest): Promise<Digest> {
    const algorithm = digestAlgorithm(expected);
    if (algorithm === "sha256") return formatDigest(algorithm, kernels.resumableSha256(hash).digest());
    return formatDigest(algorithm, await sha512Of(BUCKET, id, await uploadObject(id).segments()));
  }
}

interface Claim {
  readonly size: number;
  readonly count: number;
  readonly hash: Uint8Array | undefined;
  readonly epoch: number;
}

class Finished extends SealiftError {
  readonly digest: Digest;

  constructor(id: string, digest: Digest) {
    super("BLOB_UPLOAD_UNKNOWN", uploadUnknown(id).message);
    this.digest = digest;
  }
}

function refusalOf(refusal: Refusal, id: string, offset: number | undefined): SealiftError {
  if (refusal.refused === "offset") return wrongOffset(offset ?? 0, refusal.size);
  if (refusal.refused === "finished") return new Finished(id, refusal.digest);
  return refusal.refused === "busy" ? uploadBusy(id) : uploadUnknown(id);
}

/** Writes the chunks as one object, hashing them on their way. There is no object if either end fails. */
async function storeSegment(
  bucket: R2Bucket,
  key: string,
  size: number,
  chunks: Chunks,
  hasher: ResumableHasher,
): Promise<void> {
  const { readable, writable } = new FixedLengthStream(size);
  const writer = writable.getWriter();
  const pour = async () => {
    try {
      for await (const chunk of chunks) {
        hasher.update(chunk);
        await writer.write(chunk);
      }
      await writer.close();
    } catch (error) {
      await writer.abort(error).catch(() => {});
      throw error;
    }
  };
  const put = bucket.put(key, readable);
  // Nobody reads any more: a write would wait for ever.
  put.catch((error) => writer.abort(error).catch(() => {}));
  const [poured, stored] = await Promise.allSettled([pour(), put]);
  if (poured.status === "rejected") throw poured.reason;
  if (stored.status === "rejected") throw stored.reason;
}

async function sha512Of(bucket: R2Bucket, id: string, segments: readonly Segment[]): Promise<Uint8Array> {
  const hashing = new crypto.DigestStream("SHA-512");
  for (const { name } of segments) {
    const object = await bucket.get(segmentKey(id, name));
    if (!object) throw new SealiftError("IO", `Cannot read upload ${id}: segment ${name} is missing`);
    await object.body.pipeTo(hashing, { preventClose: true });
  }
  await hashing.getWriter().close();
  return new Uint8Array(await hashing.digest);
}

function tooManySegments(id: string): SealiftError {
  return new SealiftError(
    "LIMIT_EXCEEDED",
    `Cannot append to upload ${id}: it has ${MAX_SEGMENTS} chunks already; send larger ones`,
  );
}

function isUploadId(text: string): boolean {
  return /^[0-9a-f]{32}$/.test(text);
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
