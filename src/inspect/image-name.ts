import type { Named } from "../image/image.ts";

/** A name in the two parts that reports have. */
export interface ImageName {
  /** Null where the place says no name. */
  readonly image: string | null;
  readonly tag: string | null;
}

/** The name of an image as its repository and its tag; where it has none, what its layout calls it. */
export function imageNameOf({ name, ref }: Named): ImageName {
  if (name === undefined) return { image: null, tag: ref ?? null };
  const text = name.split("@", 1)[0] as string;
  const colon = text.lastIndexOf(":");
  if (colon <= text.lastIndexOf("/")) return { image: text, tag: null };
  return { image: text.slice(0, colon), tag: text.slice(colon + 1) };
}
