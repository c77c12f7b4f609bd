import { type Command, Option } from "commander";
import { SealiftError } from "../../src/error.ts";
import type { Filter } from "../../src/filter/filter.ts";
import type { Host } from "../../src/host.ts";
import { DEFAULT_PLATFORM } from "../../src/oci/platform.ts";
import { runPipeline, type Verify } from "../../src/pipeline/pipeline.ts";
import type { RunOptions } from "../../src/pipeline/schemes.ts";
import { namesSeveral, runSeveral } from "../../src/pipeline/several.ts";
import { summarise } from "../../src/pipeline/summary.ts";
import { tallied } from "../../src/pipeline/tally.ts";
import { parseUri } from "../../src/pipeline/uri.ts";
import { platformOptionOf } from "../../src/pipeline/uri-options.ts";
import type { VerifyMode } from "../../src/pipeline/verify-written.ts";
import { layerCachePath } from "./layer-cache-path.ts";
import { noteLayerCacheUse } from "./layer-cache-use.ts";
import { addRegistryOptions, platformOption, type RegistryOptions } from "./options.ts";
import { registriesIn, runCommand } from "./run.ts";
import { describeOne, describeSeveral, type RunReport, severalObject } from "./run-report.ts";
import { schemesOf } from "./schemes.ts";
import { refuseUnverifiable, verifyImages, verifyOption } from "./verify-images.ts";

/** Options of the commands that move images. */
export interface PipelineOptions extends RegistryOptions {
  readonly platform?: string;
  /** The platform in three parts, as occystrap has it. */
  readonly os?: string;
  readonly architecture?: string;
  readonly variant?: string;
  readonly allPlatforms?: boolean;
  /** All platforms where neither an option nor the source's URI asks for one. */
  readonly whole?: boolean;
  readonly referrers?: boolean;
  readonly parallel?: string;
  readonly chunkSize?: string;
  readonly layerCache?: string;
  readonly keepGoing?: boolean;
  /** Undefined where neither `--verify` nor `--no-verify` was given. */
  readonly verify?: boolean;
  readonly verifyFull?: boolean;
}

/** What reading an image takes. */
export function addSourceOptions(command: Command): Command {
  return addRegistryOptions(command)
    .addOption(new Option("--os <os>").hideHelp())
    .addOption(new Option("--architecture <arch>").hideHelp())
    .addOption(new Option("--variant <variant>").hideHelp());
}

export function addPipelineOptions(command: Command): Command {
  return addSourceOptions(command)
    .option("--chunk-size <size>", "upload in requests of at most this, such as 50MB")
    .optionsGroup("The run:")
    .option("--keep-going", "of several images, go on after one that fails")
    .option("--verify", "read back; of layers, their sizes (default)")
    .option("--no-verify", "do not read back")
    .option("--verify-full", "read back every byte; also --verify=full")
    .option("-j, --parallel <n>", "layers under way at once (default: 4)")
    .option("--layer-cache <path>", "remember layers made for a registry or layout, in a file or folder");
}

/** SOURCE to DESTINATION, with what `filters` gives; the result is printed. Resolves to the exit code. */
export function runImages(
  source: string,
  destination: string,
  options: PipelineOptions,
  filters: () => Promise<readonly Filter[]>,
): Promise<number> {
  return runCommand(
    options,
    async ({ host: overheard, output }) => {
      const { host, tally } = tallied(overheard);
      const verification = verifyOption(options);
      const { keepGoing = false } = options;
      const run = { ...runOptions(options, source), keepGoing, reread: verification.mode === "full" };
      const started = host.clock.now();
      const schemes = schemesOf(host);
      const several = namesSeveral(source);
      refuseUnverifiable(destination, verification, schemes);
      const reached: (VerifyMode | undefined)[] = [];
      const verify: Verify = async (images, where) => {
        reached.push(await verifyImages({ destination, ...where }, images, verification, schemes, host, run));
      };
      const pipeline = { source, sink: destination, filters: await filters(), verify };
      if (options.layerCache !== undefined) noteLayerCacheUse(destination, host.log);
      const { images, failed } = await withLayerCache(options, host, async (remembering) =>
        several
          ? runSeveral(pipeline, schemes, remembering, run)
          : { images: [await runPipeline(pipeline, schemes, remembering, run)], failed: [] },
      );
      // Of several images, some may not have let themselves be read back.
      const verified = reached.every((mode) => mode !== undefined) ? reached[0] : undefined;
      const summary = {
        ...summarise(images, host.clock.now() - started, tally()),
        ...(verified && { verified }),
      };
      const report: RunReport = { images, failed, summary };
      await output.result(several ? severalObject(report) : { ...images[0], summary }, (colors) =>
        several ? describeSeveral(report, colors) : describeOne(report, colors),
      );
      return failed.length > 0 ? 1 : 0;
    },
    () => registriesIn(source, destination),
  );
}

/** Runs `work` on a host that remembers layers, if one was asked for; also what a run that failed has made. */
async function withLayerCache<T>(
  { layerCache: flag }: PipelineOptions,
  host: Host,
  work: (host: Host) => Promise<T>,
): Promise<T> {
  const path = layerCachePath(flag, process.env);
  if (path === undefined) return work(host);
  const { openLayerCache } = await import("../host/layer-cache.ts");
  const layerCache = await openLayerCache(path, host.log);
  try {
    return await work({ ...host, layerCache });
  } finally {
    await layerCache.close();
  }
}

/** What the options ask of a run from `source`. Throws USAGE. */
export function runOptions(options: PipelineOptions, source?: string): RunOptions {
  const { referrers = false, insecure = false } = options;
  const platform = options.platform ?? platformInParts(options);
  const allPlatforms = options.allPlatforms ?? wantsWhole(options, platform, source);
  if (allPlatforms && platform !== undefined)
    throw new SealiftError("USAGE", "Cannot use --platform with --all-platforms: it is one or all");
  const jobs = parallelOption(
    options.parallel ?? process.env.SEALIFT_PARALLEL ?? process.env.OCCYSTRAP_PARALLEL,
  );
  const chunkSize = sizeOption(options.chunkSize);
  return {
    platform: platformOption(platform),
    allPlatforms,
    referrers,
    insecure,
    ...(jobs !== undefined && { jobs }),
    ...(chunkSize !== undefined && { chunkSize }),
  };
}

function wantsWhole({ whole = false }: PipelineOptions, platform?: string, source?: string): boolean {
  if (!whole || platform !== undefined) return false;
  return source === undefined || platformOptionOf(parseUri(source)) === undefined;
}

function platformInParts({ os, architecture, variant }: PipelineOptions): string | undefined {
  if (os === undefined && architecture === undefined && variant === undefined) return undefined;
  const { os: defaultOs, architecture: defaultArchitecture } = DEFAULT_PLATFORM;
  return [os ?? defaultOs, architecture ?? defaultArchitecture, ...(variant ? [variant] : [])].join("/");
}

function parallelOption(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const jobs = Number(text);
  if (/^\d{1,3}$/.test(text) && jobs > 0) return jobs;
  throw new SealiftError("USAGE", `Cannot use --parallel: "${text}" is not a number from 1 to 999`);
}

/** Smaller requests than this are no help to anyone, in bytes. */
const MIN_CHUNK = 64 * 1024;

function sizeOption(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const [, digits, unit = ""] = /^(\d{1,9})([kmg]?i?)b?$/i.exec(text.trim()) ?? [];
  const size = Number(digits) * (UNITS[unit.toLowerCase()] ?? Number.NaN);
  if (size >= MIN_CHUNK) return size;
  throw new SealiftError("USAGE", `Cannot use --chunk-size: "${text}" is not a size of 64KiB or more`);
}

const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  k: 1e3,
  m: 1e6,
  g: 1e9,
  ki: 2 ** 10,
  mi: 2 ** 20,
  gi: 2 ** 30,
};
