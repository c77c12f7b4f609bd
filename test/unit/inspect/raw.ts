/** Images in a layout in memory, whole or with something wrong in them. */
import { gzipSync } from "node:zlib";
import { contentOf } from "../../../src/bytes/content.ts";
import type { Descriptor, Platform } from "../../../src/oci/descriptor.ts";
import { encodeJson } from "../../../src/oci/json.ts";
import { MEDIA_TYPE } from "../../../src/oci/media-type.ts";
import { type RawImage, rawFilesImage } from "../../../src/source/raw-image.ts";
import { type MemoryHost, memoryHost } from "../../memory-host.ts";
import { filesOf } from "../layout/memory-files.ts";

/** Any JSON document. */
export type Json = Record<string, unknown>;

export interface ImageOptions {
  readonly config?: Json;
  readonly manifest?: Json;
  readonly layerType?: string;
  /** What becomes of each tar; gzip without it. */
  readonly pack?: (tar: Uint8Array) => Uint8Array;
  readonly platform?: Platform;
}

export const HOST: MemoryHost = await memoryHost();

/** A layout that is being made. */
export class TestLayout {
  readonly files = new Map<string, Uint8Array>();
  readonly #listed: Descriptor[] = [];

  add(bytes: Uint8Array, mediaType: string): Descriptor {
    const { digest, size } = contentOf(HOST.kernels, bytes);
    this.files.set(pathOf(digest), bytes);
    return { mediaType, digest, size };
  }

  /** Adds an image; `config` and `manifest` replace fields. */
  image(tars: readonly Uint8Array[], options: ImageOptions = {}): Descriptor {
    const { pack = (tar: Uint8Array) => gzipSync(tar), layerType = MEDIA_TYPE.ociLayerGzip } = options;
    const diff_ids = tars.map((tar) => contentOf(HOST.kernels, tar).digest);
    const platform = options.platform ?? { os: "linux", architecture: "amd64" };
    const history = tars.map((_, at) => ({ created_by: `step ${at}` }));
    const config = this.add(
      encodeJson({ ...platform, rootfs: { type: "layers", diff_ids }, history, ...options.config }),
      MEDIA_TYPE.ociConfig,
    );
    const layers = tars.map((tar) => this.add(pack(tar), layerType));
    const manifest = { schemaVersion: 2, mediaType: MEDIA_TYPE.ociManifest, config, layers };
    return this.add(encodeJson({ ...manifest, ...options.manifest }), MEDIA_TYPE.ociManifest);
  }

  index(manifests: readonly Descriptor[], fields: Json = {}): Descriptor {
    const index = { schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests, ...fields };
    return this.add(encodeJson(index), MEDIA_TYPE.ociIndex);
  }

  /** Adds an entry of index.json. */
  list(...descriptors: readonly Descriptor[]): this {
    this.#listed.push(...descriptors);
    return this;
  }

  open(ref?: string): Promise<RawImage> {
    const named = this.#listed.map((descriptor, at) => ({
      ...descriptor,
      ...(at === 0 && { annotations: { "org.opencontainers.image.ref.name": "v1" } }),
    }));
    this.files.set("oci-layout", encodeJson({ imageLayoutVersion: "1.0.0" }));
    this.files.set("index.json", encodeJson({ schemaVersion: 2, manifests: named }));
    return rawFilesImage(filesOf(Object.fromEntries(this.files)), ref ?? "v1", HOST, "layout");
  }
}

export function pathOf(digest: string): string {
  return `blobs/${digest.replace(":", "/")}`;
}
