import { SealiftError } from "../error.ts";
import { applyFilters, type Filter } from "../filter/filter.ts";
import type { Host } from "../host.ts";
import type { AnyManifest } from "../image/image.ts";
import type { CheckUnnamed, Sink, SinkResult, Unnamed } from "../sink/sink.ts";
import type { RunOptions, Schemes } from "./schemes.ts";
import { sourceSize } from "./summary.ts";
import { parseUri } from "./uri.ts";
import { withJobs } from "./uri-options.ts";

export interface Pipeline {
  /** Where the image comes from: a URI. */
  readonly source: string;
  /** Where it goes: a URI. */
  readonly sink: string;
  /** Applied in this order. */
  readonly filters: readonly Filter[];
  readonly verify?: Verify;
}

/** Reads back what was put, and throws where it is not that. */
export type Verify = (results: readonly SinkResult[], where: VerifiedPlace) => Promise<void>;

/** Where what was put is read back. */
export interface VerifiedPlace {
  /** Where its files lie until they get their name; absent where they have it. */
  readonly place?: string | undefined;
  /** What is refused is taken off the place's list again. */
  readonly takesBack?: boolean;
  /** The one result, where all of it is at its place but the root, which is to be given its name and read back last. */
  readonly unnamed?: Unnamed;
}

/** The image that a URI names. */
export async function openImage(
  source: string,
  schemes: Schemes,
  host: Host,
  options: RunOptions,
): Promise<AnyManifest> {
  const from = parseUri(source);
  return lookUp(schemes.sources, from.scheme, "source")(from, host, options);
}

/** source → filters → sink. Everything about the URIs is checked before anything is read or written. */
export async function runPipeline(
  pipeline: Pipeline,
  schemes: Schemes,
  host: Host,
  options: RunOptions,
): Promise<SinkResult> {
  const from = parseUri(pipeline.source);
  const to = parseUri(pipeline.sink);
  const openSource = lookUp(schemes.sources, from.scheme, "source");
  const openSink = lookUp(schemes.sinks, to.scheme, "destination");
  const run = withJobs(options, to, from);
  const [content, sink] = await openBoth(openSource(from, host, run), openSink(to, host, run));
  return withSink(sink, async () => {
    const result = await putFiltered(content, sink, pipeline, host);
    await commitVerified(sink, [result], pipeline);
    return result;
  });
}

/** Waits for a source and a sink that are opened side by side; takes back the sink of a source that cannot be. */
export async function openBoth<Source>(
  opening: Promise<Source>,
  placing: Promise<Sink>,
): Promise<[Source, Sink]> {
  const [source, sink] = await Promise.allSettled([opening, placing]);
  if (source.status === "fulfilled" && sink.status === "fulfilled") return [source.value, sink.value];
  if (sink.status === "fulfilled") await sink.value.abort();
  throw source.status === "rejected" ? source.reason : (sink as PromiseRejectedResult).reason;
}

/** Does what is to be done with a sink; takes back what was put if that fails. */
export async function withSink<T>(sink: Sink, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await sink.abort();
    throw error;
  }
}

/**
 * Commits what was verified, where that can be read before; else verifies what
 * was committed, and takes back what was not verified, where that can be done.
 */
export async function commitVerified(
  sink: Sink,
  results: readonly SinkResult[],
  { verify }: Pick<Pipeline, "verify">,
): Promise<void> {
  // What has its name at once was verified before it got that.
  if (!verify || sink.namesAtOnce) return sink.commit();
  let isVerified = false;
  await sink.commit(async (place) => {
    await verify(results, { place });
    isVerified = true;
  });
  if (isVerified) return;
  try {
    await verify(results, { takesBack: sink.takeBack !== undefined });
  } catch (error) {
    await sink.takeBack?.();
    throw error;
  }
}

/** Puts what the filters make of it, one after the other; verifies it before it has its name, where `commit` comes too late for that. */
export async function putFiltered(
  content: AnyManifest,
  sink: Sink,
  { filters, verify }: Pick<Pipeline, "filters" | "verify">,
  host: Host,
): Promise<SinkResult> {
  const check: CheckUnnamed | undefined = verify && ((unnamed) => verify([unnamed.result], { unnamed }));
  const result = await sink.put(applyFilters(content, filters, host), check);
  const size = await sourceSize(content);
  return size === undefined ? result : { ...result, sourceSize: size };
}

/** The table's entry for a scheme. Throws URI_INVALID, naming what there is. */
export function lookUp<T>(table: Readonly<Record<string, T>>, scheme: string, role: string): T {
  if (Object.hasOwn(table, scheme)) return table[scheme] as T;
  const known = Object.keys(table).map((name) => `${name}://`);
  throw new SealiftError(
    "URI_INVALID",
    `Cannot use ${scheme}:// as a ${role}: there are ${known.join(", ")}`,
  );
}
