import type { LogEvent } from "../../src/host.ts";
import { parseUri } from "../../src/pipeline/uri.ts";

/** Places that take a layer's tar: no blob is made for them that could be remembered. */
const TAKE_TARS: readonly string[] = ["tar", "dir", "directory", "oci", "mounts", "docker"];

/** Files that are written whole: what is made is remembered, but nothing lies there already that could be left out. */
const WRITTEN_WHOLE: readonly string[] = ["oci-archive", "bundle"];

/** Says of a layer cache that somebody asked for where the destination leaves it nothing, or little, to do. */
export function noteLayerCacheUse(destination: string, log: (event: LogEvent) => void): void {
  const { scheme } = parseUri(destination);
  if (TAKE_TARS.includes(scheme)) {
    const message = `--layer-cache is of no use to ${scheme}://, which takes layers uncompressed; it is for a registry or an OCI layout`;
    log({ type: "warning", message });
  } else if (WRITTEN_WHOLE.includes(scheme)) {
    const message = `--layer-cache is filled only: ${scheme}:// is written whole; a registry or an OCI layout has layers already`;
    log({ type: "info", message });
  }
}
