/** Layers made byte by byte, for trees. */
import { contentOf } from "../../../src/bytes/content.ts";
import type { Host } from "../../../src/host.ts";
import type { Layer } from "../../../src/image/image.ts";
import { tarLayer } from "../../../src/image/tar-layer.ts";
import { archive, rawMember } from "../tar/raw.ts";

/** `name/` is a folder, `name -> target` a symlink, `name => target` a hard link, all else a file of its name. */
export function member(spec: string): Uint8Array {
  const [name = "", target = ""] = spec.split(/ [-=]> /);
  const linkname = target.trim();
  if (spec.includes(" -> ")) return rawMember({ name, type: "2", linkname, mode: "0000777\0" });
  if (spec.includes(" => ")) return rawMember({ name, type: "1", linkname });
  if (name.endsWith("/")) return rawMember({ name, type: "5", mode: "0000755\0" });
  return rawMember({ name }, name);
}

/** A layer of members, each as {@link member} takes it or as its bytes. */
export function layerOf(members: readonly (string | Uint8Array)[], host: Pick<Host, "kernels">): Layer {
  const tar = archive(...members.map((spec) => (typeof spec === "string" ? member(spec) : spec)));
  return tarLayer(contentOf(host.kernels, tar), host as Host);
}
