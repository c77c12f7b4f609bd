import type { Command } from "commander";
import { isSealiftError, SealiftError } from "../../src/error.ts";
import type { LayerEntry } from "../../src/image/layer-entries.ts";
import type { ImageFiles } from "../../src/inspect/image-files.ts";
import { type ListedFile, listEntry, listNode } from "../../src/inspect/list-files.ts";
import { shownName } from "../../src/tar/shown-name.ts";
import { fileListLines, type PlatformList, platformListsLines } from "../output/file-list.ts";
import {
  type GivenPaths,
  givenPaths,
  type ImageFilesOptions,
  noSuchFile,
  openImageFiles,
  openPlatformsFiles,
  type PlatformFiles,
} from "./image-files.ts";
import { registriesIn, runCommand } from "./run.ts";
import { addSourceOptions, SOURCES_HELP } from "./source.ts";

interface ListOptions extends ImageFilesOptions {
  readonly long?: boolean;
  readonly recursive?: boolean;
  readonly layer?: string;
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
    .option("--no-cache", "keep nothing of the layers, and use nothing that was kept")
    .addHelpText("after", HELP);
  addSourceOptions(command, "all").action(async (source: string, path: string, options: ListOptions) => {
    exit(
      await runCommand(
        options,
        async ({ host, output }) => {
          const long = options.long === true;
          const wanted = givenPaths(path);
          if (options.allPlatforms) {
            const images = await openPlatformsFiles(source, options, host);
            const platforms = await listedOfPlatforms(images, wanted, options);
            await output.list("platforms", platforms, (all) => platformListsLines(all, long));
          } else {
            const files = await listed(await openImageFiles(source, options, host), wanted, options);
            await output.list("files", files, (all) => fileListLines(all, long));
          }
        },
        () => registriesIn(source),
      ),
    );
  });
}

/** Of the platforms that have the path, if one has. */
async function listedOfPlatforms(
  images: readonly PlatformFiles[],
  paths: GivenPaths,
  options: ListOptions,
): Promise<readonly PlatformList[]> {
  const lists: PlatformList[] = [];
  let missing: unknown;
  for (const { platform, files } of images) {
    try {
      lists.push({ platform, files: await listed(files, paths, options) });
    } catch (error) {
      if (!isSealiftError(error, "NOT_FOUND")) throw error;
      missing = error;
    }
  }
  if (lists.length === 0) throw missing;
  return lists;
}

async function listed(
  files: ImageFiles,
  paths: GivenPaths,
  { layer, recursive }: ListOptions,
): Promise<Iterable<ListedFile>> {
  if (layer !== undefined) return listedOfLayer(files, paths, layerNumber(layer));
  const [path, meant] = paths;
  const tree = await files.tree();
  const node = tree.find(path) ?? (meant && tree.find(meant));
  if (!node) throw noSuchFile(path, files);
  return listNode(node, recursive === true);
}

async function listedOfLayer(
  files: ImageFiles,
  paths: GivenPaths,
  layer: number,
): Promise<Iterable<ListedFile>> {
  const entries = await files.entries(layer);
  for (const path of paths) {
    const folder = path
      .split("/")
      .filter((part) => part !== "" && part !== ".")
      .join("/");
    const found = { [Symbol.iterator]: () => listedBelow(entries, folder, layer) };
    if (folder === "" || !found[Symbol.iterator]().next().done) return found;
  }
  throw new SealiftError("NOT_FOUND", `Cannot find ${shownName(paths[0])}: layer ${layer} has no such file`);
}

function* listedBelow(entries: Iterable<LayerEntry>, folder: string, layer: number) {
  for (const entry of entries) {
    const isBelow = folder === "" || entry.path === folder || entry.path.startsWith(`${folder}/`);
    if (isBelow) yield listEntry(entry, layer);
  }
}

function layerNumber(text: string): number {
  if (/^\d{1,4}$/.test(text)) return Number(text);
  throw new SealiftError("USAGE", `Cannot use --layer: "${text}" is not a number`);
}

const HELP = `${SOURCES_HELP}
Names are shown as GNU tar shows them: \\n for a line feed, \\\\ for a backslash,
\\351 for a byte that is not UTF-8; PATH may be written so too. --json has them
as they are, such a byte as the lone surrogate \\udce9.

Examples:
  $ sealift ls registry://docker.io/library/debian:bookworm /etc -l
  $ sealift ls oci-archive://app.tar -R
  $ sealift ls oci-archive://app.tar --layer 1
`;
