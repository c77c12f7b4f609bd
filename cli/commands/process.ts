import type { Command } from "commander";
import { SealiftError } from "../../src/error.ts";
import type { Filter } from "../../src/filter/filter.ts";
import { topicList } from "../help/topics.ts";
import { collected, PLATFORM, sourceDateEpoch } from "./options.ts";
import { addPipelineOptions, type PipelineOptions, runImages } from "./pipeline.ts";

interface ProcessOptions extends PipelineOptions {
  readonly filter?: readonly string[];
  readonly compression?: string;
}

/** `process SOURCE DESTINATION`: an image from anywhere to anywhere, filtered on its way. */
export function addProcess(program: Command, exit: (code: number) => void): void {
  const command = program
    .command("process")
    .summary("copy an image, filtered on its way")
    .description(
      "Copy an image from SOURCE to DESTINATION. What no filter changes keeps its bytes and digests.",
    )
    .argument("<source>", "URI of the image, or of several")
    .argument("<destination>", "URI of where it goes")
    .option("-f, --filter <spec>", "change the image on its way; repeatable", collected)
    .option("--compression <format>", "of the layers: gzip or zstd")
    .option(PLATFORM, "which of several platforms (default: linux/amd64)")
    .option("--all-platforms", "all of them, and their index")
    .option("--referrers", "with the signatures and SBOMs attached to it")
    .addHelpText("after", HELP);
  addPipelineOptions(command).action(async (source: string, destination: string, options: ProcessOptions) => {
    exit(await runImages(source, destination, options, () => filtersOf(options)));
  });
}

/** In their order. They are a good part of all the code, and most copies have none. */
async function filtersOf({ filter = [], compression }: ProcessOptions): Promise<readonly Filter[]> {
  const format = compressionOption(compression);
  if (filter.length === 0 && format === undefined) return [];
  const { parseFilter } = await import("../../src/pipeline/filters.ts");
  const { recompress } = await import("../../src/filter/recompress.ts");
  const epoch = sourceDateEpoch();
  const defaults = epoch === undefined ? {} : { sourceDateEpoch: epoch };
  const given = filter.map((spec) => parseFilter(spec, defaults));
  // The same as a last filter that recompresses.
  return format === undefined ? given : [...given, recompress({ format })];
}

function compressionOption(flag: string | undefined): "gzip" | "zstd" | undefined {
  const format = flag ?? process.env.SEALIFT_COMPRESSION ?? process.env.OCCYSTRAP_COMPRESSION;
  if (format === undefined || format === "") return undefined;
  if (format === "gzip" || format === "zstd") return format;
  throw new SealiftError("USAGE", `Cannot use --compression: "${format}" is not gzip or zstd`);
}

const HELP = `
Examples:
  # A docker archive from a registry, with the same bytes on every machine
  $ sealift process registry://docker.io/library/debian:bookworm \\
      tar://debian.tar -f normalize-timestamps

  # An image that docker has here, to a registry
  $ sealift process docker://app:1.0 registry://127.0.0.1:5050/app:1.0

  # An image as a bundle that runc starts
  $ sealift process oci-archive://app.tar oci://app

${topicList()}`;
