import type { Command } from "commander";
import { SealiftError } from "../../src/error.ts";
import type { Filter } from "../../src/filter/filter.ts";
import { parseFilter } from "../../src/pipeline/filters.ts";
import type { GlobalOptions } from "./options.ts";
import { runImages } from "./pipeline.ts";

interface RecreateOptions extends GlobalOptions {
  readonly normalizeTimestamps?: boolean;
  readonly timestamp?: string;
}

/** `recreate-image FOLDER IMAGE TAG TARFILE`: an image of a dir:// folder as docker save's archive. */
export function addRecreateImage(program: Command, exit: (code: number) => void): void {
  program
    .command("recreate-image")
    .summary("docker archive of a folder's image")
    .description(
      "Make docker save's archive of an image that `process … dir://FOLDER` has put into a folder; its ID is the original's, unless its times are changed.",
    )
    .argument("<folder>", "the folder")
    .argument("<image>", "the image's name, as the folder's catalog.json has it")
    .argument("<tag>", "its tag")
    .argument("<tarfile>", "the archive to write")
    .option("--normalize-timestamps", "set all times in all layers, as the filter of that name does")
    .option("--timestamp <seconds>", "to this time (default: 0)")
    .addHelpText("after", HELP)
    .action((folder: string, image: string, tag: string, tarfile: string, options: RecreateOptions) => {
      const source = `dir://${encodeURIComponent(folder)}#${encodeURIComponent(`${image}:${tag}`)}`;
      return runImages(source, `tar://${encodeURIComponent(tarfile)}`, options, () =>
        filtersOf(options),
      ).then(exit);
    });
}

async function filtersOf({ normalizeTimestamps, timestamp }: RecreateOptions): Promise<readonly Filter[]> {
  if (normalizeTimestamps) return [parseFilter(`normalize-timestamps:ts=${timestamp ?? 0}`)];
  if (timestamp === undefined) return [];
  throw new SealiftError("USAGE", "Cannot use --timestamp: it goes with --normalize-timestamps");
}

const HELP = `
Example:
  $ sealift process registry://docker.io/library/busybox:1.36 \\
      'dir://images?unique_names=true'
  $ sealift recreate-image images library/busybox 1.36 busybox.tar
`;
