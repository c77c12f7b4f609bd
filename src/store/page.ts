import type { PageOptions } from "./store.ts";

/** The names after `last`, in byte order, at most `limit` of them. Names are ASCII, so code units are bytes. */
export function pageOf(names: Iterable<string>, options: PageOptions = {}): string[] {
  const { last, limit } = options;
  const after = last === undefined ? [...names] : [...names].filter((name) => name > last);
  return after.sort().slice(0, limit);
}
