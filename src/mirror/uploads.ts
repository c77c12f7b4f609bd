import type { ByteStream } from "../bytes/stream.ts";
import type { Digest } from "../oci/digest.ts";
import { uploadUnknown } from "../store/refusal.ts";
import type { Store } from "../store/store.ts";

/** Bytes of a request. */
export interface UploadBody {
  readonly stream: ByteStream;
  /** Their number, where the client said it beforehand. */
  readonly length: number | undefined;
}

/** Blobs on their way in (distribution-spec, "Pushing blobs"). Bodies are streamed, never held. */
export interface MirrorUploads {
  start(repository: string): Promise<string>;
  /** Bytes received so far. Throws BLOB_UPLOAD_UNKNOWN. */
  offset(repository: string, id: string): Promise<number>;
  /**
   * Appends at `offset`; without it, after what was received. Resolves to the
   * new offset. Throws RANGE_INVALID for any other place, BLOB_UPLOAD_UNKNOWN.
   */
  append(repository: string, id: string, body: UploadBody, offset?: number): Promise<number>;
  /** Makes the upload a blob. Throws DIGEST_MISMATCH (the upload is gone), BLOB_UPLOAD_UNKNOWN. */
  finish(repository: string, id: string, digest: Digest): Promise<void>;
  /** A whole blob in one request; nothing stays behind if it fails. */
  push(repository: string, digest: Digest, body: UploadBody): Promise<void>;
  /** Throws BLOB_UPLOAD_UNKNOWN. */
  cancel(repository: string, id: string): Promise<void>;
}

export function mirrorUploads({ uploads }: Store): MirrorUploads {
  const offset = async (repository: string, id: string) => {
    const received = await uploads.offset(repository, id);
    if (received === undefined) throw uploadUnknown(id);
    return received;
  };
  return {
    start: (repository) => uploads.start(repository),
    offset,
    append: async (repository, id, body, at) =>
      uploads.append(repository, id, at ?? (await offset(repository, id)), body.stream, body.length),
    finish: (repository, id, digest) => uploads.finish(repository, id, digest),
    async push(repository, digest, body) {
      const id = await uploads.start(repository);
      try {
        await uploads.append(repository, id, 0, body.stream, body.length);
        await uploads.finish(repository, id, digest);
      } catch (error) {
        // The client never learned the upload's address, so nobody could resume it.
        await uploads.cancel(repository, id);
        throw error;
      }
    },
    async cancel(repository, id) {
      if (!(await uploads.cancel(repository, id))) throw uploadUnknown(id);
    },
  };
}
