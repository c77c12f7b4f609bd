import type { Command } from "commander";
import { SealiftError } from "../../src/error.ts";
import type { ListedFile } from "../../src/inspect/list-files.ts";
import { listEntry, listNode } from "../../src/inspect/list-files.ts";
import { fileListText } from "../output/file-list.ts";
import { noSuchFile, openImageFiles } from "./image-files.ts";
import { registriesIn, runCommand } from "./run.ts";
import { addSourceOptions, SOURCES_HELP, type SourceOptions } from "./source.ts";

interface ListOptions extends SourceOptions {
  readonly long?: boolean;
  readonly recursive?: boolean;
  readonly layer?: string;
  readonly cache?: boolean;
}

/** `ls SOURCE [PATH]`: the files of an image. */
export function addLs(program: Command, exit: (code: number) => void): void {
  const command = program
    .command("ls")
    .summary("list the files of an image")
    .description(
      "List a folder of an image, the layers laid upon each other as a container would see them. Nothing is unpacked.",
    )
    .argument("<source>", "URI of the image")
    .argument("[path]", "folder or file", "/")
    .option("-l, --long", "with type and mode, owner, size, time and link target")
    .option("-R, --recursive", "with all that is below")
    .option("--layer <n>", "what one layer has, whiteouts included; the lowest is 0")
    .option("--no-cache", "keep no index of the layers, and use none")
    .addHelpText("after", HELP);
  addSourceOptions(command, "one").action(async (source: string, path: string, options: ListOptions) => {
    exit(
      await runCommand(
        options,
        async ({ host, output }) => {
          const files = await openImageFiles(source, options, host);
          const list = async (): Promise<readonly ListedFile[]> => {
            if (options.layer === undefined) {
              const node = (await files.tree()).find(path);
              if (!node) throw noSuchFile(path, files);
              return listNode(node, options.recursive === true);
            }
            const layer = layerNumber(options.layer);
            const folder = path
              .split("/")
              .filter((part) => part !== "" && part !== ".")
              .join("/");
            const entries = await files.entries(layer);
            return entries
              .filter(
                (entry) => folder === "" || entry.path === folder || entry.path.startsWith(`${folder}/`),
              )
              .map((entry) => listEntry(entry, layer));
          };
          const listed = await list();
          await output.result({ files: listed }, () => fileListText(listed, options.long === true));
        },
        () => registriesIn(source),
      ),
    );
  });
}

function layerNumber(text: string): number {
  if (/^\d{1,4}$/.test(text)) return Number(text);
  throw new SealiftError("USAGE", `Cannot use --layer: "${text}" is not a number`);
}

const HELP = `${SOURCES_HELP}
Examples:
  $ sealift ls registry://docker.io/library/debian:bookworm /etc -l
  $ sealift ls oci-archive://app.tar -R
  $ sealift ls oci-archive://app.tar --layer 1
`;
