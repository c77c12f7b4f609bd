import type { Slices } from "../bytes/slices.ts";
import type { SpoolSlot } from "../bytes/spool.ts";
import { type ByteStream, chunksOf, collect, streamFrom } from "../bytes/stream.ts";
import type { Host } from "../host.ts";
import { withGnuTimes } from "../tar/gnu-times.ts";
import { StreamInput } from "../tar/input.ts";
import { bodyChunks, readHeads } from "../tar/read.ts";
import { END_OF_ARCHIVE, memberChunks, type TarMember } from "../tar/write.ts";
import type { Layer } from "./image.ts";
import { type LayerEntry, layerEntry } from "./layer-entries.ts";
import { LowerCuts } from "./lower-cuts.ts";
import { LowerLinks } from "./lower-links.ts";
import { openTar } from "./open-tar.ts";
import { inTreeOrder, type MergedTree, type TreeNode } from "./tree.ts";
import { TreeMerger } from "./tree-merger.ts";

/** Which layers become one, and what is below them. */
export interface Squash {
  readonly upper: readonly Layer[];
  readonly lower: readonly Layer[];
}

/**
 * The tar of one layer that does what the layers do one upon the other: what is
 * left of them in the order of the paths, hard links and extended attributes
 * kept. With layers below, it takes away from those what these did. Contents wait
 * in the spool, for a layer gives them in an order of its own.
 */
export function squashedTar(squash: Squash, host: Host): ByteStream {
  return streamFrom(squashed(squash, host));
}

async function* squashed({ upper, lower }: Squash, host: Host) {
  const contents = await host.spool.create();
  try {
    const cuts = new LowerCuts();
    const { tree, size } = await gather({ upper, lower }, cuts, contents, host);
    await contents.close();
    const bodies = new Bodies({ size, slice: (start, end) => contents.open(start, end) });
    const isWhole = lower.length === 0;
    for (const member of membersOf(tree, isWhole ? [] : cuts.left(tree), bodies, isWhole)) {
      yield* memberChunks(member, host.kernels);
    }
    yield END_OF_ARCHIVE.slice();
  } finally {
    await contents.dispose();
  }
}

/** Merges the layers; an entry's offset is where its content is in the slot. */
async function gather({ upper, lower }: Squash, cuts: LowerCuts, contents: SpoolSlot, host: Host) {
  const merger = new TreeMerger();
  const links = new LowerLinks(lower, host);
  let written = 0;
  const copyUp = async (link: LayerEntry): Promise<LayerEntry> => {
    const target = await links.target(link, merger.tree, cuts);
    if (!target) return link;
    merger.addBelow({ ...target.entry, offset: written });
    for await (const chunk of chunksOf(target.open())) await contents.write(chunk);
    written += target.entry.size;
    for (const other of target.links) merger.addBelow(other);
    return { ...link, linkname: target.entry.path };
  };
  for (const layer of upper) {
    merger.nextLayer();
    const input = new StreamInput(await openTar(layer));
    for await (const head of readHeads(input, host.kernels)) {
      const header = withGnuTimes(head);
      const entry = await copyUp(layerEntry(header, written));
      if (lower.length > 0) cuts.see(entry, merger.tree);
      merger.add(entry);
      const start = input.position;
      for await (const chunk of bodyChunks(input, start, start + header.size)) await contents.write(chunk);
      written += header.size;
    }
  }
  return { tree: merger.tree, size: written };
}

/** Up to here a file is read with what lies beside it: to open the slot for each takes longer than to read it. */
const SMALL_FILE = 32 * 1024;

/** The contents in the slot. Files of one folder lie there together, most of the time, in an order of their own. */
class Bodies {
  readonly #slot: Slices;
  #window: Uint8Array = new Uint8Array();
  #start = 0;

  constructor(slot: Slices) {
    this.#slot = slot;
  }

  open({ offset, size }: LayerEntry): ByteStream {
    return size > SMALL_FILE
      ? this.#slot.slice(offset, offset + size)
      : streamFrom(this.#small(offset, size));
  }

  async *#small(offset: number, size: number) {
    const end = offset + size;
    if (offset < this.#start || end > this.#start + this.#window.length) {
      this.#start = offset - (offset % SMALL_FILE);
      const slice = this.#slot.slice(this.#start, Math.min(this.#start + 2 * SMALL_FILE, this.#slot.size));
      this.#window = await collect(slice, 2 * SMALL_FILE);
    }
    yield this.#window.subarray(offset - this.#start, end - this.#start);
  }
}

/** `isWhole`: nothing lies below. */
function* membersOf(
  tree: MergedTree,
  whiteouts: readonly string[],
  bodies: Bodies,
  isWhole: boolean,
): Generator<TarMember> {
  const names = new Map<number, string>();
  if (tree.root.inode.entry) yield memberOf(tree.root.inode.entry, "./", bodies);
  const left = whiteouts.map((path) => ({ path, key: sortKey(path) }));
  // From the last to the first: taking from the end of an array is cheap.
  left.sort((a, b) => (a.key < b.key ? 1 : -1));
  for (const node of inTreeOrder(tree.root)) {
    const { path, inode, children } = node;
    yield* whiteoutsBefore(left, sortKey(path));
    const { entry } = inode;
    if (entry) yield nodeMember(node, path, entry, names, bodies);
    // No layer names it, and what it was there for is gone: without a member it would be, too.
    else if (isWhole && children?.size === 0) yield { name: `${path}/`, type: "directory", mode: 0o755 };
  }
  yield* whiteoutsBefore(left);
}

/** Takes those that come before the key, or all that are left. */
function* whiteoutsBefore(left: { path: string; key: string }[], key?: string): Generator<TarMember> {
  for (let next = left.at(-1); next && (key === undefined || next.key < key); next = left.at(-1)) {
    yield { name: next.path };
    left.pop();
  }
}

/** The first path of a content has it, the others are links to that. */
function nodeMember(
  { inode, children }: TreeNode,
  path: string,
  entry: LayerEntry,
  names: Map<number, string>,
  bodies: Bodies,
): TarMember {
  const linkname = names.get(inode.id);
  if (linkname !== undefined) return { ...entry, name: path, type: "hardlink", size: 0, linkname };
  if (inode.links > 1) names.set(inode.id, path);
  return memberOf(entry, children ? `${path}/` : path, bodies);
}

function memberOf(entry: LayerEntry, name: string, bodies: Bodies): TarMember {
  return { ...entry, name, ...(entry.size > 0 && { body: bodies.open(entry) }) };
}

/** By which paths sort as a tree's do, {@link inTreeOrder}: no name has a NUL, which sorts before all that names have. */
function sortKey(path: string): string {
  return path.replaceAll("/", "\0");
}
