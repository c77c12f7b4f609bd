import type { Digest } from "../oci/digest.ts";
import type { EarlyUpload } from "../registry/early-upload.ts";
import type { Repository } from "../registry/repository.ts";
import type { EarlyBlob } from "./put-manifest.ts";

/** Bytes for which it is worth a request more; what is less is sent at once, from memory. */
const WORTH_BEGINNING = 8 * 1024 * 1024;

/**
 * Begins to upload blobs while they are made, where that sends nothing in vain:
 * which blob it is only its last byte tells, and one that is there already must
 * not cost its transfer. So it is done
 * - where the layer cache knows what will come out, and the repository was asked
 *   for that and has not got it; or
 * - where the repository has no tag: then it has nothing, but for what a push
 *   that failed may have left.
 * A tag of its own is not enough: the images of one repository share their large
 * layers, and a build machine that remembers nothing would send them each time.
 * Nor is it done where another repository, in `placed`, may have what can be mounted.
 */
export function earlyBlobs(
  repository: Repository,
  placed: ReadonlyMap<Digest, string>,
  put: (blob: Parameters<EarlyBlob["put"]>[0], early: EarlyUpload) => ReturnType<EarlyBlob["put"]>,
): (() => EarlyBlob) | undefined {
  const { earlyUpload } = repository;
  if (!earlyUpload) return undefined;
  let empty: Promise<boolean> | undefined;
  const isEmpty = (signal: AbortSignal) => {
    // Whoever does not tell, or not us, is taken to have something.
    empty ??= repository.hasTags(signal).then(
      (has) => !has,
      () => false,
    );
    return empty;
  };
  const isAnywhereElse = () => [...placed.values()].some((name) => name !== repository.repository);
  return () => {
    const upload = earlyUpload();
    return {
      reader(known) {
        if (known ? placed.has(known.digest) : isAnywhereElse()) return undefined;
        const isWanted = known ? async () => true : isEmpty;
        return { from: WORTH_BEGINNING, begin: (content) => upload.begin(content, isWanted) };
      },
      put: (blob) => put(blob, upload),
      abandon: () => upload.abandon(),
    };
  };
}
