import type { LayerCache, LayerKey, MadeLayer } from "../src/host.ts";

/** A layer cache in memory, and what it holds. */
export function memoryLayerCache(): { readonly cache: LayerCache; readonly entries: Map<string, MadeLayer> } {
  const entries = new Map<string, MadeLayer>();
  const nameOf = ({ input, work }: LayerKey) => `${input} ${work}`;
  const cache: LayerCache = {
    get: async (key) => entries.get(nameOf(key)),
    put: async (key, made) => void entries.set(nameOf(key), made),
  };
  return { cache, entries };
}
