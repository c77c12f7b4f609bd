import { counted } from "../error.ts";
import type { ImageName } from "../image/image-name.ts";
import { digestHex } from "../oci/digest.ts";
import { shownName } from "../tar/shown-name.ts";
import type { FoundInLayer, FoundPath } from "./find-paths.ts";

/** A layer's matches for people: its digest, a line for each path, and an empty line. */
export function foundGroup({ layer, paths }: FoundInLayer): string {
  return `Layer: ${layer}\n${paths.map((found) => `  ${pathLine(found)}\n`).join("")}\n`;
}

/** A layer's matches for scripts: `image:tag:layer:path` on each line. */
export function foundLines({ layer, paths }: FoundInLayer, { image, tag }: ImageName): string {
  return paths.map(({ path }) => `${image}:${tag}:${digestHex(layer)}:${shownName(path)}\n`).join("");
}

/** How many there were in all. */
export function foundSummary(layers: readonly FoundInLayer[]): string {
  const matching = layers.filter(({ paths }) => paths.length > 0).length;
  const matches = layers.reduce((sum, { paths }) => sum + paths.length, 0);
  if (matches === 0) return "No matches found.\n";
  return `Found ${counted(matches, "match", "matches")} in ${counted(matching, "layer", "layers")}.\n`;
}

function pathLine({ path, type, size, target }: FoundPath): string {
  const shown = shownName(path);
  if (type === "file") return `${shown} (file, ${size} bytes)`;
  if (type === "symlink" || type === "hardlink") return `${shown} -> ${shownName(target ?? "")} (${type})`;
  return `${shown} (${KINDS[type]})`;
}

const KINDS = {
  directory: "directory",
  fifo: "fifo",
  character: "character device",
  block: "block device",
  other: "unknown",
} as const;
