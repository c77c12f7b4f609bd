import { chunksOf, streamFrom } from "../bytes/stream.ts";
import type { Host } from "../host.ts";
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
  readonly #layers = new Map<Digest, readonly LayerEntry[]>();
  readonly #digests = new Map<LayerEntry, Digest>();

  constructor(host: Host) {
    this.#host = host;
  }

  async tree({ layers }: Pick<Image, "layers">): Promise<MergedTree> {
    const merger = new TreeMerger();
    for (const layer of layers) {
      merger.nextLayer();
      for (const entry of await this.#entries(layer)) merger.add(entry);
    }
    return merger.tree;
  }

  /** Of a regular file's content. */
  digestOf(entry: LayerEntry): Digest | undefined {
    return this.#digests.get(entry);
  }

  async #entries(layer: Layer): Promise<readonly LayerEntry[]> {
    const id = await layer.diffId();
    const entries = this.#layers.get(id) ?? (await this.#read(layer));
    this.#layers.set(id, entries);
    return entries;
  }

  async #read(layer: Layer): Promise<readonly LayerEntry[]> {
    const { kernels } = this.#host;
    const input = new StreamInput(await layer.stream());
    const entries: LayerEntry[] = [];
    for await (const { header } of readHeads(input, kernels)) {
      const entry = layerEntry(header, input.position);
      entries.push(entry);
      if (entry.type !== "file") continue;
      const hasher = kernels.hasher("sha256");
      const body = streamFrom(bodyChunks(input, entry.offset, entry.offset + entry.size));
      for await (const chunk of chunksOf(body)) hasher.update(chunk);
      this.#digests.set(entry, formatDigest("sha256", hasher.digest()));
    }
    return entries;
  }
}
