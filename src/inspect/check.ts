import { collect } from "../bytes/stream.ts";
import { verified } from "../bytes/verified.ts";
import { isSealiftError, reasonOf } from "../error.ts";
import type { Host } from "../host.ts";
import { storedBlob } from "../image/stored-blob.ts";
import type { Descriptor, Platform } from "../oci/descriptor.ts";
import { MAX_DOCUMENT_SIZE } from "../oci/json.ts";
import { isIndexType, isNonDistributable } from "../oci/media-type.ts";
import { DEFAULT_PLATFORM, formatPlatform, selectPlatform } from "../oci/platform.ts";
import type { RawFile, RawGraph, RawImage, RawParts } from "../source/raw-image.ts";
import { checkConfig, checkLayerFacts, checkManifest } from "./check-documents.ts";
import { checkIndex, checkReferrers, readChecked } from "./check-graph.ts";
import { checkLayer, refuseAborted } from "./check-layer.ts";
import { checkLists } from "./check-lists.ts";
import { openTocCheck, type TocCheck } from "./check-toc.ts";
import { DuplicateFiles } from "./duplicate-files.ts";
import { type Finding, Findings } from "./findings.ts";
import { type ImageName, imageNameOf } from "./image-name.ts";
import { LayerLinks } from "./layer-links.ts";

export interface CheckOptions {
  /** Manifest and config only. */
  readonly fast?: boolean;
  readonly platform?: Platform | undefined;
  readonly allPlatforms?: boolean | undefined;
}

/** What was found. Keys as occystrap's `check` has them. */
export interface CheckReport extends ImageName {
  readonly mode: "fast" | "full";
  readonly errors: number;
  readonly warnings: number;
  readonly results: readonly Finding[];
}

/**
 * Checks an image: its index, manifest and config, what is attached, and but for
 * `fast` all its layers, each in one pass. What is wrong is a finding, and the
 * rest is checked all the same. Throws PLATFORM_NOT_FOUND, ABORTED.
 */
export async function checkImage(raw: RawImage, options: CheckOptions, host: Host): Promise<CheckReport> {
  const findings = new Findings();
  if (raw.kind === "parts") await checkParts(raw, options, findings, host);
  else await checkGraph(raw, options, findings, host);
  const count = (severity: string) => findings.list.filter((finding) => finding.severity === severity).length;
  return {
    ...imageNameOf(raw),
    mode: options.fast ? "fast" : "full",
    errors: count("error"),
    warnings: count("warning"),
    results: findings.list,
  };
}

async function checkGraph(
  raw: RawGraph,
  options: CheckOptions,
  findings: Findings,
  host: Host,
): Promise<void> {
  const { root } = raw;
  await checkLists(raw, !options.fast, findings);
  const bytes = await readChecked(root, "metadata", findings, raw, host);
  const images: Descriptor[] = [];
  if (bytes && isIndexType(root.mediaType)) {
    const index = await checkIndex(raw, bytes, findings, host, !options.fast);
    images.push(...chosen(index.images, options, root));
  } else if (bytes) images.push(root);
  for (const image of images) {
    const platform = options.allPlatforms && image.platform && formatPlatform(image.platform);
    await checkManifestImage(raw, image, options, findings.within(platform ? { platform } : {}), host);
  }
  if (options.fast) return;
  await checkReferrers(
    raw,
    [root, ...images].map(({ digest }) => digest),
    findings,
    host,
  );
}

function chosen(
  images: readonly Descriptor[],
  { platform, allPlatforms }: CheckOptions,
  root: Descriptor,
): readonly Descriptor[] {
  if (allPlatforms || images.length === 0) return images;
  return [selectPlatform(images, platform ?? DEFAULT_PLATFORM, root.digest)];
}

async function checkManifestImage(
  raw: RawGraph,
  descriptor: Descriptor,
  options: CheckOptions,
  findings: Findings,
  host: Host,
): Promise<void> {
  const bytes = await readChecked(descriptor, "metadata", findings, raw, host);
  const manifest = bytes && checkManifest(bytes, descriptor.mediaType, findings);
  if (!manifest) return;
  const file = (blob: Descriptor): RawFile => ({
    name: blob.digest,
    mediaType: blob.mediaType,
    digest: blob.digest,
    size: blob.size,
    open: () => raw.storage.open(blob),
  });
  const config = manifest.config && (await readConfig(file(manifest.config), options, findings, host));
  const layers = manifest.layers.map((layer) => layer && file(layer));
  await checkContents({ config, layers, tocOf }, options, findings, host);

  async function tocOf(layer: number, about: Findings): Promise<TocCheck | undefined> {
    const blob = manifest?.layers[layer];
    return blob && openTocCheck(storedBlob(blob, raw.storage, host), about, host);
  }
}

async function checkParts(
  raw: RawParts,
  options: CheckOptions,
  findings: Findings,
  host: Host,
): Promise<void> {
  const config = await readConfig(raw.config, options, findings, host);
  if (!config) findings.add("warning", "metadata", "there is neither a manifest nor a config to check");
  await checkContents({ config, layers: raw.layers }, options, findings, host);
}

/** The config's bytes if they are what they should be. */
async function readConfig(
  { name, digest, size, open }: RawFile,
  { fast }: CheckOptions,
  findings: Findings,
  { kernels }: Host,
): Promise<Uint8Array | undefined> {
  try {
    const stream = await open();
    const expected = digest && { digest, ...(size !== undefined && { size }) };
    const checked = expected ? verified(stream, expected, kernels, name) : stream;
    const bytes = await collect(checked, MAX_DOCUMENT_SIZE, name);
    if (!fast && digest) {
      findings.add("info", "config-digest", `the config is ${digest}`);
      findings.add("info", "config-size", `the config has ${bytes.length} bytes`);
    }
    return bytes;
  } catch (error) {
    refuseAborted(error);
    const check = isSealiftError(error, "SIZE_MISMATCH")
      ? "config-size"
      : isSealiftError(error, "DIGEST_MISMATCH")
        ? "config-digest"
        : "config";
    findings.add("error", check, reasonOf(error));
    return undefined;
  }
}

/** What of an image could be had. */
interface Contents {
  readonly config: Uint8Array | undefined;
  /** Lowest first; undefined where a descriptor is none. */
  readonly layers: readonly (RawFile | undefined)[];
  /** A layer's table of contents; absent where no manifest can vouch for one. */
  readonly tocOf?: (layer: number, findings: Findings) => Promise<TocCheck | undefined>;
}

async function checkContents(
  { config: bytes, layers, tocOf }: Contents,
  { fast }: CheckOptions,
  findings: Findings,
  host: Host,
): Promise<void> {
  const config = bytes && checkConfig(bytes, layers.length, findings);
  checkLayerFacts(
    layers.map((layer) => layer ?? {}),
    findings,
  );
  if (fast) return;
  const seen = { duplicates: new DuplicateFiles(), links: new LayerLinks() };
  for (const [layer, file] of layers.entries()) {
    seen.duplicates.nextLayer(layer);
    seen.links.nextLayer();
    const about = findings.within({ layer });
    if (!file) seen.links.missing();
    else if (file.mediaType && isNonDistributable(file.mediaType)) {
      about.add("info", "layer-read", "it is not distributed with the image, and is not read");
      seen.links.missing();
    } else {
      const toc = await tocOf?.(layer, about);
      await checkLayer(file, { diffId: config?.diffIds[layer], toc }, seen, about, host);
    }
  }
  seen.duplicates.report(findings);
}
