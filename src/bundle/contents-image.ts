import type { ByteStream } from "../bytes/stream.ts";
import type { Host } from "../host.ts";
import type { ImageConfig } from "../oci/config.ts";
import type { Digest } from "../oci/digest.ts";
import { formatPlatform } from "../oci/platform.ts";
import type { ContentsNode, ContentsRegister } from "./contents.ts";
import { listTar } from "./contents-tar.ts";

/** A layer of an image in a file, wherever its bytes are. */
export interface LayerParts {
  readonly digest: Digest;
  /** Bytes in the file. */
  readonly size: number;
  /** The uncompressed tar; the stream checks itself. */
  open(): Promise<ByteStream>;
}

/** The layers of an image, lowest first, each with the command that made it. */
export function layerNodes(
  key: string,
  config: ImageConfig,
  layers: readonly LayerParts[],
  register: ContentsRegister,
  host: Host,
): readonly ContentsNode[] {
  const commands = commandsOf(config);
  return layers.map(({ digest, size, open }, index) => {
    const layer = { key: `${key}/layer-${index}`, open };
    register.listable(layer.key, () => listTar(layer, register, host));
    const name = `Layer ${index + 1}`;
    return { key: layer.key, kind: "layer", name, size, digest, detail: commands[index], listable: true };
  });
}

/** What an image runs on, as its config says. */
export function platformOf(config: ImageConfig): string {
  return formatPlatform(config);
}

/** History has entries for steps that made no layer; those are left out. */
function commandsOf({ history }: ImageConfig): readonly (string | undefined)[] {
  return (history ?? [])
    .filter(({ empty_layer }) => !empty_layer)
    .map(({ created_by }) => created_by?.replace(/^\/bin\/sh -c (#\(nop\) +)?/, ""));
}
