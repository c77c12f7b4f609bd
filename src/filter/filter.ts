import type { Host } from "../host.ts";
import type { Image } from "../image/image.ts";

/** Changes an image: pure on the model, lazy on bytes. */
export type Filter = (image: Image, host: Host) => Image;
