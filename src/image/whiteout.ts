import { SealiftError } from "../error.ts";

/** What a layer takes away from those below it (image-spec, layer.md "Whiteouts"). */
export interface Whiteout {
  /** `.wh.NAME` takes NAME away, `.wh..wh..opq` what is in its folder; aufs' own records mean nothing. */
  readonly kind: "file" | "opaque" | "aufs";
  /** What is taken away, or the folder that is emptied; "" is the root. */
  readonly path: string;
}

const PREFIX = ".wh.";
const OPAQUE = ".wh..wh..opq";
/** aufs keeps its books in `.wh..wh.plnk`, `.wh..wh.orph` and `.wh..wh.aufs`, which old layers have. */
const AUFS = ".wh..wh.";

/** The whiteout that an entry of a layer is by its path; undefined for all others. Throws UNSAFE_PATH. */
export function parseWhiteout(path: string): Whiteout | undefined {
  const slash = path.lastIndexOf("/");
  const name = path.slice(slash + 1);
  if (!name.startsWith(PREFIX)) return undefined;
  const folder = path.slice(0, Math.max(slash, 0));
  if (name === OPAQUE) return { kind: "opaque", path: folder };
  if (name.startsWith(AUFS)) return { kind: "aufs", path: folder };
  const target = name.slice(PREFIX.length);
  // `.wh...` would take the folder's parent away, and with it what no whiteout may reach.
  if (["", ".", ".."].includes(target)) {
    throw new SealiftError(
      "UNSAFE_PATH",
      `Cannot apply whiteout ${JSON.stringify(path)}: it names no file of its folder`,
    );
  }
  return { kind: "file", path: folder === "" ? target : `${folder}/${target}` };
}
