import { collect, streamOf } from "../bytes/stream.ts";
import { verified } from "../bytes/verified.ts";
import { SealiftError } from "../error.ts";
import type { Host } from "../host.ts";
import type { OpenBlob } from "../image/stored-blob.ts";
import { readDocument } from "../image/stored-blob.ts";
import { type BundlePlan, planBundle } from "../layout/bundle-plan.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { parseManifest } from "../oci/manifest.ts";
import { BUNDLE_CONFIG_TYPE, type BundleConfig, DEFINITION_TYPE, parseBundleConfig } from "./config.ts";

/** A bundle, wherever its bytes are: just built, in a file, in a registry. */
export interface Bundle {
  readonly plan: BundlePlan;
  readonly config: BundleConfig;
  /** Any of its blobs, unchecked: readers check. */
  readonly open: OpenBlob;
}

/** Reads a bundle's documents and lock from its root and sealed referrers. Throws BUNDLE_INVALID. */
export async function openBundle(
  root: Descriptor,
  referrers: readonly Descriptor[],
  open: OpenBlob,
  host: Host,
): Promise<Bundle> {
  const plan = await planBundle(root, referrers, (descriptor) => readDocument(descriptor, open, host));
  return { plan, config: await readConfig(plan, open, host), open };
}

/** The same bundle with one more referrer sealed into it. Its identity, the root, stays. */
export function sealReferrer(
  bundle: Bundle,
  referrer: Descriptor,
  blobs: ReadonlyMap<string, Uint8Array>,
  host: Host,
): Promise<Bundle> {
  const referrers = bundle.plan.referrers.filter(({ digest }) => digest !== referrer.digest);
  const open: OpenBlob = async (descriptor) => {
    const bytes = blobs.get(descriptor.digest);
    return bytes ? streamOf(bytes) : bundle.open(descriptor);
  };
  return openBundle(bundle.plan.root, [...referrers, referrer], open, host);
}

/** The lock of a laid-out bundle. Throws BUNDLE_INVALID. */
export async function readConfig(plan: BundlePlan, open: OpenBlob, host: Host): Promise<BundleConfig> {
  const [definition] = plan.rootIndex.manifests;
  const document = definition && plan.documents.get(definition.digest);
  if (!document || definition.artifactType !== DEFINITION_TYPE) {
    throw new SealiftError(
      "BUNDLE_INVALID",
      `Cannot read bundle ${plan.root.digest}: its first entry is not a ${DEFINITION_TYPE}`,
    );
  }
  const { config } = parseManifest(document, "the bundle's definition");
  if (config.mediaType !== BUNDLE_CONFIG_TYPE) {
    throw new SealiftError(
      "BUNDLE_INVALID",
      `Cannot read bundle ${plan.root.digest}: its config is not a ${BUNDLE_CONFIG_TYPE}`,
    );
  }
  const checked = verified(await open(config), config, host.kernels, "the bundle's config");
  return parseBundleConfig(await collect(checked, config.size, "the bundle's config"));
}
