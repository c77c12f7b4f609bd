import * as v from "valibot";
import { SealiftError } from "../error.ts";
import { digestSchema } from "../oci/descriptor.ts";

const count = v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(0)), 0);
const text = v.optional(v.string(), "");

export const entrySchema = v.object({
  name: v.string(),
  type: v.string(),
  size: count,
  modtime: text,
  linkName: text,
  mode: count,
  uid: count,
  gid: count,
  userName: text,
  groupName: text,
  devMajor: count,
  devMinor: count,
  xattrs: v.optional(v.record(v.string(), v.string())),
  digest: v.optional(digestSchema),
  offset: count,
  endOffset: count,
  innerOffset: count,
  chunkOffset: count,
  chunkSize: count,
  chunkDigest: v.optional(digestSchema),
});

/** What a table says of one entry, a file or a further chunk of one; 0 and "" where it says nothing. */
export type RawEntry = v.InferOutput<typeof entrySchema>;

/** A table that does not hold together. */
export function tocInvalid(reason: string, cause?: unknown): SealiftError {
  return new SealiftError("LAYOUT_INVALID", `Cannot read table of contents: ${reason}`, { cause });
}

export function entryInvalid(name: string, reason: string, cause?: unknown): SealiftError {
  return tocInvalid(`${JSON.stringify(name.slice(0, 200))}: ${reason}`, cause);
}
