import type { Command } from "commander";
import { topicList } from "../help/topics.ts";
import { PLATFORM } from "./options.ts";
import { addPipelineOptions, type PipelineOptions, runImages } from "./pipeline.ts";

/** `copy SOURCE DESTINATION`: an image whole, with every platform and what is attached to it. */
export function addCopy(program: Command, exit: (code: number) => void): void {
  const command = program
    .command("copy")
    .summary("copy an image whole, signatures too")
    .description(
      "Copy everything that SOURCE names to DESTINATION, byte for byte: all platforms and their " +
        "index, and what is attached to them, signatures, SBOMs and attestations.",
    )
    .argument("<source>", "URI of the image")
    .argument("<destination>", "URI of where it goes")
    .option(PLATFORM, "one of several, such as linux/arm64, not all")
    .option("--no-referrers", "without what is attached")
    .addHelpText("after", HELP);
  addPipelineOptions(command).action(
    async (source: string, destination: string, options: PipelineOptions) => {
      exit(await runImages(source, destination, { ...options, whole: true }, async () => []));
    },
  );
}

const HELP = `
Examples:
  # To another registry, everything included
  $ sealift copy registry://docker.io/library/debian:bookworm \\
      registry://registry.example.com/debian:bookworm

  # Into a file that crosses the gap, and out of it again
  $ sealift copy registry://ghcr.io/team/app:1.0 oci-archive://app.tar
  $ sealift copy oci-archive://app.tar registry://127.0.0.1:5050/app:1.0

  # All that a registry has under a tag, below a place in another
  $ sealift copy 'registry://registry.example.com/team/*:1.0' \\
      registry://127.0.0.1:5050/mirror/

${topicList("schemes", "patterns", "credentials", "environment", "output")}`;
