import { changedImage } from "../image/change.ts";
import type { ImageConfig } from "../oci/config.ts";
import type { Manifest } from "../oci/manifest.ts";
import { type Filter, filterKey } from "./filter.ts";

export interface Annotations {
  /** Of the manifest. */
  readonly annotations: Readonly<Record<string, string>>;
  /** Of the config, where they are called labels. */
  readonly labels: Readonly<Record<string, string>>;
}

/** Adds annotations to the manifest and labels to the config; what is there of the same name is replaced. */
export function annotate({ annotations, labels }: Annotations): Filter {
  const annotated = (manifest: Manifest): Manifest =>
    isEmpty(annotations)
      ? manifest
      : { ...manifest, annotations: { ...manifest.annotations, ...annotations } };
  const labelled = (config: ImageConfig): ImageConfig =>
    isEmpty(labels)
      ? config
      : { ...config, config: { ...config.config, Labels: { ...config.config?.Labels, ...labels } } };
  return {
    key: filterKey("annotate", { annotations: sorted(annotations), labels: sorted(labels) }),
    image: (image, host) => changedImage(image, { config: labelled, manifest: annotated }, host),
  };
}

function isEmpty(entries: Readonly<Record<string, string>>): boolean {
  return Object.keys(entries).length === 0;
}

function sorted(entries: Readonly<Record<string, string>>) {
  return Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1));
}
