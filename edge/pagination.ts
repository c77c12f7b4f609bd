import type { Context } from "hono";
import { SealiftError } from "../src/error.ts";
import type { Page } from "../src/mirror/tags.ts";
import type { PageOptions } from "../src/store/store.ts";

/** The query's `n` and `last` (distribution-spec, "Listing Tags"). Throws USAGE on an `n` that is no count. */
export function wantedPage(c: Context): PageOptions {
  const { n, last } = c.req.query();
  if (n !== undefined && !/^\d{1,9}$/.test(n)) {
    throw new SealiftError("USAGE", "Cannot list: n is not a number", { hint: "" });
  }
  return { ...(last !== undefined && { last }), ...(n !== undefined && { limit: Number(n) }) };
}

/** Names the next page in a Link header (RFC 8288) if there is one. */
export function linkNext(c: Context, path: string, { names, more }: Page): void {
  const last = names.at(-1);
  if (!more || last === undefined) return;
  const query = new URLSearchParams({ n: String(names.length), last });
  c.header("Link", `<${path}?${query}>; rel="next"`);
}
