import * as v from "valibot";
import { annotationsSchema, type Descriptor, descriptorSchema } from "./descriptor.ts";
import { parseJson } from "./json.ts";

/** image-spec, manifest.md; Docker's schema 2 has the same shape. */
export interface Manifest {
  readonly schemaVersion: number;
  readonly mediaType?: string | undefined;
  readonly artifactType?: string | undefined;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly subject?: Descriptor | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

const manifestSchema = v.looseObject({
  schemaVersion: v.literal(2),
  mediaType: v.optional(v.string()),
  artifactType: v.optional(v.string()),
  config: descriptorSchema,
  layers: v.array(descriptorSchema),
  subject: v.optional(descriptorSchema),
  annotations: v.optional(annotationsSchema),
});

/** Throws MANIFEST_INVALID. */
export function parseManifest(bytes: Uint8Array, what = "manifest"): Manifest {
  return parseJson(manifestSchema, bytes, what, "MANIFEST_INVALID");
}
