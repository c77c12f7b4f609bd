import type { Command } from "commander";
import { SealiftError } from "../../src/error.ts";
import type { Filter } from "../../src/filter/filter.ts";
import { runPipeline } from "../../src/pipeline/pipeline.ts";
import type { RunOptions } from "../../src/pipeline/schemes.ts";
import type { SinkResult } from "../../src/sink/sink.ts";
import { type Colors, formatSize, shortenDigests, table } from "../output/text.ts";
import { addRegistryOptions, platformOption, type RegistryOptions } from "./options.ts";
import { registriesIn, runCommand } from "./run.ts";
import { SCHEMES } from "./schemes.ts";

/** Options of the commands that move images. */
export interface PipelineOptions extends RegistryOptions {
  readonly platform?: string;
  readonly allPlatforms?: boolean;
  readonly referrers?: boolean;
  readonly parallel?: string;
}

export function addPipelineOptions(command: Command): Command {
  return addRegistryOptions(command).option("-j, --parallel <n>", "layers under way at once (default: 4)");
}

/** SOURCE to DESTINATION, with what `filters` gives; the result is printed. Resolves to the exit code. */
export function runImages(
  source: string,
  destination: string,
  options: PipelineOptions,
  filters: () => readonly Filter[],
): Promise<number> {
  return runCommand(
    options,
    async ({ host, output }) => {
      const pipeline = { source, sink: destination, filters: filters() };
      const result = await runPipeline(pipeline, SCHEMES, host, runOptions(options));
      await output.result(result, (colors) => describe(result, colors));
    },
    () => registriesIn(source, destination),
  );
}

function runOptions(options: PipelineOptions): RunOptions {
  const { platform, allPlatforms = false, referrers = false, insecure = false, parallel } = options;
  if (allPlatforms && platform !== undefined)
    throw new SealiftError("USAGE", "Cannot use --platform with --all-platforms: it is one or all");
  const jobs = parallel === undefined ? {} : { jobs: parallelOption(parallel) };
  return { platform: platformOption(platform), allPlatforms, referrers, insecure, ...jobs };
}

function parallelOption(text: string): number {
  const jobs = Number(text);
  if (/^\d{1,3}$/.test(text) && jobs > 0) return jobs;
  throw new SealiftError("USAGE", `Cannot use --parallel: "${text}" is not a number from 1 to 999`);
}

function describe({ name, manifest, layers, attachments = [] }: SinkResult, colors: Colors): string {
  const rows = layers.map(({ digest, size, outcome }) => [
    `  ${shortenDigests(digest)}`,
    formatSize(size),
    outcome,
  ]);
  const identity = manifest ? `manifest ${manifest.digest}\n` : "";
  const attached = attachments.map((digest) => `attached ${digest}\n`).join("");
  // The manifest's line says it, and the two would not fit one.
  return `${colors.bold(name.replace(`@${manifest?.digest}`, ""))}\n${identity}${attached}${table(rows, [1])}`;
}
