import type { Host } from "../host.ts";
import type { SinkLayer } from "./sink.ts";

/** Says what became of a layer, for those who want every detail; gives it back. */
export function noted(layer: SinkLayer, { log }: Host): SinkLayer {
  const { digest, size, outcome } = layer;
  log({
    type: "debug",
    message: `layer ${digest}, ${size} bytes: ${outcome}`,
    details: { event: "layer", digest, size, outcome },
  });
  return layer;
}
