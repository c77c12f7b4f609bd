import * as v from "valibot";
import { type Digest, isDigest } from "./digest.ts";

/** A digest, as checked text. */
export const digestSchema = v.pipe(
  v.string(),
  v.check(isDigest, "is not a digest"),
  v.transform((text) => text as Digest),
);

export const annotationsSchema = v.record(v.string(), v.string());

export const platformSchema = v.looseObject({
  architecture: v.string(),
  os: v.string(),
  variant: v.optional(v.string()),
  "os.version": v.optional(v.string()),
});

/** image-spec, descriptor.md. Unknown fields are kept. */
export const descriptorSchema = v.looseObject({
  mediaType: v.string(),
  digest: digestSchema,
  size: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  urls: v.optional(v.array(v.string())),
  annotations: v.optional(annotationsSchema),
  artifactType: v.optional(v.string()),
  platform: v.optional(platformSchema),
  data: v.optional(v.string()),
});

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  readonly urls?: readonly string[] | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  readonly artifactType?: string | undefined;
  readonly platform?: Platform | undefined;
  readonly data?: string | undefined;
}

export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string | undefined;
  readonly "os.version"?: string | undefined;
}

/** Annotation keys of image-spec, annotations.md, and containerd's name. */
export const ANNOTATION = {
  refName: "org.opencontainers.image.ref.name",
  title: "org.opencontainers.image.title",
  created: "org.opencontainers.image.created",
  version: "org.opencontainers.image.version",
  description: "org.opencontainers.image.description",
  containerdImageName: "io.containerd.image.name",
} as const;

/** The empty JSON object as a config (image-spec, manifest.md "Guidance for an Empty Descriptor"). */
export const EMPTY_JSON: Descriptor = {
  mediaType: "application/vnd.oci.empty.v1+json",
  digest: "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a" as Digest,
  size: 2,
};

/** The bytes {@link EMPTY_JSON} describes. */
export const EMPTY_JSON_BYTES: Uint8Array = new TextEncoder().encode("{}");
