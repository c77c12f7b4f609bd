import { CORE_SCHEMES } from "../../src/pipeline/core-schemes.ts";
import type { Schemes } from "../../src/pipeline/schemes.ts";
import { bundleSink } from "./bundle-sink.ts";

/** Every scheme there is on this host. */
export const SCHEMES: Schemes = {
  sources: CORE_SCHEMES.sources,
  sinks: { ...CORE_SCHEMES.sinks, bundle: bundleSink },
};
