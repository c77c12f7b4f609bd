import { contentOf } from "../bytes/content.ts";
import type { FilesWriter } from "../bytes/files.ts";
import type { Host } from "../host.ts";
import type { Image } from "../image/image.ts";
import { imageUser } from "../image/image-user.ts";
import { unpackLayers } from "../image/unpack.ts";
import { type RuntimeOptions, runtimeConfig } from "../oci/runtime-config.ts";
import { requireStartable } from "../oci/startable.ts";
import { noted } from "./layer-note.ts";
import { newRootFs } from "./root-fs.ts";
import { singleImageSink } from "./single-image-sink.ts";
import type { Sink, SinkResult } from "./sink.ts";

/** The image's own config: no part of the runtime-spec, so it tells a bundle of ours. */
export const IMAGE_CONFIG_FILE = "container-config.json";

/** Writes a bundle of the runtime-spec, for runc and its like: `rootfs`, `config.json`, and the image's own config. */
export function runtimeBundleSink(
  writer: FilesWriter,
  name: string,
  host: Host,
  options: RuntimeOptions = {},
): Sink {
  const put = (file: string, bytes: Uint8Array) => writer.write(file, contentOf(host.kernels, bytes));
  const write = async (image: Image): Promise<SinkResult> => {
    const { value, bytes } = await image.config();
    requireStartable(value);
    const { tree, layers } = await unpackLayers(image.layers, await newRootFs(writer, "rootfs"), host);
    const user = await imageUser(value.config?.User ?? "", tree, image.layers);
    const config = JSON.stringify(runtimeConfig(value, user, options), undefined, 2);
    await put("config.json", new TextEncoder().encode(`${config}\n`));
    await put(IMAGE_CONFIG_FILE, bytes);
    for (const layer of image.layers) await layer.release();
    await writer.commit();
    return { name, layers: layers.map((layer) => noted({ ...layer, outcome: "unpacked" }, host)) };
  };
  return singleImageSink(name, write, () => writer.abort());
}
