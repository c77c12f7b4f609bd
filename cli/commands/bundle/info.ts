import type { Command } from "commander";
import { type BundleInfo, bundleInfo } from "../../../src/bundle/info.ts";
import { openBundleFile } from "../../../src/bundle/open-file.ts";
import { type Colors, formatSize, oneLine, shortenDigests, table } from "../../output/text.ts";
import type { GlobalOptions } from "../options.ts";
import { runCommand } from "../run.ts";
import { openInput } from "./files.ts";

export function addInfo(bundle: Command, exit: (code: number) => void): void {
  bundle
    .command("info")
    .summary("say what is in a bundle")
    .description("Say what a bundle holds, reading only its head. Nothing is verified: see `bundle verify`.")
    .argument("<bundle>", "file; - is standard input")
    .addHelpText("after", "\nExample:\n  $ sealift bundle info hello.bundle --json\n")
    .action(async (path: string, options: GlobalOptions) => {
      exit(
        await runCommand(options, async ({ host, output }) => {
          const info = bundleInfo(await openBundleFile(await openInput(path, host), host));
          await output.result(info, (colors) => describe(info, colors));
        }),
      );
    });
}

function describe(info: BundleInfo, colors: Colors): string {
  const title = [info.name, info.version].filter(Boolean).join(" ");
  const about = info.description ? `${oneLine(info.description)}\n` : "";
  const artifacts = info.artifacts.map((artifact) => [
    `  ${oneLine(artifact.name)}`,
    artifact.type === "image"
      ? "image"
      : artifact.type === "tree"
        ? "folder"
        : countOf(artifact.files.length),
    formatSize(artifact.contentSize),
    oneLine(artifact.target),
    oneLine(artifact.origin),
  ]);
  const referrers = info.referrers.map(({ artifactType, digest }) => [
    `  ${shortenDigests(digest)}`,
    artifactType ?? "",
  ]);
  return [
    `${colors.bold(oneLine(title))}\n${about}`,
    `root  ${info.root.digest}\n`,
    `holds ${info.blobs} blobs, ${formatSize(info.size)}\n`,
    info.entrypoint ? `runs  ${oneLine(info.entrypoint.path)}\n` : "",
    `\nArtifacts\n${table(artifacts, [2])}`,
    referrers.length > 0 ? `\nAttached\n${table(referrers)}` : "\nNot signed\n",
  ].join("");
}

function countOf(files: number): string {
  return files === 1 ? "1 file" : `${files} files`;
}
