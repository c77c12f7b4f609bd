import { reachable } from "../layout/image-archive.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Bundle } from "./bundle.ts";
import type { BundleArtifact, BundleFile } from "./config.ts";

/** What a bundle says of itself, read from its head alone; nothing of it is verified yet. */
export interface BundleInfo {
  readonly schema: 1;
  readonly name: string;
  readonly version?: string | undefined;
  readonly description?: string | undefined;
  readonly category?: string | undefined;
  /** The bundle's identity: the digest that is signed. */
  readonly root: Descriptor;
  readonly entrypoint?: BundleFile | undefined;
  readonly variables: Readonly<Record<string, string>>;
  readonly artifacts: readonly ArtifactInfo[];
  /** Signatures and other documents about the root, sealed into the file. */
  readonly referrers: readonly Descriptor[];
  /** Blobs and documents, each once. */
  readonly blobs: number;
  /** Bytes of them all. */
  readonly size: number;
}

export type ArtifactInfo = BundleArtifact & {
  /** Bytes of everything this artifact needs, manifests included. */
  readonly contentSize: number;
};

export function bundleInfo(bundle: Bundle): BundleInfo {
  const { config, plan } = bundle;
  const blobs = plan.entries.filter(({ descriptor }) => descriptor);
  return {
    schema: 1,
    name: config.name,
    version: config.version,
    description: config.description,
    category: config.category,
    root: plan.root,
    entrypoint: config.entrypoint,
    variables: config.variables,
    artifacts: config.artifacts.map((artifact) => ({
      ...artifact,
      contentSize: contentSize(bundle, artifact),
    })),
    referrers: plan.referrers,
    blobs: blobs.length,
    size: blobs.reduce((sum, { size }) => sum + size, 0),
  };
}

function contentSize({ plan }: Bundle, artifact: BundleArtifact): number {
  return reachable(artifact, plan.documents).reduce((sum, { size }) => sum + size, 0);
}
