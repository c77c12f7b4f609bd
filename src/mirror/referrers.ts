import type { Digest } from "../oci/digest.ts";
import type { ImageIndex } from "../oci/image-index.ts";
import { MEDIA_TYPE } from "../oci/media-type.ts";
import type { Store } from "../store/store.ts";

export interface MirrorReferrers {
  /**
   * The manifests whose subject is `subject`, as an image index; empty if there
   * are none, whether or not repository and subject exist (distribution-spec,
   * "Listing Referrers"). With `artifactType` only those of that type.
   */
  list(repository: string, subject: Digest, artifactType?: string): Promise<ImageIndex>;
}

export function mirrorReferrers(store: Store): MirrorReferrers {
  return {
    async list(repository, subject, artifactType) {
      const all = await store.manifests.referrers(repository, subject);
      const manifests =
        artifactType === undefined ? all : all.filter((referrer) => referrer.artifactType === artifactType);
      return { schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests };
    },
  };
}
