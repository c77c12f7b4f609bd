import type { Host } from "../host.ts";
import type { AnyManifest } from "../image/image.ts";
import type { Platform } from "../oci/descriptor.ts";
import type { Sink } from "../sink/sink.ts";
import type { Uri } from "./uri.ts";

/** What a run's user asked for beside the URIs. */
export interface RunOptions {
  /** Which image of a multi-platform index; a single image must then be for it. */
  readonly platform?: Platform | undefined;
  /** Speak HTTP to registries that are not on loopback. */
  readonly insecure?: boolean;
  /** Every platform of an image, its index kept, where the source has one. */
  readonly allPlatforms?: boolean;
  /** What is attached to the image comes along: signatures, SBOMs, attestations. */
  readonly referrers?: boolean;
  /** Layers under way at once. */
  readonly jobs?: number;
  /** What a layout has already is read before it counts as there; what of it is damaged is written anew. */
  readonly reread?: boolean;
  /** Uploads in requests of at most this many bytes. */
  readonly chunkSize?: number;
}

export type OpenSource = (uri: Uri, host: Host, options: RunOptions) => Promise<AnyManifest>;
export type OpenSink = (uri: Uri, host: Host, options: RunOptions) => Promise<Sink>;

/** One of several images, not read yet. */
export interface SourceImage {
  /** As a person would name it. */
  readonly name: string;
  open(): Promise<AnyManifest>;
}

/** The images that a pattern means, in a fixed order; at least one. Throws NOT_FOUND. */
export type OpenSources = (uri: Uri, host: Host, options: RunOptions) => Promise<readonly SourceImage[]>;

/** Which schemes there are; a host adds its own (docker://, …) to the portable ones. */
export interface Schemes {
  readonly sources: Readonly<Record<string, OpenSource>>;
  readonly sinks: Readonly<Record<string, OpenSink>>;
  /** Where URIs may name several images, and the places that hold several. */
  readonly several: {
    readonly sources: Readonly<Record<string, OpenSources>>;
    readonly sinks: Readonly<Record<string, OpenSink>>;
  };
}
