import type { SpoolSlot } from "../bytes/spool.ts";
import { type ByteStream, chunksOf, streamFrom } from "../bytes/stream.ts";
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
import type { Inode, MergedTree, TreeNode } from "./tree.ts";
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
    const tree = await gather({ upper, lower }, cuts, contents, host);
    await contents.close();
    for (const member of membersOf(tree, lower.length === 0 ? [] : cuts.left(tree), contents)) {
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
      cuts.see(entry, merger.tree);
      merger.add(entry);
      const start = input.position;
      for await (const chunk of bodyChunks(input, start, start + header.size)) await contents.write(chunk);
      written += header.size;
    }
  }
  return merger.tree;
}

function* membersOf(
  tree: MergedTree,
  whiteouts: readonly string[],
  contents: SpoolSlot,
): Generator<TarMember> {
  const names = new Map<Inode, string>();
  if (tree.root.inode.entry) yield memberOf(tree.root.inode.entry, "./", contents);
  for (const path of inOrder([...[...tree.nodes()].map((node) => node.path), ...whiteouts])) {
    const node = tree.get(path);
    if (!node) yield { name: path };
    else if (node.inode.entry) yield nodeMember(node, node.inode.entry, names, contents);
  }
}

/** The first path of a content has it, the others are links to that. */
function nodeMember(
  { inode, path, children }: TreeNode,
  entry: LayerEntry,
  names: Map<Inode, string>,
  contents: SpoolSlot,
): TarMember {
  const linkname = names.get(inode);
  if (linkname !== undefined) return { ...entry, name: path, type: "hardlink", size: 0, linkname };
  names.set(inode, path);
  return memberOf(entry, children ? `${path}/` : path, contents);
}

function memberOf(entry: LayerEntry, name: string, contents: SpoolSlot): TarMember {
  const { size, offset } = entry;
  return { ...entry, name, ...(size > 0 && { body: contents.open(offset, offset + size) }) };
}

/** Folders before what is in them, and together with it: `a/b` stands before `a.b`. */
function inOrder(paths: readonly string[]): readonly string[] {
  // No name has a NUL, which sorts before all that names have.
  const keys = paths.map((path) => path.replaceAll("/", "\0"));
  return keys.sort().map((key) => key.replaceAll("\0", "/"));
}
