import { isSealiftError, reasonOf, SealiftError } from "../error.ts";
import type { Host } from "../host.ts";
import type { Sink, SinkResult } from "../sink/sink.ts";
import { isPattern } from "./name-pattern.ts";
import { commitVerified, lookUp, openBoth, type Pipeline, putFiltered, withSink } from "./pipeline.ts";
import type { RunOptions, Schemes, SourceImage } from "./schemes.ts";
import { parseUri, type Uri } from "./uri.ts";
import { withJobs } from "./uri-options.ts";

export interface SeveralOptions extends RunOptions {
  /** An image that fails does not keep the others from arriving. */
  readonly keepGoing?: boolean;
}

export interface SeveralResult {
  readonly images: readonly SinkResult[];
  /** Those that did not arrive; empty unless {@link SeveralOptions.keepGoing}. */
  readonly failed: readonly FailedImage[];
}

export interface FailedImage {
  readonly name: string;
  readonly error: SealiftError;
}

/** Whether a source's URI names images by a pattern. Throws URI_INVALID. */
export function namesSeveral(source: string): boolean {
  const { scheme, path, fragment = "" } = parseUri(source);
  if (scheme === "quay") return true;
  // In a file's path a star is a star.
  return isPattern(scheme === "registry" ? path : fragment);
}

/**
 * As {@link runPipeline}, for every image that the source's pattern means, one
 * after the other. Without `keepGoing` the first failure ends the run; a place
 * that shows things at its end only then shows nothing.
 * Throws UNSUPPORTED, before anything is read, where the place holds one image.
 */
export async function runSeveral(
  pipeline: Pipeline,
  schemes: Schemes,
  host: Host,
  options: SeveralOptions,
): Promise<SeveralResult> {
  const from = parseUri(pipeline.source);
  const to = parseUri(pipeline.sink);
  const openSources = lookUp(schemes.several.sources, from.scheme, "source of several images");
  const openSink = severalSink(schemes, to);
  const run = withJobs(options, to, from);
  const [sources, sink] = await openBoth(openSources(from, host, run), openSink(to, host, run));
  return withSink(sink, async () => {
    const result = await putAll(sources, sink, pipeline, host, options);
    if (result.images.length === 0) await sink.abort();
    else await commitVerified(sink, result.images, pipeline);
    return result;
  });
}

function severalSink({ several, sinks }: Schemes, { scheme }: Uri) {
  if (Object.hasOwn(several.sinks, scheme) || !Object.hasOwn(sinks, scheme)) {
    return lookUp(several.sinks, scheme, "destination of several images");
  }
  const known = Object.keys(several.sinks).map((name) => `${name}://`);
  throw new SealiftError(
    "UNSUPPORTED",
    `Cannot write several images to ${scheme}://: it holds one; there are ${known.join(", ")}`,
  );
}

async function putAll(
  sources: readonly SourceImage[],
  sink: Sink,
  pipeline: Pipeline,
  host: Host,
  { keepGoing = false }: SeveralOptions,
): Promise<SeveralResult> {
  const images: SinkResult[] = [];
  const failed: FailedImage[] = [];
  for (const [index, { name, open }] of sources.entries()) {
    host.log({ type: "info", message: `[${index + 1}/${sources.length}] ${name}` });
    try {
      images.push({ ...(await putFiltered(await open(), sink, pipeline, host)), source: name });
    } catch (error) {
      if (!keepGoing || host.signal?.aborted) throw error;
      const failure = asSealiftError(error);
      host.log({ type: "warning", message: `${name} is left out: ${failure.message}` });
      failed.push({ name, error: failure });
    }
  }
  return { images, failed };
}

function asSealiftError(error: unknown): SealiftError {
  if (isSealiftError(error)) return error;
  return new SealiftError("INTERNAL", `Cannot finish: ${reasonOf(error)}`, { cause: error });
}
