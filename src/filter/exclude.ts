import { counted } from "../error.ts";
import type { Host } from "../host.ts";
import { withLayers } from "../image/change.ts";
import type { Layer } from "../image/image.ts";
import { once } from "../image/once.ts";
import { type Rewrite, rewrittenLayer, sourceOf } from "../image/rewritten-layer.ts";
import { parseWhiteout } from "../image/whiteout.ts";
import { planRemoval, type RemovalPlan } from "../tar/removal-plan.ts";
import { removeMembers } from "../tar/remove-members.ts";
import { type Filter, filterKey } from "./filter.ts";
import { globMatch, type PathMatch } from "./glob.ts";

/**
 * Takes what the globs match out of every layer, folders with all that is in
 * them. A layer in which nothing matches keeps its bytes. What is gone is
 * reported for each layer. Throws USAGE on a bad glob.
 */
export function exclude(globs: readonly string[]): Filter {
  const matches = globs.map(globMatch);
  const key = filterKey("exclude", { pattern: globs });
  return {
    key,
    image: (image, host) =>
      withLayers(
        image,
        image.layers.map((layer) => rewrittenLayer(layer, { key, ...exclusion(layer, matches, host) }, host)),
        host,
      ),
  };
}

function exclusion(layer: Layer, matches: readonly PathMatch[], host: Host): Omit<Rewrite, "key"> {
  const { kernels } = host;
  const plan = once(async () => {
    const made = await planRemoval(await layer.stream(), excluded(matches), kernels);
    if (made.removed.size > 0 || made.renamed.size > 0) await report(layer, made, host);
    return made;
  });
  return {
    tar: (tar) => removeMembers(tar, plan, kernels),
    async changes() {
      const { removed, renamed } = await plan();
      return removed.size > 0 || renamed.size > 0;
    },
  };
}

/** A path goes if it matches or lies in a folder that does; a whiteout goes with what it hides. */
function excluded(matches: readonly PathMatch[]): PathMatch {
  // What is in one folder stands together in a tar.
  let folder = "";
  let folderGoes = false;
  const goes = (path: string): boolean => {
    if (path === "") return false;
    return matches.some((match) => match(path)) || parentGoes(path);
  };
  const parentGoes = (path: string): boolean => {
    const parent = path.slice(0, Math.max(0, path.lastIndexOf("/")));
    if (parent !== folder) {
      const parentIsGone = goes(parent);
      folder = parent;
      folderGoes = parentIsGone;
    }
    return folderGoes;
  };
  return (path) => goes(parseWhiteout(path)?.path ?? path);
}

async function report(layer: Layer, { removed, renamed, bytes }: RemovalPlan, host: Host): Promise<void> {
  const members = removed.size;
  const links = renamed.size;
  const promoted = links > 0 ? `, ${counted(links, "hard link")} became the file` : "";
  const digest = await sourceOf(layer).diffId();
  host.log({
    type: "info",
    message: `Excluded ${counted(members, "entry", "entries")}, ${bytes} bytes, from ${digest}${promoted}`,
    details: { event: "excluded", layer: digest, members, bytes, links },
  });
}
