import type { Command } from "commander";
import type { GlobalOptions } from "./options.ts";
import { runImages } from "./pipeline.ts";

/** `recreate-image FOLDER IMAGE TAG TARFILE`: an image of a dir:// folder as docker save's archive. */
export function addRecreateImage(program: Command, exit: (code: number) => void): void {
  program
    .command("recreate-image")
    .summary("docker archive of a folder's image")
    .description(
      "Make docker save's archive of an image that `process … dir://FOLDER` has put into a folder; its ID is the original's.",
    )
    .argument("<folder>", "the folder")
    .argument("<image>", "the image's name, as the folder's catalog.json has it")
    .argument("<tag>", "its tag")
    .argument("<tarfile>", "the archive to write")
    .addHelpText("after", HELP)
    .action((folder: string, image: string, tag: string, tarfile: string, options: GlobalOptions) => {
      const source = `dir://${encodeURIComponent(folder)}#${encodeURIComponent(`${image}:${tag}`)}`;
      return runImages(source, `tar://${encodeURIComponent(tarfile)}`, options, () => []).then(exit);
    });
}

const HELP = `
Example:
  $ sealift process registry://docker.io/library/busybox:1.36 \\
      'dir://images?unique_names=true'
  $ sealift recreate-image images library/busybox 1.36 busybox.tar
`;
