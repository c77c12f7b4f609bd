import type { Content } from "../bytes/content.ts";
import { type CheckBefore, commitWith, type FilesWriter, type MakeFile } from "../bytes/files.ts";
import { sameBytes, streamOf } from "../bytes/stream.ts";
import { ANNOTATION, type Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { type ImageIndex, parseImageIndex } from "../oci/image-index.ts";
import { encodeJson } from "../oci/json.ts";
import { MEDIA_TYPE } from "../oci/media-type.ts";
import { type HoldsBlob, heldBySize } from "./held-blobs.ts";
import { blobPath, OCI_INDEX_FILE, OCI_LAYOUT_BYTES, OCI_LAYOUT_FILE, type OciLayout } from "./oci-layout.ts";

/** A layout being written: blobs as they come, then the index. */
export interface OciLayoutWriter {
  /** Blobs may be written at the same time. */
  readonly sideBySide: boolean;
  /** Writes a blob, unless it was written or the existing layout holds it. */
  blob(content: Content): Promise<void>;
  /** Writes oci-layout and index.json with these entries, and commits. */
  finish(manifests: readonly Descriptor[], check?: CheckBefore): Promise<void>;
  abort(): Promise<void>;
  /**
   * Takes the entries that were written off index.json, and puts back those
   * they replaced, by another writer; what others wrote meanwhile stays, and so
   * do blobs, which others may count on by now.
   */
  takeBack(writer: FilesWriter): Promise<void>;
}

/**
 * Writes an OCI image layout. With `existing`, the layout that stands where
 * this one goes: its entries stay, but for those that the new ones replace.
 */
export function writeOciLayout(
  writer: FilesWriter,
  existing?: OciLayout,
  holds: HoldsBlob | undefined = existing && heldBySize(existing),
): OciLayoutWriter {
  /** Also what is still under way: of two layers with one digest, the second waits for the first. */
  const written = new Map<Digest, Promise<void>>();
  let change: IndexChange | undefined;
  const put = (name: string, bytes: Uint8Array) =>
    writer.write(name, { size: bytes.length, open: async () => streamOf(bytes) });
  return {
    sideBySide: writer.sideBySide ?? false,
    async blob(content) {
      if (await holds?.(content)) return;
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
      const index: MakeFile = async (present) => {
        const listed = present ? parseImageIndex(present, OCI_INDEX_FILE) : existing?.index;
        const after = encodeJson(mergedIndex(manifests, listed));
        change = { before: present, after, listed: listed?.manifests ?? [], added: manifests };
        return after;
      };
      await commitWith(writer, OCI_INDEX_FILE, index, check);
    },
    abort: () => writer.abort(),
    async takeBack(other) {
      const { before, after, added, listed } = change as IndexChange;
      await commitWith(other, OCI_INDEX_FILE, async (present = after) => {
        // Nobody else wrote meanwhile: it is what it was, to the byte.
        if (before && sameBytes(present, after)) return before;
        return encodeJson(withoutAdded(parseImageIndex(present, OCI_INDEX_FILE), added, listed));
      });
    },
  };
}

/** What a commit did to index.json. */
interface IndexChange {
  readonly before: Uint8Array | undefined;
  readonly after: Uint8Array;
  readonly added: readonly Descriptor[];
  /** What `before` listed. */
  readonly listed: readonly Descriptor[];
}

/** The index without what was added; a name that is free by that is again what it was before. */
function withoutAdded(
  index: ImageIndex,
  added: readonly Descriptor[],
  before: readonly Descriptor[],
): ImageIndex {
  const isAdded = (entry: Descriptor) =>
    added.some((other) => other.digest === entry.digest && identity(other) === identity(entry));
  const freed = new Set(index.manifests.filter(isAdded).map(identity));
  const kept = index.manifests.filter((entry) => !isAdded(entry));
  const restored = before.filter((entry) => freed.has(identity(entry)));
  return { ...index, manifests: [...kept, ...restored] };
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
