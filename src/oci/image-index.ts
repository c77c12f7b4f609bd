import * as v from "valibot";
import { annotationsSchema, type Descriptor, descriptorSchema } from "./descriptor.ts";
import { parseJson } from "./json.ts";

/** image-spec, image-index.md; Docker's manifest list has the same shape. */
export interface ImageIndex {
  readonly schemaVersion: number;
  readonly mediaType?: string | undefined;
  readonly artifactType?: string | undefined;
  readonly manifests: readonly Descriptor[];
  readonly subject?: Descriptor | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

const imageIndexSchema = v.looseObject({
  schemaVersion: v.literal(2),
  mediaType: v.optional(v.string()),
  artifactType: v.optional(v.string()),
  manifests: v.array(descriptorSchema),
  subject: v.optional(descriptorSchema),
  annotations: v.optional(annotationsSchema),
});

/** Throws MANIFEST_INVALID. */
export function parseImageIndex(bytes: Uint8Array, what = "image index"): ImageIndex {
  return parseJson(imageIndexSchema, bytes, what, "MANIFEST_INVALID");
}
