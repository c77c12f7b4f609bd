import type { Command } from "commander";
import { SealiftError } from "../../src/error.ts";
import { shownName } from "../../src/tar/shown-name.ts";
import { givenPaths, type ImageFilesOptions, noSuchFile, openImageFiles } from "./image-files.ts";
import { registriesIn, runCommand } from "./run.ts";
import { addSourceOptions, SOURCES_HELP } from "./source.ts";

/** `cat SOURCE PATH`: one file of an image, on standard output. */
export function addCat(program: Command, exit: (code: number) => void): void {
  const command = program
    .command("cat")
    .summary("print a file of an image")
    .description(
      "Print a file of an image as it is, symlinks followed inside the image. Layers are read from the highest down to the one that has it: of eStargz and zstd:chunked the table of contents and the file, any other whole the first time. Of that an index is kept, so that the next file is fetched without the rest.",
    )
    .argument("<source>", "URI of the image")
    .argument("<path>", "the file")
    .option("--no-cache", "keep nothing of the layers, and use nothing that was kept")
    .addHelpText("after", HELP);
  addSourceOptions(command, "one").action(
    async (source: string, path: string, options: ImageFilesOptions) => {
      exit(
        await runCommand(
          options,
          async ({ host, output }) => {
            const [wanted, meant] = givenPaths(path);
            const files = await openImageFiles(source, options, host);
            const found = (await files.find(wanted)) ?? (meant && (await files.find(meant)));
            if (!found) throw noSuchFile(path, files);
            const type = found.entry?.type ?? "directory";
            if (type !== "file") {
              const device = type === "character" || type === "block" ? " device" : "";
              throw new SealiftError(
                "UNSUPPORTED",
                `Cannot print ${shownName(path)}: it is a ${type}${device}, not a file`,
                {
                  hint: type === "directory" ? "List it with `sealift ls`." : "",
                },
              );
            }
            await output.bytes(await files.open(found));
          },
          () => registriesIn(source),
        ),
      );
    },
  );
}

const HELP = `${SOURCES_HELP}
The index of a gzip or uncompressed layer, or a table of contents, lies in
$XDG_CACHE_HOME/sealift/layer-index; what is read by it is checked by it, piece
by piece (docs/lazy-layers.md). Under --json only a failure is printed as JSON.

A path may be written as \`ls\` shows it: caf\\351 is a name that is not UTF-8.

Example:
  $ sealift cat registry://docker.io/library/debian:bookworm /etc/os-release
`;
