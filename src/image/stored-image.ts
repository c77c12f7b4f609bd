import { type ByteStream, collect } from "../bytes/stream.ts";
import { verified } from "../bytes/verified.ts";
import { SealiftError } from "../error.ts";
import type { Host } from "../host.ts";
import { type ImageConfig, parseImageConfig } from "../oci/config.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { MAX_DOCUMENT_SIZE } from "../oci/json.ts";
import { type Manifest, parseManifest } from "../oci/manifest.ts";
import type { Document, Image } from "./image.ts";
import { once } from "./once.ts";
import { storedLayer } from "./stored-layer.ts";

/** Gives a descriptor's bytes; they are checked by the reader. */
export type OpenBlob = (descriptor: Descriptor) => Promise<ByteStream>;

/** What an image is called where it is stored. */
export type ImageNames = Pick<Image, "name" | "ref">;

/** The image of a manifest that is stored somewhere. Reads only the manifest; config and layers on demand. */
export async function storedImage(
  descriptor: Descriptor,
  open: OpenBlob,
  host: Host,
  names: ImageNames = {},
): Promise<Image> {
  const bytes = await readDocument(descriptor, open, host);
  const manifest: Document<Manifest> = { descriptor, bytes, value: parseManifest(bytes, descriptor.digest) };
  const config = once(() => readConfig(manifest.value, open, host));
  const layers = manifest.value.layers.map((layer, index) =>
    storedLayer(
      {
        descriptor: layer,
        open: () => open(layer),
        diffId: async () => (await config()).value.rootfs.diff_ids[index] as Digest,
      },
      host,
    ),
  );
  return { ...names, layers, config, manifest: async () => manifest };
}

/** A document's bytes, whole and checked. Throws LIMIT_EXCEEDED for one over the limit. */
export async function readDocument(descriptor: Descriptor, open: OpenBlob, host: Host): Promise<Uint8Array> {
  if (descriptor.size > MAX_DOCUMENT_SIZE) {
    throw new SealiftError(
      "LIMIT_EXCEEDED",
      `Cannot read ${descriptor.digest}: ${descriptor.size} bytes is over the limit of ${MAX_DOCUMENT_SIZE} for a document`,
    );
  }
  return collect(
    verified(await open(descriptor), descriptor, host.kernels),
    descriptor.size,
    descriptor.digest,
  );
}

async function readConfig(manifest: Manifest, open: OpenBlob, host: Host): Promise<Document<ImageConfig>> {
  const bytes = await readDocument(manifest.config, open, host);
  const value = parseImageConfig(bytes, `config ${manifest.config.digest}`);
  const { diff_ids } = value.rootfs;
  if (diff_ids.length !== manifest.layers.length) {
    throw new SealiftError(
      "CONFIG_INVALID",
      `Cannot read config ${manifest.config.digest}: it has ${diff_ids.length} diff_ids for ${manifest.layers.length} layers`,
    );
  }
  return { descriptor: manifest.config, bytes, value };
}
