import type { ImageConfig } from "../oci/config.ts";
import type { Digest } from "../oci/digest.ts";

/** What an image's config says. */
export interface ConfigInfo {
  readonly architecture: string;
  readonly os: string;
  readonly variant: string | null;
  readonly created: string | null;
  readonly diff_ids: readonly Digest[];
  readonly history_count: number;
  readonly empty_layer_count: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly env: readonly string[];
  readonly entrypoint: readonly string[] | null;
  readonly cmd: readonly string[] | null;
  readonly working_dir: string | null;
  /** `8080/tcp` and the like. */
  readonly exposed_ports: readonly string[];
  /** Paths. */
  readonly volumes: readonly string[];
  readonly user: string | null;
}

/** The config for a report: what is absent or null is an empty collection or null, and always there. */
export function configInfo(image: ImageConfig): ConfigInfo {
  const { config, history } = image;
  return {
    architecture: image.architecture,
    os: image.os,
    variant: image.variant ?? null,
    created: image.created ?? null,
    diff_ids: image.rootfs.diff_ids,
    history_count: history?.length ?? 0,
    empty_layer_count: history?.filter(({ empty_layer }) => empty_layer).length ?? 0,
    labels: config?.Labels ?? {},
    env: config?.Env ?? [],
    entrypoint: config?.Entrypoint ?? null,
    cmd: config?.Cmd ?? null,
    working_dir: config?.WorkingDir || null,
    exposed_ports: Object.keys(config?.ExposedPorts ?? {}),
    volumes: Object.keys(config?.Volumes ?? {}),
    user: config?.User || null,
  };
}

/** What made each layer, lowest first, where the history says it. */
export function createdBy({ history }: ImageConfig): readonly (string | undefined)[] {
  return (history ?? []).filter(({ empty_layer }) => !empty_layer).map(({ created_by }) => created_by);
}
