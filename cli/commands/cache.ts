import type { Command } from "commander";
import { SealiftError } from "../../src/error.ts";
import { cacheFolder } from "../host/cache-folder.ts";
import { openLayerCache } from "../host/layer-cache.ts";
import { type Colors, formatSize, shortenDigests, table } from "../output/text.ts";
import { layerCachePath } from "./layer-cache-path.ts";
import type { GlobalOptions } from "./options.ts";
import { runCommand } from "./run.ts";

interface CacheOptions extends GlobalOptions {
  readonly layerCache?: string;
  readonly olderThan?: string;
  readonly all?: boolean;
}

/** `cache ls` and `cache prune`: what is remembered of layers. */
export function addCache(program: Command, exit: (code: number) => void): void {
  const cache = program
    .command("cache")
    .summary("see and prune the layer cache")
    .description("See what is remembered of layers that were changed or compressed, and forget it.")
    .addHelpText("after", "\nExamples:\n  $ sealift cache ls\n  $ sealift cache prune --older-than 30\n");
  withPath(cache.command("ls").summary("list it"))
    .description("List what is remembered, the latest used first.")
    .addHelpText("after", "\nExample:\n  $ sealift cache ls --layer-cache layers.json\n")
    .action(async (options: CacheOptions) => exit(await list(options)));
  withPath(cache.command("prune").summary("forget it"))
    .description("Forget what has been of no use for some days, or all of it.")
    .option("--older-than <days>", "last used longer ago than this", "90")
    .option("--all", "everything")
    .addHelpText("after", "\nExample:\n  $ sealift cache prune --older-than 30\n")
    .action(async (options: CacheOptions) => exit(await prune(options)));
}

function withPath(command: Command): Command {
  return command.option("--layer-cache <path>", "file or folder (env SEALIFT_LAYER_CACHE; else in ~/.cache)");
}

function list(options: CacheOptions): Promise<number> {
  return runCommand(options, async ({ host, output }) => {
    const path = layerCachePath(options.layerCache, process.env) ?? cacheFolder(process.env, "layers");
    const layers = await (await openLayerCache(path, host.log)).list();
    const described = layers.map((layer) => ({ ...layer, used: new Date(layer.used).toISOString() }));
    await output.result({ path, layers: described }, (colors) => describe(path, described, colors));
    return 0;
  });
}

type Described = Omit<
  Awaited<ReturnType<Awaited<ReturnType<typeof openLayerCache>>["list"]>>[number],
  "used"
> & {
  readonly used: string;
};

function describe(path: string, layers: readonly Described[], colors: Colors): string {
  if (layers.length === 0) return `${path} remembers no layers\n`;
  const rows = layers.map(({ used, input, digest, size, work }) => [
    used.slice(0, 10),
    shortenDigests(input),
    shortenDigests(digest),
    formatSize(size),
    work,
  ]);
  const heads = ["used", "diff_id", "blob", "size", "made by"].map((head) => colors.dim(head));
  return `${path}\n${table([heads, ...rows], [3])}`;
}

function prune(options: CacheOptions): Promise<number> {
  return runCommand(options, async ({ host, output }) => {
    const path = layerCachePath(options.layerCache, process.env) ?? cacheFolder(process.env, "layers");
    const removed = await (await openLayerCache(path, host.log)).prune(limitOf(options));
    await output.result({ path, removed }, () => `Forgot ${removed} layers in ${path}\n`);
    return 0;
  });
}

const DAY_MS = 24 * 60 * 60 * 1000;

function limitOf({ olderThan = "", all }: CacheOptions): number {
  if (all) return Number.POSITIVE_INFINITY;
  if (/^\d{1,5}$/.test(olderThan)) return Date.now() - Number(olderThan) * DAY_MS;
  throw new SealiftError("USAGE", `Cannot use --older-than: "${olderThan}" is not a number of days`);
}
