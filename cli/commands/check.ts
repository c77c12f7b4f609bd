import type { Command } from "commander";
import { ERRORS } from "../../src/error.ts";
import { type CheckReport, checkImage } from "../../src/inspect/check.ts";
import { isContentFault } from "../../src/inspect/findings.ts";
import { shownUri } from "../../src/pipeline/uri.ts";
import { checkReportText } from "../output/check-report.ts";
import { registriesIn, runCommand } from "./run.ts";
import { addSourceOptions, openRawSource, SOURCES_HELP, type SourceOptions } from "./source.ts";

interface CheckOptions extends SourceOptions {
  readonly fast?: boolean;
}

/** `check SOURCE`: whether an image is as the specification, and other programs, want it. */
export function addCheck(program: Command, exit: (code: number) => void): void {
  const command = program
    .command("check")
    .summary("look for what is wrong with an image")
    .description(
      "Check an image: its index, manifest and config, what is attached, and every layer in one pass: digest, compression, diff_id, tar, whiteouts, times, permissions. It goes on past what it finds.",
    )
    .argument("<source>", "URI of the image")
    .option("--fast", "manifest and config only, without layers and what is attached")
    .addHelpText("after", HELP);
  addSourceOptions(command, "all").action(async (source: string, options: CheckOptions) => {
    exit(
      await runCommand(
        options,
        async ({ host, output }) => {
          const { raw, selection } = await openRawSource(source, options, host);
          const { platform, allPlatforms } = selection;
          const report = await checkImage(raw, { platform, allPlatforms, fast: options.fast === true }, host);
          await output.result(report, (colors, width) =>
            checkReportText(report, shownUri(source), colors, width),
          );
          return exitCodeOf(report);
        },
        () => registriesIn(source),
      ),
    );
  });
}

function exitCodeOf({ errors, results }: CheckReport): number {
  if (results.some(isContentFault)) return ERRORS.VERIFICATION_FAILED.exit;
  return errors > 0 ? 1 : 0;
}

const HELP = `${SOURCES_HELP}
Exit codes: 0 no errors, warnings or not · 1 errors
            3 errors, and content is not what its digest says, or is
              another to readers of manifest.json

Examples:
  $ sealift check oci-archive://app.tar
  $ sealift check registry://127.0.0.1:5050/app:1.0 --all-platforms
  $ sealift check tar://app.tar --fast --json
`;
