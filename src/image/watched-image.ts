import type { Host } from "../host.ts";
import { withLayers } from "./change.ts";
import type { Image, Layer } from "./image.ts";
import { once } from "./once.ts";

/** Looks into an image on its way. What it throws is what asking for the layer fails with. */
export interface Watch {
  /** Before anything of the layer is handed on, once. */
  layer?(layer: Layer, index: number): Promise<void>;
  /** When every layer was looked into, once. */
  end?(): Promise<void>;
}

/** The same image, looked into when its layers are asked for. */
export function watchedImage(image: Image, watch: Watch, host: Host): Image {
  let left = image.layers.length;
  const end = once(async () => watch.end?.());
  const layers = image.layers.map((layer, index) =>
    watchedLayer(layer, async () => {
      await watch.layer?.(layer, index);
      if (--left === 0) await end();
    }),
  );
  if (layers.length > 0) return withLayers(image, layers, host);
  const afterEnd = (ask: Image["config"]) => async () => {
    await end();
    return ask();
  };
  return { ...image, config: afterEnd(image.config) };
}

function watchedLayer(layer: Layer, look: () => Promise<void>): Layer {
  const looked = once(look);
  const after =
    <Arguments extends unknown[], T>(ask: (...given: Arguments) => Promise<T>) =>
    async (...given: Arguments): Promise<T> => {
      await looked();
      return ask(...given);
    };
  return {
    ...layer,
    diffId: after(layer.diffId),
    blob: after(layer.blob),
    tar: after(layer.tar),
    stream: after(layer.stream),
    ...(layer.packed && { packed: after(layer.packed) }),
  };
}
