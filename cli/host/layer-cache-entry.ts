import { createHash } from "node:crypto";
import * as v from "valibot";
import type { LayerKey } from "../../src/host.ts";
import { digestSchema } from "../../src/oci/descriptor.ts";

/** An entry as both kinds of cache write it. */
export const entrySchema = v.object({
  input: digestSchema,
  work: v.string(),
  diffId: digestSchema,
  digest: digestSchema,
  size: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
});

/** One name for a key, of hexadecimal digits. */
export function nameOf({ input, work }: LayerKey): string {
  return createHash("sha256").update(`${input}\n${work}`).digest("hex");
}
