import type { LayerEntry } from "./layer-entries.ts";
import type { MergedTree } from "./tree.ts";
import { parseWhiteout } from "./whiteout.ts";

/** The paths of which layers hide what the layers below them have. */
export class LowerCuts {
  /** What becomes of the path itself where nothing is put there. */
  readonly #cut = new Map<string, "gone" | "empty">();

  /** Takes note of an entry, before it is put into the tree. */
  see(entry: LayerEntry, tree: MergedTree): void {
    const whiteout = parseWhiteout(entry.path);
    // A folder adds to those below; a file hides one of its name, also when it is gone again itself.
    if (whiteout ? whiteout.kind === "aufs" : entry.type === "directory") return;
    const path = placeOf(whiteout?.path ?? entry.path, tree);
    const fate = whiteout?.kind === "opaque" && this.#cut.get(path) !== "gone" ? "empty" : "gone";
    this.#cut.set(path, fate);
  }

  /** Whether nothing is left of what the layers below have at a path. */
  hides(path: string): boolean {
    return this.#cut.has(path) || this.#isCutAbove(path);
  }

  /** The whiteouts that a layer needs beside the tree to hide the same, as paths. */
  left(tree: MergedTree): readonly string[] {
    const whiteouts: string[] = [];
    for (const [path, fate] of this.#cut) {
      if (this.#isCutAbove(path)) continue;
      const node = tree.get(path);
      if (!node && fate === "gone") whiteouts.push(whiteoutOf(path));
      else if (!node || node.children) whiteouts.push(path === "" ? OPAQUE : `${path}/${OPAQUE}`);
    }
    return whiteouts;
  }

  #isCutAbove(path: string): boolean {
    for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) {
      if (this.#cut.has(path.slice(0, at))) return true;
    }
    return path !== "" && this.#cut.has("");
  }
}

const OPAQUE = ".wh..wh..opq";

/** As many symlinks as Linux follows before ELOOP. */
const MAX_LINKS = 40;

/** Where a path's entry goes: symlinks among its folders are followed, also to what only lower layers have. */
function placeOf(path: string, tree: MergedTree): string {
  const [name = "", ...above] = path.split("/").reverse();
  const folder: string[] = [];
  for (let followed = 0; above.length > 0; ) {
    const part = above.pop() as string;
    if (part === "" || part === ".") continue;
    if (part === "..") {
      folder.pop();
      continue;
    }
    folder.push(part);
    const entry = tree.get(folder.join("/"))?.inode.entry;
    if (entry?.type !== "symlink" || ++followed > MAX_LINKS) continue;
    if (entry.linkname.startsWith("/")) folder.length = 0;
    else folder.pop();
    above.push(...entry.linkname.split("/").reverse());
  }
  return [...folder, name].join("/");
}

function whiteoutOf(path: string): string {
  const slash = path.lastIndexOf("/") + 1;
  return `${path.slice(0, slash)}.wh.${path.slice(slash)}`;
}
