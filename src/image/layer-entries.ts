import type { Kernels } from "../kernel/kernels.ts";
import type { Digest } from "../oci/digest.ts";
import { withGnuTimes } from "../tar/gnu-times.ts";
import type { TarHeader } from "../tar/header.ts";
import { StreamInput } from "../tar/input.ts";
import type { PaxRecords } from "../tar/pax.ts";
import { readHeads } from "../tar/read.ts";
import { safeDirectory, safePath } from "../tar/safety.ts";
import type { Layer } from "./image.ts";

/** What a layer's tar says of one path. It holds on to nothing of the tar. */
export interface LayerEntry extends Omit<TarHeader, "name"> {
  /** The name without what means nothing: relative to the root, which is "". */
  readonly path: string;
  /** Bytes from the start of the uncompressed tar to the entry's body. */
  readonly offset: number;
  /** Of a regular file's content, where that was read as well. */
  readonly digest?: Digest;
}

/**
 * A layer's entries in the order it has them, whiteouts included; bodies are
 * passed over. Throws UNSAFE_PATH, and as reading the layer does.
 */
export async function* readLayerEntries(
  layer: Layer,
  kernels: Kernels,
): AsyncGenerator<LayerEntry, void, void> {
  const input = new StreamInput(await layer.stream());
  for await (const head of readHeads(input, kernels)) yield layerEntry(withGnuTimes(head), input.position);
}

/** The entry of a header whose body begins at `offset`. Throws UNSAFE_PATH. */
export function layerEntry(header: TarHeader, offset: number): LayerEntry {
  const isDirectory = header.type === "directory";
  const path = isDirectory ? safeDirectory(header.name, "rooted") : safePath(header.name, "rooted");
  const { type, size, mode, uid, gid, uname, gname, mtime, linkname, devmajor, devminor } = header;
  const pax = detached(header.pax);
  return { path, offset, type, size, mode, uid, gid, uname, gname, mtime, linkname, devmajor, devminor, pax };
}

/** Copies: a view would keep the whole chunk it was read in. */
function detached(pax: PaxRecords): PaxRecords {
  if (pax.size === 0) return pax;
  return new Map([...pax].map(([key, value]) => [key, value.slice()]));
}
