import { counted, SealiftError } from "../error.ts";
import type { Host } from "../host.ts";
import { type ImageConfig, parseImageConfig } from "../oci/config.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { type Manifest, parseManifest } from "../oci/manifest.ts";
import type { Attached, Document, Image, Named } from "./image.ts";
import { once } from "./once.ts";
import { type BlobStorage, type OpenBlob, readDocument, storedBlob } from "./stored-blob.ts";
import { storedLayer } from "./stored-layer.ts";

/** The image of a manifest that is stored somewhere. Reads only the manifest; config and layers on demand. */
export async function readImage(
  descriptor: Descriptor,
  storage: BlobStorage,
  host: Host,
  known: Named & Attached = {},
): Promise<Image> {
  const bytes = await readDocument(descriptor, storage.open, host);
  const manifest = { descriptor, bytes, value: parseManifest(bytes, descriptor.digest) };
  return storedImage(manifest, storage, host, known);
}

/** The image of a manifest at hand. */
export function storedImage(
  manifest: Document<Manifest>,
  storage: BlobStorage,
  host: Host,
  known: Named & Attached = {},
): Image {
  const config = once(() => readConfig(manifest.value, storage.open, host));
  const layers = manifest.value.layers.map((layer, index) =>
    storedLayer(
      {
        blob: storedBlob(layer, storage, host),
        diffId: async () => (await config()).value.rootfs.diff_ids[index] as Digest,
      },
      host,
    ),
  );
  return { ...known, layers, config, manifest: async () => manifest };
}

async function readConfig(manifest: Manifest, open: OpenBlob, host: Host): Promise<Document<ImageConfig>> {
  const bytes = await readDocument(manifest.config, open, host);
  const value = parseImageConfig(bytes, `config ${manifest.config.digest}`);
  const { diff_ids } = value.rootfs;
  if (diff_ids.length !== manifest.layers.length) {
    throw new SealiftError(
      "CONFIG_INVALID",
      `Cannot read config ${manifest.config.digest}: it has ${counted(diff_ids.length, "diff_id")} for ${counted(manifest.layers.length, "layer")}`,
    );
  }
  return { descriptor: manifest.config, bytes, value };
}
