import * as v from "valibot";
import { digestSchema, type Platform } from "./descriptor.ts";
import type { Digest } from "./digest.ts";
import { parseJson } from "./json.ts";

/** image-spec, config.md: what this project reads of it; the rest is kept as it came. */
export interface ImageConfig extends Platform {
  readonly created?: string | undefined;
  readonly author?: string | undefined;
  readonly config?: RunConfig | null | undefined;
  readonly rootfs: { readonly type: string; readonly diff_ids: readonly Digest[] };
  readonly history?: readonly HistoryEntry[] | null | undefined;
}

export interface RunConfig {
  readonly Env?: readonly string[] | null | undefined;
  readonly Entrypoint?: readonly string[] | null | undefined;
  readonly Cmd?: readonly string[] | null | undefined;
  readonly WorkingDir?: string | undefined;
  readonly User?: string | undefined;
  readonly Labels?: Readonly<Record<string, string>> | null | undefined;
  readonly ExposedPorts?: Readonly<Record<string, unknown>> | null | undefined;
  readonly Volumes?: Readonly<Record<string, unknown>> | null | undefined;
  readonly StopSignal?: string | undefined;
}

export interface HistoryEntry {
  readonly created?: string | undefined;
  readonly created_by?: string | undefined;
  readonly comment?: string | undefined;
  readonly empty_layer?: boolean | undefined;
}

const strings = v.nullish(v.array(v.string()));

const configSchema = v.looseObject({
  architecture: v.string(),
  os: v.string(),
  variant: v.optional(v.string()),
  "os.version": v.optional(v.string()),
  created: v.optional(v.string()),
  author: v.optional(v.string()),
  config: v.nullish(
    v.looseObject({
      Env: strings,
      Entrypoint: strings,
      Cmd: strings,
      WorkingDir: v.optional(v.string()),
      User: v.optional(v.string()),
      Labels: v.nullish(v.record(v.string(), v.string())),
      ExposedPorts: v.nullish(v.record(v.string(), v.unknown())),
      Volumes: v.nullish(v.record(v.string(), v.unknown())),
      StopSignal: v.optional(v.string()),
    }),
  ),
  rootfs: v.looseObject({ type: v.string(), diff_ids: v.array(digestSchema) }),
  history: v.nullish(
    v.array(
      v.looseObject({
        created: v.optional(v.string()),
        created_by: v.optional(v.string()),
        comment: v.optional(v.string()),
        empty_layer: v.optional(v.boolean()),
      }),
    ),
  ),
});

/** Throws CONFIG_INVALID. */
export function parseImageConfig(bytes: Uint8Array, what = "image config"): ImageConfig {
  return parseJson(configSchema, bytes, what, "CONFIG_INVALID") as ImageConfig;
}
