import { SealiftError } from "../error.ts";
import type { Uri } from "./uri.ts";

/** A pattern that means nothing is a mistake, not an empty success. */
export function noneFound({ scheme, path, fragment }: Uri, reason: string): SealiftError {
  const name = `${scheme}://${path}${fragment ? `#${fragment}` : ""}`;
  return new SealiftError("NOT_FOUND", `Cannot find images of ${name}: ${reason}`);
}
