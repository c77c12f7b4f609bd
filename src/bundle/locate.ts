import type { Slices } from "../bytes/slices.ts";
import { collect } from "../bytes/stream.ts";
import { reasonOf, SealiftError } from "../error.ts";
import type { Kernels } from "../kernel/kernels.ts";
import { BUNDLE_TYPE } from "../layout/bundle-plan.ts";
import { blobPath } from "../layout/oci-layout.ts";
import { ANNOTATION, type Descriptor } from "../oci/descriptor.ts";
import { type ImageIndex, parseImageIndex } from "../oci/image-index.ts";
import { MAX_DOCUMENT_SIZE } from "../oci/json.ts";
import { HeadReader } from "../tar/head.ts";
import { paddingOf } from "../tar/header.ts";
import { SlicesInput } from "../tar/input.ts";

/** One entry of the file, by what its header says. */
export interface LocatedEntry {
  readonly name: string;
  /** Where its headers begin: bytes from the start of the file. */
  readonly headerOffset: number;
  /** Where its content begins. */
  readonly offset: number;
  /** Bytes. */
  readonly size: number;
}

export interface Located {
  /** In file order; of two with one name, the first is found by name. */
  readonly entries: readonly LocatedEntry[];
  readonly byName: ReadonlyMap<string, LocatedEntry>;
  /** Where the walk had to stop, if it did. */
  readonly problem?: { readonly offset: number; readonly after: string; readonly reason: string };
}

/** Walks over the headers as far as they can be read; a verifier wants to know what stands before the damage. */
export async function locateEntries(slices: Slices, kernels: Kernels): Promise<Located> {
  const input = new SlicesInput(slices);
  const heads = new HeadReader(input, kernels);
  const entries: LocatedEntry[] = [];
  const byName = new Map<string, LocatedEntry>();
  for (;;) {
    const headerOffset = input.position;
    try {
      const head = await heads.next();
      if (head.kind === "end") return { entries, byName };
      const { name, size } = head.header;
      const entry = { name, size, headerOffset, offset: input.position };
      entries.push(entry);
      if (!byName.has(name)) byName.set(name, entry);
      await input.skip(size + paddingOf(size));
    } catch (error) {
      const after = entries.at(-1)?.name ?? "the start";
      return { entries, byName, problem: { offset: headerOffset, after, reason: reasonOf(error) } };
    }
  }
}

/** A located entry's content, whole. Throws BUNDLE_INVALID if there is none, LIMIT_EXCEEDED. */
export async function readEntry(slices: Slices, located: Located, name: string): Promise<Uint8Array> {
  const entry = located.byName.get(name);
  if (!entry) throw new SealiftError("BUNDLE_INVALID", `Cannot find ${name} in the file`);
  return collect(slices.slice(entry.offset, entry.offset + entry.size), MAX_DOCUMENT_SIZE, name);
}

/** What index.json claims: a root, and the referrers sealed with it. Untrusted until the root's digest holds. */
export interface TableOfContents {
  readonly root: Descriptor;
  readonly referrers: readonly Descriptor[];
}

/** Reads a bundle's index.json. Throws BUNDLE_INVALID where it is not that of a bundle. */
export function parseTableOfContents(bytes: Uint8Array): TableOfContents {
  let index: ImageIndex;
  try {
    index = parseImageIndex(bytes, "index.json");
  } catch (cause) {
    throw new SealiftError("BUNDLE_INVALID", reasonOf(cause), { cause });
  }
  const [root, ...others] = index.manifests;
  if (root?.artifactType !== BUNDLE_TYPE) {
    throw new SealiftError(
      "BUNDLE_INVALID",
      `Cannot find a root in index.json: its first entry is not a ${BUNDLE_TYPE}`,
    );
  }
  const referrers = others.filter((entry) => entry.annotations?.[ANNOTATION.refName] === undefined);
  return { root, referrers };
}

/** A blob's bytes in the file, unchecked. Throws BUNDLE_INVALID if it is not there. */
export function blobIn(slices: Slices, located: Located, descriptor: Descriptor) {
  const entry = located.byName.get(blobPath(descriptor.digest));
  if (!entry) throw new SealiftError("BUNDLE_INVALID", `Cannot find ${descriptor.digest} in the file`);
  return slices.slice(entry.offset, entry.offset + entry.size);
}
