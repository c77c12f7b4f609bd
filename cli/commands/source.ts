import { type Command, Option } from "commander";
import { openRawImage } from "../../src/pipeline/raw-schemes.ts";
import { parseUri } from "../../src/pipeline/uri.ts";
import { selectionOf } from "../../src/pipeline/uri-options.ts";
import type { RawImage } from "../../src/source/raw-image.ts";
import type { Selection } from "../../src/source/select-image.ts";
import type { NodeHost } from "../host/host.ts";
import { addRegistryOptions, PLATFORM } from "./options.ts";
import { type PipelineOptions, runOptions } from "./pipeline.ts";
import { schemesOf } from "./schemes.ts";

/** Options of the commands that look into an image. */
export type SourceOptions = Omit<PipelineOptions, "referrers" | "parallel" | "chunkSize">;

/** Options for choosing an image; with `all`, --all-platforms too. */
export function addSourceOptions(command: Command, all: "all" | "one"): Command {
  command.option(PLATFORM, "which of several platforms (default: linux/amd64)");
  if (all === "all") command.option("--all-platforms", "all of them");
  return addRegistryOptions(command)
    .addOption(new Option("--os <os>").hideHelp())
    .addOption(new Option("--architecture <arch>").hideHelp())
    .addOption(new Option("--variant <variant>").hideHelp());
}

export interface RawSource {
  readonly raw: RawImage;
  readonly selection: Selection;
}

/** What a source's URI names, as it is stored, and which of it is meant. */
export async function openRawSource(
  source: string,
  options: SourceOptions,
  host: NodeHost,
): Promise<RawSource> {
  const uri = parseUri(source);
  const run = runOptions(options);
  const raw = await openRawImage(uri, schemesOf(host), host, run);
  return { raw, selection: selectionOf(uri, run) };
}

/** The same for who reads no layer: a daemon is asked about the image, and sends nothing of it. */
export async function openDocuments(
  source: string,
  options: SourceOptions,
  host: NodeHost,
): Promise<RawSource> {
  const uri = parseUri(source);
  if (uri.scheme !== "docker" && uri.scheme !== "dockerpush") return openRawSource(source, options, host);
  const { dockerTold } = await import("../host/docker/schemes.ts");
  const run = runOptions(options);
  return { raw: await dockerTold(uri, host, run), selection: selectionOf(uri, run) };
}

/** For the commands' help. */
export const SOURCES_HELP = `
An image's URI is any of \`sealift help schemes\`. An archive may lie on a web
server, tar://https://HOST/FILE, and is read there as far as it is needed.
`;
