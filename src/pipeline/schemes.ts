import type { Host } from "../host.ts";
import type { Image } from "../image/image.ts";
import type { Platform } from "../oci/descriptor.ts";
import type { Sink } from "../sink/sink.ts";
import type { Uri } from "./uri.ts";

/** What a run's user asked for beside the URIs. */
export interface RunOptions {
  /** Which image of a multi-platform index; a single image must then be for it. */
  readonly platform?: Platform | undefined;
  /** Speak HTTP to registries that are not on loopback. */
  readonly insecure?: boolean;
}

export type OpenSource = (uri: Uri, host: Host, options: RunOptions) => Promise<Image>;
export type OpenSink = (uri: Uri, host: Host, options: RunOptions) => Promise<Sink>;

/** Which schemes there are; a host adds its own (docker://, …) to the portable ones. */
export interface Schemes {
  readonly sources: Readonly<Record<string, OpenSource>>;
  readonly sinks: Readonly<Record<string, OpenSink>>;
}
