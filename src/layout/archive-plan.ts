import { SealiftError } from "../error.ts";
import type { Kernels } from "../kernel/kernels.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { encodeHeader } from "../tar/encode.ts";
import { paddingOf } from "../tar/header.ts";
import { END_OF_ARCHIVE } from "../tar/write.ts";
import { blobPath } from "./oci-layout.ts";

/** A file of an archive that is a layout's own, with its bytes. */
export interface GeneratedEntry {
  readonly name: "oci-layout" | "index.json" | "manifest.json";
  /** Bytes. */
  readonly size: number;
  readonly bytes: Uint8Array;
  readonly descriptor?: undefined;
}

/** A file of an archive that is a blob. */
export interface BlobEntry {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly bytes?: undefined;
  readonly descriptor: Descriptor;
}

export type PlannedEntry = GeneratedEntry | BlobEntry;

export function generatedEntry(name: GeneratedEntry["name"], bytes: Uint8Array): GeneratedEntry {
  return { name, size: bytes.length, bytes };
}

/** Each blob once, where it comes first. Throws LAYOUT_INVALID for one with two sizes. */
export function blobEntries(order: readonly Descriptor[]): BlobEntry[] {
  const entries = new Map<Digest, BlobEntry>();
  for (const descriptor of order) {
    const known = entries.get(descriptor.digest);
    if (known && known.size !== descriptor.size) {
      throw new SealiftError(
        "LAYOUT_INVALID",
        `Cannot lay out ${descriptor.digest}: it is described with ${known.size} and with ${descriptor.size} bytes`,
      );
    }
    if (!known) {
      entries.set(descriptor.digest, {
        name: blobPath(descriptor.digest),
        size: descriptor.size,
        descriptor,
      });
    }
  }
  return [...entries.values()];
}

/** Bytes of the tar archive that holds the entries. */
export function archiveSize(entries: readonly PlannedEntry[], kernels: Kernels): number {
  return entries.reduce(
    (sum, { name, size }) => sum + encodeHeader({ name, size }, kernels).length + size + paddingOf(size),
    END_OF_ARCHIVE.length,
  );
}
