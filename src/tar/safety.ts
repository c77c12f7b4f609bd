import { isUtf8 } from "../bytes/surrogate-escape.ts";
import { type ErrorOptions, SealiftError } from "../error.ts";
import type { TarHeader } from "./header.ts";

/**
 * Where an archive is opened. `strict`: a folder on anyone's machine (files of
 * a bundle, members of a layout): nothing absolute, no way through links.
 * `rooted`: an image's root file system, which is seen from its own `/`:
 * absolute names and link targets are ordinary and mean that root.
 */
export type PathPolicy = "strict" | "rooted";

/** Longer names exist on no file system; an index of them would fill the memory. */
const MAX_PATH_LENGTH = 4096;

/** As many symlinks as Linux follows before ELOOP. */
const MAX_LINKS = 40;

/** What a loop of symlinks means: it leads nowhere, and so not out either. */
export const LOOP_HINT = "Symlinks on the way point at each other, so nothing can be found behind them.";

/**
 * An archive's name as a relative path below where it is opened: no `.`, no
 * empty part, no slash at either end. A backslash is an ordinary character of
 * a POSIX name (systemd's units have it) and stays, unless Windows would read
 * the name as one that leaves.
 * Throws UNSAFE_PATH; also for the root itself, which only a directory may be.
 */
export function safePath(name: string, policy: PathPolicy = "strict"): string {
  const path = relativePath(name, policy);
  if (path === "") throw unsafe(name, "it names nothing", NO_ESCAPE);
  return path;
}

/** The path of a directory: as {@link safePath}, but "" for the root itself. */
export function safeDirectory(name: string, policy: PathPolicy = "strict"): string {
  return relativePath(name, policy);
}

/**
 * The path that a symlink at `path` (made by {@link safePath}) points to, seen
 * from where the archive is opened; "" for that place itself. Throws
 * UNSAFE_PATH if it leaves.
 */
export function safeLink(path: string, target: string, policy: PathPolicy = "strict"): string {
  const what = `${path} -> ${target}`;
  refuseText(target, what);
  if (target === "") throw unsafe(what, "it has no target", NO_ESCAPE);
  const absolute = target.startsWith("/");
  if (policy === "strict") {
    if (absolute) throw unsafe(what, "its target is absolute");
    refuseWindowsEscape(target, what, path.split("/").length - 1);
  }
  const parts = absolute ? [] : path.split("/").slice(0, -1);
  for (const part of target.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) throw unsafe(what, "its target leaves the archive's root");
  }
  return parts.join("/");
}

/** Where an entry may be made. */
export interface SafeEntry {
  /** Relative to where the archive is opened; "" is that place itself. */
  readonly path: string;
  /** A hard link's target, of the same kind. A symlink keeps its target as written. */
  readonly target?: string;
}

/**
 * Judges the entries of an archive in the order they are extracted, as an
 * earlier symlink changes where a later name leads. To be kept over all layers
 * of one root file system.
 */
export class ExtractionGuard {
  readonly #policy: PathPolicy;
  /** Symlinks made so far: their target as written, by the path's key. */
  readonly #links = new Map<string, string>();

  constructor(policy: PathPolicy) {
    this.#policy = policy;
  }

  /** Throws UNSAFE_PATH. */
  admit({ name, type, linkname }: Pick<TarHeader, "name" | "type" | "linkname">): SafeEntry {
    this.#refuseBytes(name);
    if (type === "symlink") this.#refuseBytes(linkname);
    const named = type === "directory" ? safeDirectory(name, this.#policy) : safePath(name, this.#policy);
    const path = this.#throughLinks(named, name);
    const target = type === "hardlink" ? this.#hardlinkTarget(linkname, name) : undefined;
    const linked = type === "symlink" ? linkname : target && this.#links.get(this.#key(target));
    if (linked === undefined) {
      // What stood here is replaced by this entry; extracting must not follow it either.
      this.#links.delete(this.#key(path));
    } else {
      // Also a hard link to a symlink, which is the same symlink in another place: `..` may now leave.
      safeLink(path, linked, this.#policy);
      this.#links.set(this.#key(path), linked);
    }
    return target === undefined ? { path } : { path, target };
  }

  /** Zips, and folders on Windows and macOS, have text for names: of bytes two would become one. */
  #refuseBytes(text: string): void {
    if (this.#policy === "strict" && !isUtf8(text)) throw unsafe(text, "it is not UTF-8");
  }

  #hardlinkTarget(linkname: string, name: string): string {
    try {
      return this.#throughLinks(safePath(linkname, this.#policy), linkname);
    } catch (cause) {
      throw unsafe(`${name} => ${linkname}`, "its hard link's target is unsafe", { cause });
    }
  }

  /** The path with the symlinks among its parents followed, as a process in this root would see it. */
  #throughLinks(path: string, name: string): string {
    const resolved: string[] = [];
    const left = path.split("/");
    for (let followed = 0; left.length > 0; ) {
      const part = left.shift() as string;
      if (part === "" || part === ".") continue;
      if (part === "..") {
        // Only from a symlink's target; a root's own parent is itself.
        resolved.pop();
        continue;
      }
      resolved.push(part);
      const target = left.length > 0 ? this.#links.get(this.#key(resolved.join("/"))) : undefined;
      if (target === undefined) continue;
      if (this.#policy === "strict") throw unsafe(name, `it goes through the symlink ${resolved.join("/")}`);
      if (++followed > MAX_LINKS) {
        throw unsafe(name, "it goes through a loop of symlinks", { hint: LOOP_HINT });
      }
      resolved.pop();
      if (target.startsWith("/")) resolved.length = 0;
      left.unshift(...target.split("/"));
    }
    return resolved.join("/");
  }

  /** Folders on Windows and macOS take `LINK/x`, `link/x` and other spellings of it for the same. */
  #key(path: string): string {
    return this.#policy === "strict" ? path.normalize("NFKD").toLowerCase() : path;
  }
}

function relativePath(name: string, policy: PathPolicy): string {
  refuseText(name, name);
  if (name === "") throw unsafe(name, "it is empty", NO_ESCAPE);
  if (isPlain(name)) return name.endsWith("/") ? name.slice(0, -1) : name;
  if (policy === "strict" && name.startsWith("/")) throw unsafe(name, "it is absolute");
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  // Even `a/../b`: if `a` is a symlink, its parent is somewhere else.
  if (parts.includes("..")) throw unsafe(name, `it has ".." in it`);
  const path = parts.join("/");
  // Of what is left, as `./C:x` and, in an image, `/C:x` become a drive only now.
  refuseWindowsEscape(path, name, 0);
  return path;
}

/** Whether a name is the path that it names, but for a slash at its end: nearly all are. */
function isPlain(name: string): boolean {
  const isLonger = name.startsWith("/") || name.startsWith(".") || name.includes("/.") || name.includes("//");
  return !isLonger && !name.includes("\\") && !/^[A-Za-z]:/.test(name);
}

function refuseText(text: string, what: string): void {
  if (text.includes("\0")) throw unsafe(what, "it has a NUL in it", NO_ESCAPE);
  if (text.length > MAX_PATH_LENGTH)
    throw unsafe(what, `it is longer than ${MAX_PATH_LENGTH} characters`, NO_ESCAPE);
}

/** `C:x`, `\x`, `\\server\share` and `..\x` are harmless on POSIX, but the same archive is opened on Windows. */
function refuseWindowsEscape(name: string, what: string, depth: number): void {
  if (/^[A-Za-z]:/.test(name)) throw unsafe(what, "Windows reads it as a drive");
  if (!name.includes("\\")) return;
  if (name.startsWith("\\")) throw unsafe(what, "Windows reads it as absolute");
  let level = depth;
  for (const part of name.split(/[\\/]/)) {
    if (part === "" || part === ".") continue;
    level += part === ".." ? -1 : 1;
    if (level < 0) throw unsafe(what, "Windows reads it as leaving the archive's root");
  }
}

/** The code's hint is of names that lead out. */
const NO_ESCAPE = { hint: "" };

function unsafe(name: string, reason: string, options: ErrorOptions = {}): SealiftError {
  const shown = JSON.stringify(name.length > 200 ? `${name.slice(0, 200)}…` : name);
  return new SealiftError("UNSAFE_PATH", `Cannot extract ${shown}: ${reason}`, options);
}
