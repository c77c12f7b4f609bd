import type { Command } from "commander";
import { SealiftError } from "../../src/error.ts";
import { type FoundInLayer, searchMatch } from "../../src/filter/find-paths.ts";
import { foundGroup, foundLines, foundSummary } from "../../src/filter/found-text.ts";
import { searchImage } from "../../src/filter/search.ts";
import type { AnyManifest, Image } from "../../src/image/image.ts";
import { imageName } from "../../src/image/image-name.ts";
import { isImage } from "../../src/image/multi-platform-image.ts";
import { openImage } from "../../src/pipeline/pipeline.ts";
import { printable } from "../output/text.ts";
import { PLATFORM } from "./options.ts";
import { addSourceOptions, type PipelineOptions, runOptions } from "./pipeline.ts";
import { registriesIn, runCommand } from "./run.ts";
import { schemesOf } from "./schemes.ts";

interface SearchOptions extends PipelineOptions {
  readonly regex?: boolean;
  readonly scriptFriendly?: boolean;
}

/** `search SOURCE PATTERN`: which layers of an image have a path. */
export function addSearch(program: Command, exit: (code: number) => void): void {
  const command = program
    .command("search")
    .summary("find paths in an image's layers")
    .description("List the paths that PATTERN matches in each layer of the image.")
    .argument("<source>", "URI of the image: see `sealift help schemes`")
    .argument("<pattern>", "glob, compared with the whole path and with its last name")
    .option("--regex", "PATTERN is a regular expression, found anywhere in the path")
    .option("--script-friendly", "image:tag:layer:path on each line, and nothing else")
    .option(PLATFORM, "which of several platforms (default: linux/amd64)")
    .addHelpText("after", HELP);
  addSourceOptions(command).action(async (source: string, pattern: string, options: SearchOptions) => {
    exit(await search(source, pattern, options));
  });
}

const HELP = `
In a glob * and ? stay within a name, ** spans folders, [ab] and {a,b} choose,
\\[ is a bracket itself; one that is left open is refused. Names are shown as
GNU tar shows them, \\n for a line feed, \\351 for a byte that is not UTF-8 (a
glob may have that too; --regex has \\udce9); --json has them as they are.
Paths over 4096 characters are not looked at. A layer that cannot be read is
warned of. Layers are named by their diff_ids.

Examples:
  $ sealift search registry://docker.io/library/debian:bookworm '*.pem'
  $ sealift search tar://app.tar '^etc/.*shadow' --regex --script-friendly
`;

function search(source: string, pattern: string, options: SearchOptions): Promise<number> {
  const { regex = false, scriptFriendly = false } = options;
  return runCommand(
    options,
    async ({ host, output }) => {
      const match = searchMatch(pattern, { regex });
      const content = await openImage(source, schemesOf(host), host, runOptions(options));
      const image = requireImage(content, source);
      const found: FoundInLayer[] = [];
      for await (const layer of searchImage(image, match, host)) {
        if (layer.paths.length > 0) found.push(layer);
      }
      const name = imageName(image);
      await output.result({ ...name, layers: found }, () =>
        printable(
          scriptFriendly
            ? found.map((layer) => foundLines(layer, name)).join("")
            : found.map(foundGroup).join("") + foundSummary(found),
        ),
      );
    },
    () => registriesIn(source),
  );
}

function requireImage(content: AnyManifest, source: string): Image {
  if (isImage(content)) return content;
  throw new SealiftError("UNSUPPORTED", `Cannot search ${source}: it is an artifact, not an image`);
}
