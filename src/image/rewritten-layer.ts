import type { EarlyReader } from "../bytes/growing-content.ts";
import { observed, tapped } from "../bytes/progress.ts";
import { type SpooledContent, spoolContent } from "../bytes/spooled-content.ts";
import type { ByteStream } from "../bytes/stream.ts";
import { gzip } from "../compression/gzip.ts";
import type { Host, LayerKey } from "../host.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { type Digest, formatDigest } from "../oci/digest.ts";
import { declaredCompression, withCompression } from "../oci/media-type.ts";
import type { Destination } from "./destination.ts";
import type { Layer, LayerBlob } from "./image.ts";
import { once } from "./once.ts";
import { type OnePass, type RewrittenContent, rewriteInOnePass } from "./one-pass.ts";
import { type Made, rememberedOrMade } from "./remembered.ts";
import { COMPRESSED_ONLY } from "./tar-layer.ts";

/** Changes a layer's uncompressed tar on its way. Must give the same bytes each time. */
export interface Rewrite {
  /** All that its bytes depend on besides the layer. */
  readonly key: string;
  readonly tar: (tar: ByteStream) => ByteStream;
  /** The same bytes sooner, unpacking and packing included; absent where nothing does. */
  readonly onePass?: OnePass | undefined;
  /** Whether it changes anything, where that is known with less work; a layer that stays is not made again. */
  readonly changes?: () => Promise<boolean>;
}

/** Counts changes in what rewriting makes of the same layer: what was kept of an earlier version is of no use then. */
export const REWRITE_VERSION = 3;

/** Where the old bytes have what, and how many they are uncompressed: wrong for the new ones (eStargz, zstd:chunked). */
const SEEK_TABLE =
  /^(containerd\.io\/snapshot\/stargz\/|io\.containers\.estargz\.|io\.(github\.)?containers\.zstd-chunked\.)/;

/** What each rewritten layer is made of. */
const rewrites = new WeakMap<Layer, { readonly source: Layer; readonly steps: readonly Rewrite[] }>();

interface MadeBlob {
  readonly diffId: Digest;
  readonly blob: LayerBlob;
  readonly dispose: () => Promise<void>;
}

/**
 * A layer whose tar is rewritten when it is asked for. Where the rewrite turns
 * out to change nothing, the blob is the source's own, byte for byte.
 */
export function rewrittenLayer(layer: Layer, change: Rewrite, host: Host): Layer {
  // One after another is one: what lies between is never made.
  const earlier = rewrites.get(layer);
  const source = earlier?.source ?? layer;
  const steps = [...(earlier?.steps ?? []), change];
  const rewrite = once(() => combined(steps));
  const compression = declaredCompression(source.mediaType) === "none" ? "none" : "gzip";
  const mediaType = withCompression(source.mediaType, compression);
  let madeBlob: Promise<MadeBlob> | undefined;
  let madeTar: Promise<SpooledContent> | undefined;

  async function makeBlob(to?: Destination): Promise<MadeBlob> {
    const key = await rewriteKey(source, steps);
    const made = await rememberedOrMade(key, to, host, makeOrKeep);
    if (made.diffId === key.input) {
      return { diffId: key.input, blob: await source.blob(), dispose: async () => {} };
    }
    const { digest, size, open } = made;
    const descriptor = describeMade(source, mediaType, made);
    return { diffId: made.diffId, blob: { digest, size, open, descriptor }, dispose: made.dispose };
  }

  /** Where nothing changes, the source's own blob: that is what is remembered, and asked for the next time. */
  async function makeOrKeep(early?: EarlyReader): Promise<Made> {
    const input = await source.diffId();
    if (await rewrite()) {
      const { content, diffId } = await make(compression, early);
      if (diffId !== input) return { ...content, diffId };
      await content.dispose();
    }
    const { digest, size, open } = await source.blob();
    return { diffId: input, digest, size, open, dispose: async () => {} };
  }

  async function makeTar(): Promise<SpooledContent> {
    if (!(await rewrite())) return { ...(await source.tar()), dispose: async () => {} };
    return (await make("none")).content;
  }

  async function make(form: "none" | "gzip", early?: EarlyReader): Promise<RewrittenContent> {
    return (await makeInOnePass(form, early)) ?? (await makeStepByStep(form, early));
  }

  async function makeInOnePass(
    form: "none" | "gzip",
    early?: EarlyReader,
  ): Promise<RewrittenContent | undefined> {
    const onePass = (await rewrite())?.onePass;
    if (!onePass || isTarMade(form)) return undefined;
    const report = progress(await source.diffId());
    let done = 0;
    const onTar = (view: Uint8Array) => {
      done += view.length;
      report(done, false);
    };
    const made = await rewriteInOnePass(source, onePass, form, host, { onTar, early });
    if (made) report(done, true);
    return made;
  }

  async function makeStepByStep(form: "none" | "gzip", early?: EarlyReader): Promise<RewrittenContent> {
    const tar = isTarMade(form) ? await (await makeTarOnce()).open() : await rewrittenStream();
    // Where it may change nothing after all, the source's own blob is wanted.
    const reader = (await rewrite())?.changes && early;
    if (form === "none") {
      const content = await spoolContent(host.spool, host.kernels, tar, reader);
      return { content, diffId: content.digest };
    }
    const hasher = host.kernels.hasher("sha256");
    const packed = gzip(
      tapped(tar, (chunk) => hasher.update(chunk)),
      host.kernels,
      { pool: host.pool },
    );
    const content = await spoolContent(host.spool, host.kernels, packed, reader);
    return { content, diffId: formatDigest("sha256", hasher.digest()) };
  }

  async function rewrittenStream(): Promise<ByteStream> {
    const needed = await rewrite();
    if (!needed) return source.stream();
    const report = progress(await source.diffId());
    return observed(needed.tar(await source.stream()), report);
  }

  const progress = (id: Digest) => (done: number, finished: boolean) =>
    host.log({ type: "progress", id, stage: "rewriting", done, finished });
  const blob = (to?: Destination) => (madeBlob ??= makeBlob(to));
  const makeTarOnce = () => (madeTar ??= makeTar());
  /** Then the blob is only to be packed. */
  const isTarMade = (form: "none" | "gzip") => form === "gzip" && madeTar !== undefined;

  const rewritten: Layer = {
    mediaType,
    blob: async (to) => (await blob(to)).blob,
    tar: makeTarOnce,
    // The tar is the lesser work, where nobody has asked for the blob.
    diffId: async () => (madeBlob ? (await madeBlob).diffId : (await makeTarOnce()).digest),
    stream: async () => (madeTar ? (await madeTar).open() : rewrittenStream()),
    async release() {
      const held = [madeBlob, madeTar];
      madeBlob = madeTar = undefined;
      for (const made of held) await (await made?.catch(() => undefined))?.dispose();
      await source.release();
    },
  };
  rewrites.set(rewritten, { source, steps });
  return rewritten;
}

/** The layer that a rewritten one is made of, any other itself. Asking for its diff_id makes nothing. */
export function sourceOf(layer: Layer): Layer {
  return rewrites.get(layer)?.source ?? layer;
}

/**
 * What a layer is made of and by which work, as the layer cache knows it; makes
 * nothing. Undefined for a layer that is neither stored nor rewritten from one.
 */
export async function layerKey(layer: Layer): Promise<LayerKey | undefined> {
  const rewritten = rewrites.get(layer);
  if (rewritten) return rewritten.source.isStored && rewriteKey(rewritten.source, rewritten.steps);
  return layer.isStored && { input: await layer.diffId(), work: "" };
}

async function rewriteKey(source: Layer, steps: readonly Rewrite[]): Promise<LayerKey> {
  const packing = declaredCompression(source.mediaType) === "none" ? "none" : COMPRESSED_ONLY;
  const keys = steps.map(({ key }) => key).join(" ");
  return { input: await source.diffId(), work: `${keys} rewrite-${REWRITE_VERSION} ${packing}` };
}

/** The steps that change something as one; undefined where none does. */
async function combined(steps: readonly Rewrite[]): Promise<Rewrite | undefined> {
  const needed: Rewrite[] = [];
  for (const step of steps) if ((await step.changes?.()) ?? true) needed.push(step);
  if (needed.length < 2) return needed[0];
  const key = needed.map(({ key }) => key).join(" ");
  const changes = needed.find((step) => step.changes)?.changes;
  const tar = (source: ByteStream) => needed.reduce((changed, step) => step.tar(changed), source);
  return { key, tar, ...(changes && { changes }) };
}

/** The descriptor of a blob that was made of a layer's: its annotations, but for what they say of the old bytes. */
export function describeMade(
  from: Layer,
  mediaType: string,
  made: Pick<SpooledContent, "digest" | "size">,
): Descriptor {
  const annotations = Object.entries(from.annotations ?? {}).filter(([key]) => !SEEK_TABLE.test(key));
  return {
    mediaType,
    digest: made.digest,
    size: made.size,
    ...(annotations.length > 0 && { annotations: Object.fromEntries(annotations) }),
  };
}
