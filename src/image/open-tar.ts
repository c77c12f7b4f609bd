import type { ByteStream } from "../bytes/stream.ts";
import type { Layer } from "./image.ts";

/** A layer's tar, to be read through. What has to be made for it waits in the spool, and is not made again. */
export async function openTar(layer: Layer): Promise<ByteStream> {
  return layer.isStored ? layer.stream() : (await layer.tar()).open();
}
