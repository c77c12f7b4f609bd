import { bundleSink as writeToBundle } from "../../src/bundle/sink.ts";
import { requireFiles } from "../../src/pipeline/require-files.ts";
import type { OpenSink } from "../../src/pipeline/schemes.ts";
import { allowOptions } from "../../src/pipeline/uri.ts";

/** `bundle://FILE` as a destination: the core's pipeline stands below its bundles and cannot name it. */
export const bundleSink: OpenSink = async (uri, host) => {
  allowOptions(uri);
  return writeToBundle(await requireFiles(host).createFile(uri.path), uri.path, host);
};
