import { verifiedContent } from "../bytes/content.ts";
import { observed } from "../bytes/progress.ts";
import type { Host } from "../host.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { childrenOf, isDocument } from "../oci/graph.ts";
import type { Repository } from "../registry/repository.ts";
import type { Bundle } from "./bundle.ts";

export interface PushResult {
  readonly root: Descriptor;
  /** Blobs sent, and blobs the registry had. */
  readonly uploaded: number;
  readonly existing: number;
}

/**
 * Puts a bundle into a repository under a tag: blobs, then manifests from the
 * leaves up, then the root with the tag, then the referrers. At no moment does
 * the registry hold a manifest whose parts are missing.
 */
export async function pushBundle(
  bundle: Bundle,
  repository: Repository,
  target: string,
  host: Host,
): Promise<PushResult> {
  let uploaded = 0;
  let existing = 0;
  for (const { descriptor } of bundle.plan.entries) {
    if (!descriptor || isDocument(descriptor)) continue;
    const outcome = await pushBlob(bundle, descriptor, repository, host);
    if (outcome === "exists") existing += 1;
    else uploaded += 1;
  }
  const pushed = new Set<Digest>();
  await pushDocument(bundle, bundle.plan.root, repository, target, pushed);
  for (const referrer of bundle.plan.referrers) {
    await pushDocument(bundle, referrer, repository, referrer.digest, pushed);
  }
  return { root: bundle.plan.root, uploaded, existing };
}

function pushBlob(bundle: Bundle, descriptor: Descriptor, repository: Repository, host: Host) {
  const { digest: id, size: total } = descriptor;
  const content = verifiedContent(host.kernels, descriptor, async () =>
    observed(await bundle.open(descriptor), (done, finished) =>
      host.log({ type: "progress", id, stage: "pushing", done, total, finished }),
    ),
  );
  return repository.pushBlob(content);
}

async function pushDocument(
  bundle: Bundle,
  descriptor: Descriptor,
  repository: Repository,
  target: string,
  pushed: Set<Digest>,
): Promise<void> {
  if (pushed.has(descriptor.digest)) return;
  pushed.add(descriptor.digest);
  const document = bundle.plan.documents.get(descriptor.digest) as Uint8Array;
  for (const child of childrenOf(descriptor, document).filter(isDocument)) {
    await pushDocument(bundle, child, repository, child.digest, pushed);
  }
  await repository.pushManifest(target, document, descriptor.mediaType);
}
