import type { AnyManifest } from "../image/image.ts";
import { isImage, isMultiPlatform } from "../image/multi-platform-image.ts";
import type { SinkLayer, SinkResult } from "../sink/sink.ts";
import type { Tally } from "./tally.ts";

/** A run in figures. */
export interface Summary extends Tally {
  /** Of all images, platforms and attachments that have any; one that several share counts each time. */
  readonly layers: number;
  /** Bytes of those layers as they were stored at the source; absent where it does not store them as layers. */
  readonly bytesIn?: number;
  /** Bytes of those layers at the destination, as stored there. */
  readonly bytesOut: number;
  /** How many layers met which fate. */
  readonly outcomes: Readonly<Partial<Record<SinkLayer["outcome"], number>>>;
  /** Seconds from the run's beginning to its end, reading back included. */
  readonly elapsed: number;
}

/** Puts a run in figures; `elapsed` in milliseconds. */
export function summarise(results: readonly SinkResult[], elapsed: number, tally: Tally): Summary {
  const layers = results.flatMap((result) => result.layers);
  const outcomes: Partial<Record<SinkLayer["outcome"], number>> = {};
  for (const { outcome } of layers) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  const sizes = results.map(({ sourceSize }) => sourceSize);
  return {
    layers: layers.length,
    ...(sizes.every((size) => size !== undefined) && { bytesIn: sum(sizes) }),
    bytesOut: sum(layers.map(({ size }) => size)),
    outcomes,
    elapsed: Math.round(elapsed) / 1000,
    ...tally,
  };
}

/** Bytes of an image's layers as its source stores them; undefined where it stores no manifest that says so. */
export async function sourceSize(content: AnyManifest): Promise<number | undefined> {
  if (isMultiPlatform(content)) {
    let total = 0;
    for (const member of content.members) total += (await sourceSize(member.content)) ?? 0;
    return total;
  }
  if (!isImage(content)) return 0;
  if (content.assembled) return undefined;
  return sum((await content.manifest()).value.layers.map(({ size }) => size));
}

function sum(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total + size, 0);
}
