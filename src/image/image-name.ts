import type { Named } from "./image.ts";

/** An image's name and its tag, as people and `docker images` put them side by side. */
export interface ImageName {
  readonly image: string;
  readonly tag: string;
}

/** What the image is called where it came from; a tag alone names no image. */
export function imageName({ name, ref }: Named): ImageName {
  const [bare = ""] = (name ?? ref ?? "").split("@");
  const colon = bare.lastIndexOf(":");
  if (colon > bare.lastIndexOf("/")) return { image: bare.slice(0, colon), tag: bare.slice(colon + 1) };
  if (name !== undefined || bare.includes("/")) return { image: bare, tag: "latest" };
  return { image: "unknown", tag: bare || "unknown" };
}
