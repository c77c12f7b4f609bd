import { drain } from "../bytes/stream.ts";
import { SealiftError } from "../error.ts";
import type { Image, Layer } from "../image/image.ts";
import { imageName } from "../image/image-name.ts";
import { openTar } from "../image/open-tar.ts";
import { watchedImage } from "../image/watched-image.ts";
import type { ImageConfig } from "../oci/config.ts";
import { type Filter, filterKey } from "./filter.ts";

/** One layer of a record, named as Docker's history names it; its keys in the order they are written. */
interface LayerRecord {
  readonly Comment: string;
  /** Seconds since the epoch; 0 where the history does not say. */
  readonly Created: number;
  readonly CreatedBy: string;
  /** The diff_id. */
  readonly Id: string;
  /** Bytes, uncompressed. */
  readonly Size: number;
  readonly Tags: readonly string[] | null;
}

/**
 * Appends a line of JSON to a file of the host's for each image that passes: its
 * layers as they are at this place among the filters, newest first.
 * Fails with UNSUPPORTED where the host has no files that can be added to.
 */
export function inspect(file: string): Filter {
  return {
    key: filterKey("inspect", { file }),
    image(image, host) {
      const append = host.files?.append;
      if (!append) {
        throw new SealiftError("UNSUPPORTED", `Cannot write ${file}: this host has no files to add to`);
      }
      const sizes: number[] = [];
      const watch = {
        async layer(layer: Layer, index: number) {
          sizes[index] = await drain(await openTar(layer));
        },
        async end() {
          const { value } = await image.config();
          const line = `${JSON.stringify(recordOf(image, value, sizes))}\n`;
          await append(file, new TextEncoder().encode(line));
        },
      };
      return watchedImage(image, watch, host);
    },
  };
}

/** Keys sorted, as those who compare such files expect. */
function recordOf(image: Image, config: ImageConfig, sizes: readonly number[]) {
  const { image: repository, tag } = imageName(image);
  const name = `${repository}:${tag}`;
  // Steps that made no layer have none to be matched with.
  const history = (config.history ?? []).filter((entry) => !entry.empty_layer);
  const layers = config.rootfs.diff_ids.map((Id, index): LayerRecord => {
    const { comment = "", created, created_by = "" } = history[index] ?? {};
    const Tags = index === sizes.length - 1 ? [name] : null;
    return {
      Comment: comment,
      Created: seconds(created),
      CreatedBy: created_by,
      Id,
      Size: sizes[index] ?? 0,
      Tags,
    };
  });
  return { layers: layers.reverse(), name };
}

function seconds(created: string | undefined): number {
  const milliseconds = Date.parse(created ?? "");
  return Number.isNaN(milliseconds) ? 0 : Math.floor(milliseconds / 1000);
}
