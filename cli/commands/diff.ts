import type { Command } from "commander";
import { SealiftError } from "../../src/error.ts";
import type { AnyManifest } from "../../src/image/image.ts";
import { singlePlatform } from "../../src/image/multi-platform-image.ts";
import { diffImages } from "../../src/inspect/diff.ts";
import { diffPlatforms } from "../../src/inspect/diff-platforms.ts";
import { openImage } from "../../src/pipeline/pipeline.ts";
import type { NodeHost } from "../host/host.ts";
import { imageDiffText, platformsDiffText } from "../output/image-diff.ts";
import { runOptions } from "./pipeline.ts";
import { registriesIn, runCommand } from "./run.ts";
import { schemesOf } from "./schemes.ts";
import { addSourceOptions, SOURCES_HELP, type SourceOptions } from "./source.ts";

interface DiffOptions extends SourceOptions {
  readonly filesOnly?: boolean;
  readonly configOnly?: boolean;
}

/** `diff A B`: how two images differ. */
export function addDiff(program: Command, exit: (code: number) => void): void {
  const command = program
    .command("diff")
    .summary("say how two images differ")
    .description(
      "Compare two images: manifest and layers, config, and the files as a container would see them: type, mode, owner, size, content, link target, extended attributes; not times. A layer that both have is read once.",
    )
    .argument("<a>", "URI of an image")
    .argument("<b>", "URI of another")
    .option("--files-only", "compare the files alone")
    .option("--config-only", "compare the configs alone; no layer is read")
    .addHelpText("after", HELP);
  addSourceOptions(command, "all").action(async (a: string, b: string, options: DiffOptions) => {
    exit(
      await runCommand(
        options,
        async ({ host, output }) => {
          if (options.filesOnly && options.configOnly) {
            throw new SealiftError("USAGE", "Cannot use --files-only with --config-only: it is one or both");
          }
          const part = options.filesOnly ? "files" : options.configOnly ? "config" : "all";
          const [first, second] = [await openSource(a, options, host), await openSource(b, options, host)];
          if (options.allPlatforms) {
            const diff = await diffPlatforms(first, second, part, host);
            await output.result(diff, (colors) => platformsDiffText(diff, colors));
            return diff.equal ? 0 : 1;
          }
          const what = "a comparison";
          const diff = await diffImages(
            singlePlatform(first, what),
            singlePlatform(second, what),
            part,
            host,
          );
          await output.result(diff, (colors) => imageDiffText(diff, colors));
          return diff.equal ? 0 : 1;
        },
        () => registriesIn(a, b),
      ),
    );
  });
}

function openSource(source: string, options: SourceOptions, host: NodeHost): Promise<AnyManifest> {
  return openImage(source, schemesOf(host), host, runOptions(options));
}

const HELP = `${SOURCES_HELP}
Exit codes: 0 equal · 1 different. A failure has its usual code, and under
--json an "error" in place of "equal".

Examples:
  $ sealift diff oci-archive://old.tar registry://127.0.0.1:5050/app:1.0
  $ sealift diff oci-archive://old.tar oci-archive://new.tar --all-platforms
  # Two platforms of an image
  $ sealift diff "oci-archive://app.tar?arch=amd64" \\
      "oci-archive://app.tar?arch=arm64"
`;
