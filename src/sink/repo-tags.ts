import type { Named } from "../image/image.ts";

/** `load` wants repository:tag; what has neither gets no name rather than a made-up one. */
export function repoTags({ name }: Named): readonly string[] {
  if (!name) return [];
  const [bare = ""] = name.split("@");
  return bare.lastIndexOf(":") > bare.lastIndexOf("/") ? [bare] : [`${bare}:latest`];
}
