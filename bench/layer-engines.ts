/**
 * A gzip layer with its times normalised, the whole pass: the layer's digest and
 * diff_id checked, its tar rewritten, the new diff_id, gzip at level 6, the new
 * digest. Ours is a layer as `process` makes it, but for a spool that keeps
 * nothing; the peers' is what a program makes of its host's engines.
 */
import { createSHA256 } from "hash-wasm";
import { type ByteStream, streamFrom } from "../src/bytes/stream.ts";
import { normalizeTimestamps } from "../src/filter/normalize-timestamps.ts";
import type { Host } from "../src/host.ts";
import type { Image } from "../src/image/image.ts";
import { storedBlob } from "../src/image/stored-blob.ts";
import { storedLayer } from "../src/image/stored-layer.ts";
import type { Kernels } from "../src/kernel/kernels.ts";
import { MEDIA_TYPE } from "../src/oci/media-type.ts";
import type { Engine, LayerInput } from "./kernels-engines.ts";

/** Our two ways: in one pass, and step by step. */
export function sealiftLayers(kernels: Kernels): readonly Engine[] {
  const { rewriter: _, ...stepwise } = kernels;
  return [
    { name: "sealift", normaliseLayer: (input) => normalise(input, kernels) },
    { name: "sealift, step by step", normaliseLayer: (input) => normalise(input, stepwise) },
  ];
}

async function normalise(
  { chunks, data, digest, diffId }: LayerInput,
  kernels: Kernels,
): Promise<Uint8Array> {
  const nothing = async () => {};
  const spool = {
    create: async () => ({ write: nothing, close: nothing, dispose: nothing, open: () => streamFrom([]) }),
  };
  // Of a host and an image, what a layer's filter needs.
  const host = { kernels, spool, log: () => {} } as unknown as Host;
  const descriptor = { mediaType: MEDIA_TYPE.ociLayerGzip, digest, size: data.length };
  const blob = storedBlob(descriptor, { open: async () => streamFrom(chunks) }, host);
  const layer = storedLayer({ blob, diffId: async () => diffId }, host);
  const image = { layers: [layer] } as unknown as Image;
  const [normalised] = normalizeTimestamps({ seconds: 0, clamp: false }).image(image, host).layers;
  await normalised?.blob();
  return hexBytes((await normalised?.diffId()) ?? "");
}

/** A hash as the peers have it. */
export interface PeerHash {
  update(chunk: Uint8Array): unknown;
  hex(): string;
}

/** A host's engines put together. `unpacked` and `packed` give what comes out of the host's gunzip and gzip. */
export interface Peer {
  readonly hash: () => PeerHash;
  unpacked(chunks: readonly Uint8Array[]): AsyncIterable<Uint8Array>;
  packed(tar: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
}

/** The pass as a program writes it over its host's engines. */
export async function normaliseByPeer(
  { chunks, digest, diffId }: LayerInput,
  peer: Peer,
): Promise<Uint8Array> {
  const [source, before, after, target] = [peer.hash(), peer.hash(), peer.hash(), peer.hash()];
  const tar = async function* () {
    const retimer = new TarRetimer();
    for await (const chunk of peer.unpacked(chunks)) {
      before.update(chunk);
      for (const part of retimer.push(chunk)) {
        after.update(part);
        yield part;
      }
    }
  };
  for (const chunk of chunks) source.update(chunk);
  for await (const chunk of peer.packed(tar())) target.update(chunk);
  target.hex();
  if (`sha256:${source.hex()}` !== digest || `sha256:${before.hex()}` !== diffId) throw new Error("damaged");
  return hexBytes(after.hex());
}

/** The host's streams, and hash-wasm since no host's hash is one. */
export async function platformLayers(): Promise<Engine> {
  // Four at a time are in use.
  const hashers = await Promise.all([0, 1, 2, 3].map(() => createSHA256()));
  let turn = 0;
  const peer: Peer = {
    hash() {
      const hasher = hashers[turn++ % 4] as (typeof hashers)[number];
      hasher.init();
      return { update: (chunk) => hasher.update(chunk), hex: () => hasher.digest("hex") };
    },
    unpacked: (chunks) => through(streamFrom(chunks), new DecompressionStream("gzip")),
    packed: (tar) => through(streamFrom(tar), new CompressionStream("gzip")),
  };
  return {
    name: "DecompressionStream, hash-wasm, CompressionStream",
    normaliseLayer: (input) => normaliseByPeer(input, peer),
  };
}

async function* through(stream: ByteStream, transform: unknown): AsyncGenerator<Uint8Array, void, void> {
  const reader = stream.pipeThrough(transform as ReadableWritablePair<Uint8Array, Uint8Array>).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

const BLOCK = 512;

/** The mtime of every ustar header set to 0, in place; bodies are passed on as they lie. */
class TarRetimer {
  #body = 0;
  #header: Uint8Array = new Uint8Array();

  push(chunk: Uint8Array): readonly Uint8Array[] {
    const parts: Uint8Array[] = [];
    let at = 0;
    if (this.#header.length > 0) {
      const header = new Uint8Array(BLOCK);
      header.set(this.#header);
      const rest = chunk.subarray(0, BLOCK - this.#header.length);
      header.set(rest, this.#header.length);
      if (this.#header.length + rest.length < BLOCK) throw new Error("a chunk of less than a header");
      this.#header = new Uint8Array();
      at = rest.length;
      this.#retime(header);
      parts.push(header);
    }
    const start = at;
    for (;;) {
      const passed = Math.min(this.#body, chunk.length - at);
      this.#body -= passed;
      at += passed;
      if (chunk.length - at < BLOCK) break;
      this.#retime(chunk.subarray(at, at + BLOCK));
      at += BLOCK;
    }
    this.#header = chunk.slice(at);
    if (at > start) parts.push(chunk.subarray(start, at));
    return parts;
  }

  #retime(block: Uint8Array): void {
    if (block[0] === 0) return;
    let size = 0;
    for (let at = 124; at < 135; at++) size = size * 8 + ((block[at] as number) - 0x30);
    this.#body = Math.ceil(size / BLOCK) * BLOCK;
    block.fill(0x30, 136, 147);
    block.fill(0x20, 148, 156);
    let sum = 0;
    for (const byte of block) sum += byte;
    for (let at = 153; at >= 148; at--, sum >>= 3) block[at] = 0x30 + (sum & 7);
    block[154] = 0;
  }
}

function hexBytes(text: string): Uint8Array {
  const hex = text.slice(text.indexOf(":") + 1);
  return Uint8Array.from({ length: hex.length / 2 }, (_, i) =>
    Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16),
  );
}
