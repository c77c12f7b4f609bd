import { counted } from "../../src/error.ts";
import type { ImageInfo, IndexInfo, LayerInfo, ReferrersInfo } from "../../src/inspect/info.ts";
import { formatPlatform } from "../../src/oci/platform.ts";
import { type Colors, formatSize, oneLine, shortenDigests, table, wrapped } from "./text.ts";

/** From this many columns on, layers are shown with their diff_ids. */
const WIDE = 120;
/** What made a layer is a shell script as often as not. */
const MAX_COMMAND = 50;

/** What `info` shows of one image; `source` is its title where it has no name. */
export function imageInfoText(info: ImageInfo, source: string, colors: Colors, width: number): string {
  const title = info.image === null ? source : [info.image, info.tag].filter(Boolean).join(":");
  const { os, architecture, variant } = info;
  const facts: readonly (readonly [string, string | undefined])[] = [
    ["index", info.index?.digest],
    ["manifest", info.manifest_digest],
    ["config", info.config_digest],
    ["type", info.media_type && `${info.media_type}, schema v${info.schema_version}`],
    ["platform", formatPlatform({ os, architecture, ...(variant && { variant }) })],
    ["created", info.created ?? undefined],
    ["layers", layersText(info)],
    ["history", `${counted(info.history_count, "entry", "entries")} (${info.empty_layer_count} empty)`],
    ["attached", info.referrers && referrersText(info.referrers)],
  ];
  return [
    `${colors.bold(oneLine(title))}\n`,
    pairs(facts, width),
    info.layers.length > 0 ? `\nLayers\n${layerTable(info.layers, width)}` : "",
    section("Config", configPairs(info), width),
    section("Labels", Object.entries(info.labels), width),
    section("Annotations", Object.entries(info.annotations ?? {}), width),
    info.index ? `\nPlatforms of the index\n${platformTable(info.index)}` : "",
  ].join("");
}

function layersText({ layer_count, total_compressed_size, config_size }: ImageInfo): string {
  const size = total_compressed_size === undefined ? "" : `, ${formatSize(total_compressed_size)} compressed`;
  const config = config_size === undefined ? "" : `, config ${formatSize(config_size)}`;
  return `${layer_count}${size}${config}`;
}

function referrersText({ types }: ReferrersInfo): string {
  const listed = Object.entries(types).map(([type, count]) => `${count} × ${type}`);
  return listed.join(", ") || "nothing";
}

function configPairs(info: ImageInfo): readonly (readonly [string, string | undefined])[] {
  return [
    ...info.env.map((variable) => ["env", variable] as const),
    ["entrypoint", commandText(info.entrypoint)],
    ["cmd", commandText(info.cmd)],
    ["workdir", info.working_dir ?? undefined],
    ["user", info.user ?? undefined],
    ["ports", info.exposed_ports.join(", ") || undefined],
    ["volumes", info.volumes.join(", ") || undefined],
  ];
}

function commandText(command: readonly string[] | null): string | undefined {
  return command ? JSON.stringify(command) : undefined;
}

function layerTable(layers: readonly LayerInfo[], width: number): string {
  const rows = layers.map((layer) => [
    `  ${layer.index}`,
    ...(layer.digest ? [shortenDigests(layer.digest)] : []),
    ...(width >= WIDE || !layer.digest ? [shortenDigests(layer.diff_id ?? "N/A")] : []),
    layer.size === undefined ? "N/A" : formatSize(layer.size),
    ...(layer.compression ? [layer.compression] : []),
  ]);
  const head = [
    "  #",
    ...(layers[0]?.digest ? ["digest"] : []),
    ...(width >= WIDE || !layers[0]?.digest ? ["diff_id"] : []),
    "size",
    ...(layers[0]?.compression ? ["as"] : []),
  ];
  const size = head.indexOf("size");
  const lines = table([head, ...rows], [size])
    .trimEnd()
    .split("\n");
  const used = Math.max(...lines.map((line) => line.length)) + 2;
  const room = Math.min(MAX_COMMAND, width - used);
  return lines
    .map((line, at) => {
      const command = at === 0 ? "created by" : (layers[at - 1]?.created_by ?? "");
      return `${`${line.padEnd(used)}${cut(oneLine(command), room)}`.trimEnd()}\n`;
    })
    .join("");
}

function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  return length > 1 ? `${text.slice(0, length - 1)}…` : "";
}

function platformTable({ manifests }: IndexInfo): string {
  return table(
    manifests.map(({ digest, platform }) => [`  ${platform ?? "(none)"}`, shortenDigests(digest)]),
  );
}

function section(
  title: string,
  entries: readonly (readonly [string, string | undefined])[],
  width: number,
): string {
  const text = pairs(entries, width, "  ");
  return text === "" ? "" : `\n${title}\n${text}`;
}

/** Names and values in two columns; what has no value is left out. */
function pairs(
  entries: readonly (readonly [string, string | undefined])[],
  width: number,
  indent = "",
): string {
  const shown = entries.flatMap(([name, value]) =>
    value === undefined ? [] : [[oneLine(name), oneLine(value)] as const],
  );
  // One long key must not push all values to the edge.
  const longest = Math.min(Math.max(0, ...shown.map(([name]) => name.length)), 40);
  return shown
    .map(([name, value]) => {
      const line = `${indent}${name.padEnd(longest)} ${value}`.trimEnd();
      return `${wrapped(line, width, indent.length + longest + 1)}\n`;
    })
    .join("");
}
