/**
 * The place a member's name, or a hard link's target, stands for: without `./`,
 * and without slashes at either end or twice; "" is the root. Judges nothing:
 * see safety.ts.
 */
export function memberPath(name: string): string {
  if (!UNTIDY.test(name)) return name;
  return name
    .split("/")
    .filter((part) => part !== "" && part !== ".")
    .join("/");
}

/** Nine names of ten have nothing to take away. */
const UNTIDY = /^\.?\/|\/\/|\/\.?$|\/\.\/|^\.$/;
