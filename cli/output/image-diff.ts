import type { FieldChange, ImageDiff, LayersDiff } from "../../src/inspect/diff.ts";
import type { PlatformsDiff } from "../../src/inspect/diff-platforms.ts";
import type { FileChange, FileState } from "../../src/inspect/diff-trees.ts";
import { shownName } from "../../src/tar/shown-name.ts";
import { type Colors, formatSize, printable, shortenDigests } from "./text.ts";

/** How two indexes' images differ, each platform under its name. */
export function platformsDiffText({ platforms, a, b }: PlatformsDiff, colors: Colors): string {
  const texts = platforms.map(
    (diff) => `${colors.bold(shownName(diff.platform))}\n${imageDiffText(diff, colors)}`,
  );
  const lines = [
    ...a.map((platform) => `  ${colors.red(`- ${shownName(platform)}`)}\n`),
    ...b.map((platform) => `  ${colors.green(`+ ${shownName(platform)}`)}\n`),
  ];
  const alone = section("Platforms", lines);
  return [...(alone ? [alone] : []), ...texts].join("\n");
}

/** How two images differ: `-` is the first's, `+` the second's, `~` both have it otherwise. */
export function imageDiffText(diff: ImageDiff, colors: Colors): string {
  if (diff.equal) return "No difference.\n";
  const parts = [
    section(
      "Manifest",
      (diff.manifest ?? []).map((change) => fieldText(change, colors)),
    ),
    diff.layers ? layersText(diff.layers, colors) : "",
    section(
      "Config",
      (diff.config ?? []).map((change) => fieldText(change, colors)),
    ),
    section(
      "Files",
      (diff.files ?? []).map((change) => fileText(change, colors)),
    ),
    diff.files && diff.files.length > 0 ? `${countText(diff.files)}\n` : "",
  ];
  return parts.filter((part) => part !== "").join("\n");
}

function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? "" : `${title}\n${lines.join("")}`;
}

function layersText({ shared, a, b }: LayersDiff, colors: Colors): string {
  const lines = [
    ...a.map((digest) => colors.red(`- ${shortenDigests(digest)}`)),
    ...b.map((digest) => colors.green(`+ ${shortenDigests(digest)}`)),
  ];
  if (lines.length === 0) return "";
  return section(
    `Layers (${shared.length} shared)`,
    lines.map((line) => `  ${line}\n`),
  );
}

function fieldText({ field, a, b }: FieldChange, colors: Colors): string {
  const name = shownName(field);
  const value = (side: unknown) =>
    shortenDigests(typeof side === "string" ? shownName(side) : printable(JSON.stringify(side)));
  const removed = a === undefined ? "" : `  ${colors.red(`- ${name}: ${value(a)}`)}\n`;
  const added = b === undefined ? "" : `  ${colors.green(`+ ${name}: ${value(b)}`)}\n`;
  return removed + added;
}

function fileText({ path, change, fields = [], a, b }: FileChange, colors: Colors): string {
  const name = `/${shownName(path)}`;
  if (change === "removed") return `  ${colors.red(`- ${name}${sizeText(a)}`)}\n`;
  if (change === "added") return `  ${colors.green(`+ ${name}${sizeText(b)}`)}\n`;
  const told = fields.filter((field) => field !== "digest" || !fields.includes("size"));
  const changes = told.map((field) => changeText(field as keyof FileState, a, b));
  return `  ${colors.yellow(`~ ${name}`)}  ${changes.join(", ")}\n`;
}

function changeText(field: keyof FileState, a: FileState | undefined, b: FileState | undefined): string {
  if (field === "digest") return "content";
  if (field === "xattrs") return "xattrs";
  return `${field} ${shownName(String(a?.[field] ?? "none"))} → ${shownName(String(b?.[field] ?? "none"))}`;
}

function sizeText(state: FileState | undefined): string {
  if (state?.type === "directory") return "/";
  return state?.size === undefined ? "" : `  ${formatSize(state.size)}`;
}

function countText(files: readonly FileChange[]): string {
  const count = (change: string) => files.filter((file) => file.change === change).length;
  return `${count("added")} added, ${count("removed")} removed, ${count("changed")} changed`;
}
