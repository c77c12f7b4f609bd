import { counted, isSealiftError, reasonOf } from "../error.ts";
import type { Host } from "../host.ts";
import { readDocument } from "../image/stored-blob.ts";
import type { Descriptor, Platform } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { isDocument } from "../oci/graph.ts";
import { isIndexType } from "../oci/media-type.ts";
import { formatPlatform, samePlatform } from "../oci/platform.ts";
import type { RawGraph } from "../source/raw-image.ts";
import { refuseAborted } from "./check-layer.ts";
import type { CheckId, Findings } from "./findings.ts";
import { looseArray, looseDescriptor, looseDocument, looseObject } from "./loose-document.ts";

/** An index inside an index is rare, a third level unheard of. */
const MAX_NESTING = 4;

/** A document's bytes; where they cannot be had, a finding. */
export async function readChecked(
  descriptor: Descriptor,
  unreadable: CheckId,
  findings: Findings,
  { storage }: Pick<RawGraph, "storage">,
  host: Host,
): Promise<Uint8Array | undefined> {
  try {
    return await readDocument(descriptor, storage.open, host);
  } catch (error) {
    refuseAborted(error);
    const isOther = isSealiftError(error, "DIGEST_MISMATCH", "SIZE_MISMATCH");
    findings.add("error", isOther ? "manifest-digest" : unreadable, reasonOf(error));
    return undefined;
  }
}

/** What an index is found to list. */
export interface CheckedIndex {
  /** Manifests that run somewhere and can be read, each once. */
  readonly images: readonly Descriptor[];
}

/** Checks an index: what it lists is there, once, and for the platforms it says. */
export async function checkIndex(
  raw: RawGraph,
  bytes: Uint8Array,
  findings: Findings,
  host: Host,
  deep: boolean,
  nesting = 0,
): Promise<CheckedIndex> {
  const listed = looseArray(looseDocument(bytes)?.manifests);
  if (!listed || looseDocument(bytes)?.schemaVersion !== 2) {
    findings.add("error", "index", "the index has no list of manifests, or its schemaVersion is not 2");
  }
  const images: Descriptor[] = [];
  const manifests = (listed ?? []).map(looseDescriptor);
  for (const [at, child] of manifests.entries()) {
    if (!child) findings.add("error", "index", `entry ${at} of the index is not a descriptor`);
  }
  const valid = manifests.filter((child) => child !== undefined);
  checkDuplicates(valid, findings);
  for (const child of distinct(valid, ({ digest, platform }) => JSON.stringify([digest, platform]))) {
    if (!deep || !isDocument(child)) {
      if (isRunnable(child)) images.push(child);
      continue;
    }
    const document = await readChecked(child, "index-child", findings, raw, host);
    if (!document) continue;
    if (isIndexType(child.mediaType)) {
      if (nesting < MAX_NESTING) {
        images.push(...(await checkIndex(raw, document, findings, host, deep, nesting + 1)).images);
      } else findings.add("error", "index", "its indexes are nested too deep");
    } else if (isRunnable(child)) {
      images.push(child);
      await checkPlatform(raw, child, document, findings, host);
    }
  }
  if (listed) findings.add("info", "index", `the index lists ${counted(listed.length, "manifest")}`);
  return { images: distinct(images, ({ digest }) => digest) };
}

/** The first of each that have one key. */
function distinct(manifests: readonly Descriptor[], key: (manifest: Descriptor) => string): Descriptor[] {
  const found = new Map<string, Descriptor>();
  for (const manifest of manifests) if (!found.has(key(manifest))) found.set(key(manifest), manifest);
  return [...found.values()];
}

/** What has no platform, or an unknown one, is an attestation or an artifact. */
function isRunnable({ platform }: Descriptor): boolean {
  return platform !== undefined && platform.os !== "unknown";
}

function checkDuplicates(manifests: readonly Descriptor[], findings: Findings): void {
  const digests = new Set<Digest>();
  const platforms = new Map<string, Digest>();
  for (const { digest, platform } of manifests) {
    if (digests.has(digest)) findings.add("warning", "index-duplicate", `${digest} is listed twice`);
    digests.add(digest);
    if (!platform || platform.os === "unknown") continue;
    const version = platform["os.version"];
    const name = `${formatPlatform(platform)}${version ? ` ${version}` : ""}`;
    const other = platforms.get(name);
    // Which of the two runs is up to the client.
    if (other !== undefined && other !== digest) {
      findings.add("error", "index-duplicate", `${name} is listed twice, as ${other} and ${digest}`);
    }
    platforms.set(name, digest);
  }
}

async function checkPlatform(
  raw: RawGraph,
  child: Descriptor,
  document: Uint8Array,
  findings: Findings,
  host: Host,
): Promise<void> {
  const descriptor = looseDescriptor(looseDocument(document)?.config);
  if (!descriptor) {
    findings.add("error", "index-child", `${child.digest} has no config`);
    return;
  }
  const bytes = await readChecked(descriptor, "index-child", findings, raw, host);
  const { os, architecture, variant } = (bytes && looseDocument(bytes)) ?? {};
  if (typeof os !== "string" || typeof architecture !== "string") return;
  const own: Platform = { os, architecture, ...(typeof variant === "string" && variant && { variant }) };
  const listed = child.platform as Platform;
  findings.judge(
    samePlatform(own, listed),
    "index-platform",
    `${formatPlatform(listed)} is for that platform by its config`,
    `${child.digest} is listed for ${formatPlatform(listed)}, its config says ${formatPlatform(own)}`,
  );
}

/** Checks what is attached to a manifest or index: that it can be read, and speaks of its subject. */
export async function checkReferrers(
  raw: RawGraph,
  subjects: readonly Digest[],
  findings: Findings,
  host: Host,
): Promise<void> {
  const list = raw.storage.attachments;
  if (!list) return;
  let count = 0;
  for (const subject of new Set(subjects)) {
    try {
      for (const { descriptor, tag } of await list(subject)) {
        count++;
        const bytes = await readChecked(descriptor, "referrers", findings, raw, host);
        if (bytes) checkSubject(bytes, descriptor, subject, tag, findings);
      }
    } catch (error) {
      refuseAborted(error);
      findings.add("error", "referrers", `what is attached cannot be listed: ${reasonOf(error)}`);
    }
  }
  findings.add("info", "referrers", `${counted(count, "manifest is", "manifests are")} attached`);
}

function checkSubject(
  bytes: Uint8Array,
  { digest }: Descriptor,
  subject: Digest,
  tag: string | undefined,
  findings: Findings,
): void {
  const document = looseDocument(bytes);
  if (!document) {
    findings.add("error", "referrers", `${digest} is not a JSON object`);
    return;
  }
  const own = looseObject(document.subject)?.digest;
  // By cosign's tags alone a manifest belongs to an image without saying so.
  if (own === subject || (tag !== undefined && own === undefined)) return;
  findings.add("error", "referrers", `${digest} is listed for ${subject}, its subject is ${own ?? "none"}`);
}
