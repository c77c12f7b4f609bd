import { bareReasonOf, counted } from "../error.ts";
import { parseImageConfig } from "../oci/config.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { isDigest } from "../oci/digest.ts";
import { declaredCompression } from "../oci/media-type.ts";
import { fieldWithNul } from "../oci/startable.ts";
import type { RawFile } from "../source/raw-image.ts";
import type { Findings } from "./findings.ts";
import {
  type LooseDocument,
  looseArray,
  looseDescriptor,
  looseDocument,
  looseObject,
} from "./loose-document.ts";

/** What the checks go on with: whatever of a manifest could be made out. */
export interface CheckedManifest {
  readonly config?: Descriptor;
  /** Lowest first; undefined where the descriptor is none. */
  readonly layers: readonly (Descriptor | undefined)[];
}

/** Checks a manifest's own fields. */
export function checkManifest(
  bytes: Uint8Array,
  mediaType: string,
  findings: Findings,
): CheckedManifest | undefined {
  const manifest = looseDocument(bytes);
  if (!manifest) {
    findings.add("error", "manifest", "the manifest is not a JSON object");
    return undefined;
  }
  const { schemaVersion } = manifest;
  findings.judge(
    schemaVersion === 2,
    "schema-version",
    "schemaVersion is 2",
    `schemaVersion is ${shown(schemaVersion)}, expected 2`,
  );
  const family = mediaType.startsWith("application/vnd.docker.") ? "docker" : "oci";
  findings.add("info", `${family}-media-type`, `the manifest is ${mediaType}`);
  if (manifest.mediaType !== undefined && manifest.mediaType !== mediaType) {
    findings.add("error", "manifest", `it is listed as ${mediaType} and says ${shown(manifest.mediaType)}`);
  }
  const config = looseDescriptor(manifest.config);
  findings.judge(
    config !== undefined,
    "config-descriptor",
    `the config is ${config?.digest}`,
    "the manifest has no valid descriptor of a config",
  );
  return { ...(config && { config }), layers: checkLayerDescriptors(manifest, findings) };
}

function checkLayerDescriptors(manifest: LooseDocument, findings: Findings): (Descriptor | undefined)[] {
  const listed = looseArray(manifest.layers);
  if (!listed) findings.add("error", "manifest", "the manifest has no list of layers");
  return (listed ?? []).map((value, layer) => {
    const descriptor = looseDescriptor(value);
    if (!descriptor) {
      findings.within({ layer }).add("error", "layer-descriptor", "its descriptor is not valid");
    }
    return descriptor;
  });
}

/** What the checks go on with: whatever of a config could be made out. */
export interface CheckedConfig {
  /** Undefined where an entry is no digest. */
  readonly diffIds: readonly (Digest | undefined)[];
  readonly os: unknown;
  readonly architecture: unknown;
  readonly variant: unknown;
}

/** Checks a config's own fields, and that it has what its layers need. */
export function checkConfig(
  bytes: Uint8Array,
  layers: number,
  findings: Findings,
): CheckedConfig | undefined {
  const before = findings.list.length;
  const config = looseDocument(bytes);
  if (!config) {
    findings.add("error", "config", "the config is not a JSON object");
    return undefined;
  }
  const { os, architecture, variant } = config;
  if (typeof os !== "string" || typeof architecture !== "string") {
    findings.add("error", "config", "the config names no os and architecture");
  }
  const rootfs = looseObject(config.rootfs);
  findings.judge(
    rootfs?.type === "layers",
    "rootfs-type",
    'rootfs.type is "layers"',
    `rootfs.type is ${shown(rootfs?.type)}, expected "layers"`,
  );
  const ids = looseArray(rootfs?.diff_ids) ?? [];
  findings.judge(
    ids.length === layers,
    "layer-count",
    `${counted(layers, "layer")}, as many diff_ids`,
    `${counted(layers, "layer")}, ${counted(ids.length, "diff_id")}`,
  );
  checkHistory(config, layers, findings);
  if (looseObject(config.config)?.ArgsEscaped === true) {
    findings.add(
      "warning",
      "args-escaped",
      "config.ArgsEscaped is set: it is deprecated and for Windows alone",
    );
  }
  if (!findings.hasErrors(before)) checkReadable(bytes, findings);
  const diffIds = ids.map((id) => (typeof id === "string" && isDigest(id) ? id : undefined));
  return { diffIds, os, architecture, variant };
}

/** What no more is known of than that a program which reads the config refuses it, or cannot start by it. */
function checkReadable(bytes: Uint8Array, findings: Findings): void {
  try {
    const field = fieldWithNul(parseImageConfig(bytes));
    if (field) findings.add("error", "config", `${field} has a NUL in it, and no kernel starts that`);
  } catch (error) {
    findings.add("error", "config", bareReasonOf(error));
  }
}

function checkHistory(config: LooseDocument, layers: number, findings: Findings): void {
  const history = looseArray(config.history)?.map((entry) => looseObject(entry) ?? {});
  if (!history || history.length === 0) {
    findings.add("info", "history-count", "there is no history");
    return;
  }
  const filled = history.filter(({ empty_layer }) => empty_layer !== true).length;
  findings.judge(
    filled === layers,
    "history-count",
    `the history has ${counted(filled, "entry", "entries")} with a layer`,
    `the history has ${counted(filled, "entry", "entries")} with a layer for ${counted(layers, "layer")}`,
  );
  checkOrder(history, findings);
}

/** Times before this are no times: what makes reproducible images writes 0, or the year 1. */
const FIRST_TIME = Date.UTC(1980, 0, 2);

function checkOrder(history: readonly LooseDocument[], findings: Findings): void {
  let latest = Number.NEGATIVE_INFINITY;
  let from = 0;
  for (const [at, { created }] of history.entries()) {
    const time = typeof created === "string" ? Date.parse(created) : Number.NaN;
    if (!(time >= FIRST_TIME)) continue;
    if (time < latest) {
      const message = `history entry ${at} (${created}) is older than entry ${from} before it`;
      findings.add("warning", "history-order", message);
      return;
    }
    latest = time;
    from = at;
  }
}

/** A layer counts as large from here on, in bytes. */
const LARGE_LAYER = 2 ** 30;

/** Checks what is said of layers. */
export function checkLayerFacts(layers: readonly Partial<RawFile>[], findings: Findings): void {
  for (const [layer, { size = 0, mediaType = "" }] of layers.entries()) {
    const about = findings.within({ layer });
    if (size > LARGE_LAYER) {
      about.add("warning", "large-layer", `it has ${size} bytes, more than 1 GiB: registries may refuse it`);
    }
    if (declaredCompression(mediaType) === "zstd") {
      about.add("warning", "zstd-compat", "zstd needs Docker 20.10, containerd 1.5 or later to unpack");
    }
  }
}

function shown(value: unknown): string {
  return value === undefined ? "missing" : JSON.stringify(value).slice(0, 100);
}
