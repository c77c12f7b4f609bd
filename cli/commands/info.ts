import type { Command } from "commander";
import { imageInfo, imageInfos } from "../../src/inspect/info.ts";
import { shownUri } from "../../src/pipeline/uri.ts";
import { imageInfoText } from "../output/image-info.ts";
import { registriesIn, runCommand } from "./run.ts";
import { addSourceOptions, openDocuments, SOURCES_HELP, type SourceOptions } from "./source.ts";

/** `info SOURCE`: what an image is, without its layers. */
export function addInfo(program: Command, exit: (code: number) => void): void {
  const command = program
    .command("info")
    .summary("say what an image is")
    .description(
      "Say what an image is: digests, sizes, layers, platform, history, how it runs, what is attached. Reads its manifest and config; no layer is downloaded.",
    )
    .argument("<source>", "URI of the image")
    .addHelpText("after", HELP);
  addSourceOptions(command, "all").action(async (source: string, options: SourceOptions) => {
    exit(
      await runCommand(
        options,
        async ({ host, output }) => {
          const { raw, selection } = await openDocuments(source, options, host);
          if (options.allPlatforms) {
            const images = await imageInfos(raw, host);
            await output.result({ images }, (colors, width) =>
              images.map((info) => imageInfoText(info, shownUri(source), colors, width)).join("\n"),
            );
          } else {
            const info = await imageInfo(raw, selection, host);
            await output.result(info, (colors, width) =>
              imageInfoText(info, shownUri(source), colors, width),
            );
          }
        },
        () => registriesIn(source),
      ),
    );
  });
}

const HELP = `${SOURCES_HELP}
Of an image of docker's or podman's daemon it says what the daemon tells: no
history, and of the layers their diff_ids.

Examples:
  $ sealift info registry://docker.io/library/debian:bookworm
  $ sealift info oci-archive://app.tar --json | jq .layers
  $ sealift info oci-archive://https://example.com/app.tar --all-platforms
`;
