import { CORE_SCHEMES } from "../../src/pipeline/core-schemes.ts";
import type { OpenSink, Schemes } from "../../src/pipeline/schemes.ts";

/** Loaded when it is used: a bundle's signatures bring half of all the code. */
const bundle: OpenSink = async (...sink) => (await import("./bundle-sink.ts")).bundleSink(...sink);

/** Every scheme there is on this host. */
export const SCHEMES: Schemes = {
  sources: CORE_SCHEMES.sources,
  sinks: { ...CORE_SCHEMES.sinks, bundle },
};
