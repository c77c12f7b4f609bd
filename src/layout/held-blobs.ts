import type { Content } from "../bytes/content.ts";
import { drain } from "../bytes/stream.ts";
import { isSealiftError } from "../error.ts";
import type { Host } from "../host.ts";
import type { Digest } from "../oci/digest.ts";
import { blobPath, type OciLayout } from "./oci-layout.ts";

/** Whether a blob need not be written. */
export type HoldsBlob = (blob: Pick<Content, "digest" | "size">) => Promise<boolean>;

/** What the layout has, going by the sizes of its files: what is in them shows when they are read. */
export function heldBySize(existing: OciLayout): HoldsBlob {
  return async (blob) => existing.has(blob);
}

/** What the layout has whole, each blob read once; what is damaged is written again. */
export function heldWhole(existing: OciLayout, host: Host): HoldsBlob {
  const read = new Map<Digest, Promise<boolean>>();
  return async (blob) => {
    if (!existing.has(blob)) return false;
    const reading = read.get(blob.digest) ?? isWhole(blob, existing, host);
    read.set(blob.digest, reading);
    return reading;
  };
}

async function isWhole(
  blob: Pick<Content, "digest" | "size">,
  existing: OciLayout,
  { log }: Host,
): Promise<boolean> {
  try {
    await drain(await existing.open(blob));
    return true;
  } catch (error) {
    if (!isSealiftError(error, "DIGEST_MISMATCH", "SIZE_MISMATCH")) throw error;
    log({ type: "warning", message: `Replacing ${blobPath(blob.digest)}: it is damaged` });
    return false;
  }
}
