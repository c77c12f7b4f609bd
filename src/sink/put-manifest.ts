import { ahead } from "../bytes/ahead.ts";
import { type Content, contentOf } from "../bytes/content.ts";
import { sideBySide } from "../bytes/side-by-side.ts";
import type { Host } from "../host.ts";
import type { Destination } from "../image/destination.ts";
import type {
  AnyManifest,
  Attachments,
  Document,
  Image,
  Layer,
  LayerBlob,
  MultiPlatformImage,
} from "../image/image.ts";
import { documentOf, isImage, isMultiPlatform } from "../image/multi-platform-image.ts";
import type { Digest } from "../oci/digest.ts";
import { noted } from "./layer-note.ts";
import type { SinkLayer } from "./sink.ts";

/** Layers under way at once, where nobody says otherwise. */
export const DEFAULT_JOBS = 4;

/** A place for blobs and manifests: a repository, a layout. */
export interface ManifestTarget {
  blob(content: BlobContent): Promise<SinkLayer["outcome"]>;
  /** Stores a document by its digest, and under `tag` if one is given. All that it names is there. */
  manifest(document: Document<unknown>, tag?: string): Promise<void>;
  /** Whether a blob is there already; absent where nothing can be before. */
  has?(blob: Pick<Content, "digest" | "size">): Promise<boolean>;
  /** For one layer's blob; absent where none is taken before it is whole. */
  early?(): EarlyBlob;
  /** How many layers are put at once. An archive, which takes one after the other, has them made at once. */
  readonly jobs: number;
  readonly oneByOne: boolean;
  /** Hears of the first failure while other layers are under way. */
  stop?(error: unknown): void;
}

export type BlobContent = Content & Pick<LayerBlob, "origin">;

/** A blob that may be on its way while it is made. */
export interface EarlyBlob {
  readonly reader: NonNullable<Destination["early"]>;
  /** Puts what came out. */
  put(content: BlobContent): Promise<SinkLayer["outcome"]>;
  /** Takes back what was begun and not put. */
  abandon(): Promise<void>;
}

/** What was put. */
export interface Put {
  readonly document: Document<unknown>;
  readonly layers: readonly SinkLayer[];
  readonly attachments: readonly Digest[];
}

/**
 * Puts a manifest or an index with all that belongs to it, from the leaves up:
 * at no moment is a document there whose parts are not. `root` stores the
 * document itself, under the name that the place has for it.
 */
export async function putManifest(
  content: AnyManifest,
  target: ManifestTarget,
  host: Host,
  root: (document: Document<unknown>) => Promise<void>,
): Promise<Put> {
  const attached = content.attachments?.list();
  // What fails there is told when it is asked for.
  attached?.catch(() => {});
  const layers = await putParts(content, target, host);
  const document = await documentOf(content);
  await root(document);
  return { document, layers, attachments: await putAttachments(content, attached, document, target, host) };
}

/** Everything below a document, but not the document. */
async function putParts(content: AnyManifest, target: ManifestTarget, host: Host): Promise<SinkLayer[]> {
  if (isImage(content)) return putImage(content, target, host);
  if (isMultiPlatform(content)) return putMembers(content, target, host);
  for (const blob of content.blobs) await target.blob(blob);
  return [];
}

async function putImage(image: Image, target: ManifestTarget, host: Host): Promise<SinkLayer[]> {
  const put = async (blob: LayerBlob, to: Pick<EarlyBlob, "put">): Promise<SinkLayer> => {
    const { digest, size } = blob;
    return noted({ digest, size, outcome: await to.put(blob) }, host);
  };
  const whole = { put: (blob: BlobContent) => target.blob(blob) };
  const made: Promise<LayerBlob>[] = [];
  const makeAndPut = async (layer: Layer): Promise<SinkLayer> => {
    const early = target.early?.();
    const making = layer.blob(destinationOf(target, early));
    made.push(making);
    try {
      return await put(await making, early ?? whole);
    } finally {
      await early?.abandon();
    }
  };
  const config = async (): Promise<SinkLayer | undefined> => {
    await target.blob(contentOf(host.kernels, (await image.config()).bytes));
    return undefined;
  };
  // Asked before, it would have the layers made of which it tells, and in another form.
  const configOfMade = async () => {
    await Promise.all(made);
    return config();
  };
  const layers: SinkLayer[] = [];
  if (target.oneByOne) {
    const blobs = ahead(image.layers, target.jobs, (layer) => layer.blob(destinationOf(target)));
    for await (const blob of blobs) layers.push(await put(blob, whole));
    await config();
  } else {
    const puts = image.layers.map((layer) => () => makeAndPut(layer));
    // It waits for the layers only where something has to be made of them, and then not for their uploads.
    const isKnown = image.layers.every(({ isStored }) => isStored);
    const parts = isKnown ? [config, ...puts] : [...puts, configOfMade];
    for (const layer of await sideBySide(parts, target.jobs, (part) => part(), target.stop))
      if (layer) layers.push(layer);
  }
  await image.manifest();
  for (const layer of image.layers) await layer.release();
  return layers;
}

function destinationOf({ has }: ManifestTarget, early?: EarlyBlob): Destination | undefined {
  return has && { has, ...(early && { early: early.reader }) };
}

/** Images first: only then is it known which of the attestations beside them still hold. */
async function putMembers(
  image: MultiPlatformImage,
  target: ManifestTarget,
  host: Host,
): Promise<SinkLayer[]> {
  const layers: SinkLayer[] = [];
  const put = async (content: AnyManifest) => {
    const part = await putManifest(content, target, host, (document) => target.manifest(document));
    layers.push(...part.layers);
  };
  const isArtifact = (content: AnyManifest) => !isImage(content) && !isMultiPlatform(content);
  for (const { content } of image.members) if (!isArtifact(content)) await put(content);
  const listed = new Set((await image.index()).value.manifests.map(({ digest }) => digest));
  for (const { content, descriptor } of image.members) {
    if (isArtifact(content) && listed.has(descriptor.digest)) await put(content);
  }
  return layers;
}

/** What others say of a digest is said of no other: what was attached to an image that changed stays behind. */
async function putAttachments(
  { attachments }: AnyManifest,
  attached: ReturnType<Attachments["list"]> | undefined,
  document: Document<unknown>,
  target: ManifestTarget,
  host: Host,
): Promise<Digest[]> {
  if (!attachments || !attached) return [];
  const { subject } = attachments;
  const { digest } = document.descriptor;
  const found = await attached;
  if (subject !== digest) {
    if (found.length > 0) host.log({ type: "warning", message: leftBehind(found.length, subject, digest) });
    return [];
  }
  const put: Digest[] = [];
  for (const { content: attached, tag } of found) {
    const part = await putManifest(attached, target, host, (root) => target.manifest(root, tag));
    put.push(part.document.descriptor.digest, ...part.attachments);
  }
  return put;
}

function leftBehind(count: number, subject: Digest, digest: Digest): string {
  return `Left behind ${count} attached to ${subject} (signatures, SBOMs): it became ${digest} on its way`;
}
