import type { LayerCache, LayerKey, MadeLayer } from "../../src/host.ts";

/** One thing remembered, and when it was last of use, in milliseconds since the epoch. */
export interface CachedLayer extends LayerKey, MadeLayer {
  readonly used: number;
}

/** A layer cache on the disk, shared by processes. What cannot be read or written is warned of, and never in the way. */
export interface StoredLayerCache extends LayerCache {
  /** All that is remembered, the latest used first. */
  list(): Promise<readonly CachedLayer[]>;
  /** Forgets what was last used before; gives how many that were. */
  prune(before: number): Promise<number>;
  /** Puts what is not yet on the disk there. */
  close(): Promise<void>;
}

export type Warn = (message: string) => void;
