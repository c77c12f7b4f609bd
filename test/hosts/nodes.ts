import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** By version: this Node, the machine's own, and those that SEALIFT_SMOKE_NODES names. */
export function installedNodes(): ReadonlyMap<string, string> {
  const named = (process.env.SEALIFT_SMOKE_NODES ?? "").split(delimiter);
  const paths = [process.execPath, systemNode(), ...named].filter((path): path is string => Boolean(path));
  return new Map(paths.map((path) => [versionOf(path), path]));
}

function systemNode(): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter);
  const own = folders.filter((folder) => !folder.includes("node_modules"));
  return own.map((folder) => join(folder, "node")).find((path) => existsSync(path));
}

const versionOf = (node: string) => spawnSync(node, ["--version"], { encoding: "utf8" }).stdout.trim();
