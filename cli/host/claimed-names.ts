import { SealiftError } from "../../src/error.ts";

/** Never part of a name: NUL anywhere; on Windows also separators, drives and streams. */
const FORBIDDEN = process.platform === "win32" ? /[\0\\:]/ : /\0/;

/** Names of what goes into a folder. They come from archives: none may leave it, come twice, or lie below a file or link. */
export class ClaimedNames implements Iterable<string> {
  readonly #names = new Set<string>();
  readonly #folders = new Set<string>();

  /** For a file, a link, or a folder that is written as one. Throws UNSAFE_PATH, ALREADY_EXISTS. */
  claim(name: string): void {
    this.#refuseUnsafe(name);
    if (this.#names.has(name) || this.#folders.has(name)) throw comesTwice(name);
    this.#names.add(name);
    for (const parent of parentNames(name)) this.#folders.add(parent);
  }

  /** For a folder that others may claim names in. Throws UNSAFE_PATH, ALREADY_EXISTS. */
  claimFolder(name: string): void {
    this.#refuseUnsafe(name);
    if (this.#names.has(name)) throw comesTwice(name);
    for (const folder of [...parentNames(name), name]) this.#folders.add(folder);
  }

  release(name: string): void {
    this.#names.delete(name);
  }

  [Symbol.iterator](): Iterator<string> {
    return this.#names[Symbol.iterator]();
  }

  /** All that names lie in, but the folder itself. */
  get folders(): Iterable<string> {
    return this.#folders;
  }

  #refuseUnsafe(name: string): void {
    if (!isInside(name) || parentNames(name).some((parent) => this.#names.has(parent))) {
      throw new SealiftError("UNSAFE_PATH", `Cannot write "${name}": it is not a name inside the folder`);
    }
  }
}

/** `a/b/c` lies in `a` and `a/b`. */
export function parentNames(name: string): string[] {
  const parts = name.split("/");
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join("/"));
}

function comesTwice(name: string): SealiftError {
  return new SealiftError("ALREADY_EXISTS", `Cannot write "${name}": the name comes twice`);
}

function isInside(name: string): boolean {
  return name
    .split("/")
    .every((part) => part !== "" && part !== "." && part !== ".." && !FORBIDDEN.test(part));
}
