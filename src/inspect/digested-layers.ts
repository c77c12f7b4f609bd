import type { Host } from "../host.ts";
import { EntryList } from "../image/entry-list.ts";
import type { Image, Layer } from "../image/image.ts";
import { type LayerEntry, layerEntry } from "../image/layer-entries.ts";
import type { MergedTree } from "../image/tree.ts";
import { TreeMerger } from "../image/tree-merger.ts";
import { type Digest, formatDigest } from "../oci/digest.ts";
import { StreamInput } from "../tar/input.ts";
import { bodyChunks, readHeads } from "../tar/read.ts";

/** The entries of layers with their contents' digests. A layer is read once, whichever images have it. */
export class DigestedLayers {
  readonly #host: Host;
  readonly #shared: ReadonlySet<Digest>;
  readonly #layers = new Map<Digest, EntryList>();

  /** Of layers with these diff_ids the entries are kept: they are asked for again. */
  constructor(shared: ReadonlySet<Digest>, host: Host) {
    this.#shared = shared;
    this.#host = host;
  }

  async tree({ layers }: Pick<Image, "layers">): Promise<MergedTree> {
    const merger = new TreeMerger();
    for (const layer of layers) {
      merger.nextLayer();
      for await (const entry of this.#entries(layer, await layer.diffId())) merger.add(entry);
    }
    return merger.tree;
  }

  #entries(layer: Layer, id: Digest): Iterable<LayerEntry> | AsyncIterable<LayerEntry> {
    return this.#layers.get(id) ?? (this.#shared.has(id) ? this.#keep(layer, id) : this.#read(layer));
  }

  async *#keep(layer: Layer, id: Digest): AsyncGenerator<LayerEntry, void, void> {
    const entries = new EntryList();
    for await (const entry of this.#read(layer)) {
      entries.push(entry);
      yield entry;
    }
    this.#layers.set(id, entries);
  }

  async *#read(layer: Layer): AsyncGenerator<LayerEntry, void, void> {
    const { kernels } = this.#host;
    const input = new StreamInput(await layer.stream());
    for await (const { header } of readHeads(input, kernels)) {
      const entry = layerEntry(header, input.position);
      if (entry.type !== "file") {
        yield entry;
        continue;
      }
      const hasher = kernels.hasher("sha256");
      const body = bodyChunks(input, entry.offset, entry.offset + entry.size);
      for await (const chunk of body) hasher.update(chunk);
      yield { ...entry, digest: formatDigest("sha256", hasher.digest()) };
    }
  }
}
