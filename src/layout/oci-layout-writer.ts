import type { Content } from "../bytes/content.ts";
import { type CheckBefore, commitWith, type FilesWriter, type MakeFile } from "../bytes/files.ts";
import { streamOf } from "../bytes/stream.ts";
import { ANNOTATION, type Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { type ImageIndex, parseImageIndex } from "../oci/image-index.ts";
import { encodeJson } from "../oci/json.ts";
import { MEDIA_TYPE } from "../oci/media-type.ts";
import { blobPath, OCI_INDEX_FILE, OCI_LAYOUT_BYTES, OCI_LAYOUT_FILE, type OciLayout } from "./oci-layout.ts";

/** A layout being written: blobs as they come, then the index. */
export interface OciLayoutWriter {
  /** Blobs may be written at the same time. */
  readonly sideBySide: boolean;
  /** Writes a blob, unless it was written or the existing layout has it. */
  blob(content: Content): Promise<void>;
  /** Writes oci-layout and index.json with these entries, and commits. */
  finish(manifests: readonly Descriptor[], check?: CheckBefore): Promise<void>;
  abort(): Promise<void>;
}

/**
 * Writes an OCI image layout. With `existing`, the layout that stands where
 * this one goes: its entries stay, but for those that the new ones replace.
 */
export function writeOciLayout(writer: FilesWriter, existing?: OciLayout): OciLayoutWriter {
  /** Also what is still under way: of two layers with one digest, the second waits for the first. */
  const written = new Map<Digest, Promise<void>>();
  const put = (name: string, bytes: Uint8Array) =>
    writer.write(name, { size: bytes.length, open: async () => streamOf(bytes) });
  return {
    sideBySide: writer.sideBySide ?? false,
    async blob(content) {
      if (existing?.has(content)) return;
      const { digest } = content;
      const writing = written.get(digest) ?? writer.write(blobPath(digest), content);
      written.set(digest, writing);
      try {
        await writing;
      } catch (error) {
        written.delete(digest);
        throw error;
      }
    },
    async finish(manifests, check) {
      await put(OCI_LAYOUT_FILE, OCI_LAYOUT_BYTES);
      // Last: a reader of a half-written folder finds no blob missing. And what others listed meanwhile stays.
      const index: MakeFile = async (present) =>
        encodeJson(
          mergedIndex(manifests, present ? parseImageIndex(present, OCI_INDEX_FILE) : existing?.index),
        );
      await commitWith(writer, OCI_INDEX_FILE, index, check);
    },
    abort: () => writer.abort(),
  };
}

/** A new entry takes the place of the one with its ref.name; one without a name of the one with its digest. */
function mergedIndex(manifests: readonly Descriptor[], existing: ImageIndex | undefined): ImageIndex {
  if (!existing) return { schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests };
  const replaced = new Set(manifests.map(identity));
  const kept = existing.manifests.filter((entry) => !replaced.has(identity(entry)));
  return { ...existing, manifests: [...kept, ...manifests] };
}

function identity({ annotations, digest }: Descriptor): string {
  return annotations?.[ANNOTATION.refName] ?? digest;
}
