import { type ByteStream, streamFrom } from "../bytes/stream.ts";
import { StreamInput } from "../tar/input.ts";
import { bodyChunks } from "../tar/read.ts";
import type { Layer } from "./image.ts";
import type { Inode } from "./tree.ts";

/**
 * A file's content, read from the layer that holds it, which is read up to
 * there: its digest is that of the whole, and so is not checked. The tree the
 * inode is of has had all layers read and checked.
 */
export function openInode(layers: readonly Layer[], inode: Inode): ByteStream {
  return streamFrom(inodeChunks(layers, inode));
}

async function* inodeChunks(layers: readonly Layer[], { layer, entry }: Inode) {
  const holder = layers[layer];
  if (!holder || !entry) return;
  const input = new StreamInput(await holder.stream());
  try {
    await input.skip(entry.offset);
    yield* bodyChunks(input, entry.offset, entry.offset + entry.size);
  } finally {
    await input.cancel();
  }
}
