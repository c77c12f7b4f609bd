import type { Command } from "commander";
import { extractBundle } from "../../../src/bundle/extract.ts";
import { openBundleFile } from "../../../src/bundle/open-file.ts";
import { verifyBundle } from "../../../src/bundle/verify.ts";
import { SealiftError } from "../../../src/error.ts";
import type { Digest } from "../../../src/oci/digest.ts";
import { type Verdict, verdictExitCode } from "../../../src/trust/verdict.ts";
import type { NodeHost } from "../../host/host.ts";
import { wrapped } from "../../output/text.ts";
import { collected, type GlobalOptions } from "../options.ts";
import { runCommand } from "../run.ts";
import { openInput } from "./files.ts";
import { readPublicKeys } from "./keys.ts";
import { describeVerdict } from "./verify.ts";

interface ExtractOptions extends GlobalOptions {
  readonly key?: readonly string[];
  readonly force?: boolean;
}

export function addExtract(bundle: Command, exit: (code: number) => void): void {
  bundle
    .command("extract")
    .summary("verify a bundle and put its contents into a folder")
    .description(
      "Verify a bundle, then put its contents at their targets in a folder. Nothing is written if it does not verify.",
    )
    .argument("<bundle>", "file; - is standard input")
    .argument("<folder>", "made if missing")
    .option("--key <file>", "public key to trust; may be given several times", collected)
    .option("--force", "write into a folder that is not empty, replacing files")
    .addHelpText("after", "\nExample:\n  $ sealift bundle extract hello.bundle ./hello --key release.pub\n")
    .action(async (path: string, folder: string, options: ExtractOptions) => {
      exit(
        await runCommand(options, async ({ host, output }) => {
          if (!options.force) await requireEmpty(folder, host);
          const slices = await openInput(path, host);
          const verdict = await verifyBundle(slices, host, {
            keys: await readPublicKeys(options.key ?? [], host),
          });
          if (verdictExitCode(verdict) !== 0) {
            await output.result(verdict, (colors, width) => describeVerdict(verdict, colors, width));
            return verdictExitCode(verdict);
          }
          const opened = await openBundleFile(slices, host);
          requireSame(opened.plan.root.digest, verdict, path);
          const { paths } = await extractBundle(opened, await host.files.createFolder(folder), host);
          await output.result(
            { folder, paths, verdict },
            (colors, width) =>
              `${colors.green(wrapped(`✓ ${verdict.sentence}`, width, 2))}\n${paths.map((written) => `  ${folder}/${written}\n`).join("")}`,
          );
        }),
      );
    });
}

/** The file is read twice; another put in its place in between has not been verified. */
function requireSame(root: Digest, { subject }: Verdict, path: string): void {
  if (root === subject.digest) return;
  throw new SealiftError("DIGEST_MISMATCH", `Cannot extract ${path}: it changed after it was verified`);
}

async function requireEmpty(folder: string, host: NodeHost): Promise<void> {
  const kind = await host.files.kind(folder);
  if (kind === "none") return;
  if (kind === "folder" && (await host.files.tree(folder)).length === 0) return;
  throw new SealiftError(
    "ALREADY_EXISTS",
    `Cannot extract to ${folder}: it is there already and not an empty folder`,
  );
}
