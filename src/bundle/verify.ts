import type { Slices } from "../bytes/slices.ts";
import { collect } from "../bytes/stream.ts";
import { verified } from "../bytes/verified.ts";
import { reasonOf } from "../error.ts";
import type { Host } from "../host.ts";
import { readDocument } from "../image/stored-blob.ts";
import { type BundlePlan, planBundle } from "../layout/bundle-plan.ts";
import { blobPath } from "../layout/oci-layout.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { parseManifest } from "../oci/manifest.ts";
import type { PublicKey } from "../trust/public-key.ts";
import { signatureLayer } from "../trust/signature-referrer.ts";
import type { Verdict } from "../trust/verdict.ts";
import type { FoundSignature } from "../trust/verify-signature.ts";
import { type Bundle, readConfig } from "./bundle.ts";
import type { BundleConfig } from "./config.ts";
import { type Examination, examined } from "./examination.ts";
import {
  blobIn,
  type Located,
  locateEntries,
  parseTableOfContents,
  readEntry,
  type TableOfContents,
} from "./locate.ts";
import { type Checks, RecordedChecks } from "./recorded-checks.ts";
import { verifyBytes } from "./verify-bytes.ts";

export interface VerifyOptions {
  /** Trusted keys. With any given, only a valid signature of one of them verifies. */
  readonly keys?: readonly PublicKey[];
}

/**
 * The verdict on a bundle file. Every byte is accounted for: the head is
 * derived again from the root and compared, blobs have their digests, header
 * and padding are the prescribed ones, signatures are those of the given keys.
 * No failed check ends the checking; what cannot be checked is said to be
 * skipped. Throws only where the file cannot be read at all.
 */
export async function verifyBundle(
  slices: Slices,
  host: Host,
  options: VerifyOptions = {},
): Promise<Verdict> {
  return (await examineBundle(slices, host)).verdict(options.keys ?? []);
}

/** All of {@link verifyBundle} that does not depend on keys: the file is read once, however many are tried. */
export async function examineBundle(slices: Slices, host: Host): Promise<Examination> {
  const verdict = new RecordedChecks();
  const located = await locateEntries(slices, host.kernels);
  if (located.problem) {
    const { offset, after, reason } = located.problem;
    verdict.fail("layout", `byte ${offset}, after ${after}`, reason);
  }
  const contents = await findRoot(slices, located, verdict);
  if (!contents) return examined(verdict);
  verdict.subject({ digest: contents.root.digest });
  const plan = await derivePlan(slices, located, contents, verdict, host);
  if (!plan) return examined(verdict);
  const bundle: Omit<Bundle, "config"> = {
    plan,
    open: async (descriptor) => blobIn(slices, located, descriptor),
  };
  const config = await checkDefinition(bundle, verdict, host);
  verdict.subject({ digest: plan.root.digest, name: nameOf(plan, config) });
  await verifyBytes(slices, plan, located, verdict, host.kernels, (done) => {
    host.log({
      type: "progress",
      id: plan.root.digest,
      stage: "verifying",
      done,
      total: slices.size,
      finished: done === slices.size,
    });
  });
  const signatures = await findSignatures(bundle, verdict, host);
  return examined(verdict, { subject: plan.root, signatures });
}

async function findRoot(
  slices: Slices,
  located: Located,
  verdict: Checks,
): Promise<TableOfContents | undefined> {
  try {
    return parseTableOfContents(await readEntry(slices, located, "index.json"));
  } catch (error) {
    verdict.fail("index", "index.json", reasonOf(error));
    return undefined;
  }
}

/** What the file must be. Undefined, with the reason among the checks, if a document it follows from is damaged. */
async function derivePlan(
  slices: Slices,
  located: Located,
  { root, referrers }: TableOfContents,
  verdict: Checks,
  host: Host,
): Promise<BundlePlan | undefined> {
  for (const descriptor of [root, ...referrers]) {
    const problem = namedWrongly(descriptor, located);
    if (problem) {
      verdict.fail("index", "index.json", problem);
      return undefined;
    }
  }
  let reading = root;
  const fetch = (descriptor: Descriptor) => {
    reading = descriptor;
    return readDocument(descriptor, async () => blobIn(slices, located, descriptor), host);
  };
  try {
    return await planBundle(root, referrers, fetch);
  } catch (error) {
    const isRoot = reading.digest === root.digest;
    if (!isRoot) verdict.pass("root", root.digest);
    verdict.fail(isRoot ? "root" : "manifest", reading.digest, withoutObject(reasonOf(error), reading));
    verdict.skip("blob", "everything else", "what it must be follows from the damaged document");
    return undefined;
  }
}

/** A check names its object already. */
function withoutObject(reason: string, { digest }: Descriptor): string {
  const opening = `Cannot read ${digest}: `;
  return reason.startsWith(opening) ? reason.slice(opening.length) : reason;
}

/** index.json is the one place that nothing else vouches for: what it names must be there, as large as it says. */
function namedWrongly({ digest, size }: Descriptor, located: Located): string | undefined {
  const entry = located.byName.get(blobPath(digest));
  if (!entry) return `it names ${digest}, which is not in the file`;
  return entry.size === size
    ? undefined
    : `it names ${digest} with ${size} bytes; there it has ${entry.size}`;
}

/** The lock is there, and says the same as the manifests. */
async function checkDefinition(
  bundle: Omit<Bundle, "config">,
  verdict: Checks,
  host: Host,
): Promise<BundleConfig | undefined> {
  try {
    const config = await readConfig(bundle.plan, bundle.open, host);
    const known = new Set<string>(
      bundle.plan.entries.flatMap(({ descriptor }) => (descriptor ? [descriptor.digest] : [])),
    );
    const named = config.artifacts.flatMap((artifact) => [
      artifact,
      ...(artifact.type === "files" ? artifact.files : []),
      ...(artifact.type === "tree" ? [artifact.tree] : []),
    ]);
    const missing = [...named, ...(config.entrypoint ? [config.entrypoint] : [])].find(
      ({ digest }) => !known.has(digest),
    );
    if (missing) verdict.fail("graph", missing.digest, "the lock names it, but the root does not lead to it");
    else verdict.pass("graph", bundle.plan.root.digest);
    return config;
  } catch (error) {
    verdict.fail("graph", bundle.plan.root.digest, reasonOf(error));
    return undefined;
  }
}

/** Signatures are about the root; nothing else in the file vouches for anything. */
async function findSignatures(
  bundle: Omit<Bundle, "config">,
  verdict: Checks,
  host: Host,
): Promise<readonly FoundSignature[]> {
  const { plan } = bundle;
  const signatures: FoundSignature[] = [];
  for (const descriptor of plan.referrers) {
    try {
      const manifest = parseManifest(plan.documents.get(descriptor.digest) as Uint8Array, descriptor.digest);
      if (manifest.subject?.digest !== plan.root.digest) {
        verdict.fail(
          "referrer",
          descriptor.digest,
          `it refers to ${manifest.subject?.digest ?? "nothing"}, not to the root`,
        );
        continue;
      }
      const layer = signatureLayer(manifest);
      if (layer) signatures.push({ descriptor, bundleBytes: await readSmall(layer, bundle, host) });
      else
        verdict.notCovered(`referrer ${descriptor.digest} (${descriptor.artifactType ?? "of unknown type"})`);
    } catch (error) {
      signatures.push({ descriptor, unreadable: reasonOf(error) });
    }
  }
  return signatures;
}

async function readSmall(
  layer: Descriptor,
  { open }: Omit<Bundle, "config">,
  host: Host,
): Promise<Uint8Array> {
  return collect(verified(await open(layer), layer, host.kernels), layer.size, layer.digest);
}

function nameOf(plan: BundlePlan, config: BundleConfig | undefined): string {
  if (!config) return plan.root.digest;
  return config.version ? `${config.name} ${config.version}` : config.name;
}
