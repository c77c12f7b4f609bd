import type { EarlyReader } from "../bytes/growing-content.ts";
import { giveBack } from "../bytes/loan.ts";
import { tapped } from "../bytes/progress.ts";
import { type SpooledContent, spoolContent } from "../bytes/spooled-content.ts";
import { type ByteStream, chunksOf, streamFrom } from "../bytes/stream.ts";
import { gzip } from "../compression/gzip.ts";
import type { Host } from "../host.ts";
import { RewriteRefused } from "../kernel/failure.ts";
import type { Emit, PulledCodec, RewriteOptions } from "../kernel/kernels.ts";
import { type Digest, digestAlgorithm, formatDigest } from "../oci/digest.ts";
import type { Layer } from "./image.ts";

/** Begins a rewrite that reads, changes and writes in one pass. */
export type OnePass = (pass: Pick<RewriteOptions, "input" | "output" | "before" | "after">) => PulledCodec;

/** A rewritten layer in the spool. */
export interface RewrittenContent {
  readonly content: SpooledContent;
  /** Of its tar. */
  readonly diffId: Digest;
}

/**
 * Rewrites a layer in one pass into the spool. Gives undefined, and leaves
 * nothing behind, where it has to be done step by step: the pass refuses the
 * layer, or the layer is not that of its diff_id, which reading it step by step
 * then says. `onTar` is shown the rewritten tar; `early` reads the result behind
 * its writer, once it is seen to be another than what came.
 * Fails as reading the layer's bytes does.
 */
export async function rewriteInOnePass(
  source: Layer,
  begin: OnePass,
  output: "none" | "gzip",
  host: Host,
  { onTar, early }: { readonly onTar: Emit; readonly early?: EarlyReader | undefined },
): Promise<RewrittenContent | undefined> {
  const { kernels } = host;
  // Workers compress what the pass leaves as a tar: that is most of the time.
  const pool = output === "gzip" ? host.pool : undefined;
  if (source.isStored) pool?.expect((await source.blob()).size);
  const expected = await source.diffId();
  const packed = await source.packed?.();
  const algorithm = digestAlgorithm(expected);
  // What `stream()` gives is checked already.
  const before = packed && kernels.hasher(algorithm);
  const after = output === "gzip" ? kernels.hasher("sha256") : undefined;
  const [old, rewritten] = [new Beginning(), new Beginning()];
  const rewriter = begin({
    input: packed ? "gzip" : "none",
    output: pool ? "none" : output,
    before(view) {
      before?.update(view);
      old.add(view);
    },
    after(view) {
      after?.update(view);
      rewritten.add(view);
      onTar(view);
    },
  });
  try {
    const stream = rewrittenBy(rewriter, packed ?? tapped(await source.stream(), (chunk) => old.add(chunk)));
    const encoded = pool ? gzip(stream, kernels, { pool }) : stream;
    const content = await spoolContent(
      host.spool,
      kernels,
      encoded,
      early && { ...early, begin: (growing) => void (rewritten.equals(old) || early.begin(growing)) },
    );
    if (before && formatDigest(algorithm, before.digest()) !== expected) {
      await content.dispose();
      return undefined;
    }
    return { content, diffId: after ? formatDigest("sha256", after.digest()) : content.digest };
  } catch (error) {
    if (error instanceof RewriteRefused) return undefined;
    throw error;
  } finally {
    rewriter.release();
    before?.release();
    after?.release();
  }
}

/** How much of a tar is compared, in bytes: the first headers tell whether times change, for most layers. */
const BEGINNING = 64 * 1024;

/** The first bytes of a tar. */
class Beginning {
  readonly #bytes = new Uint8Array(BEGINNING);
  #filled = 0;

  add(view: Uint8Array): void {
    if (this.#filled === BEGINNING) return;
    const part = view.subarray(0, BEGINNING - this.#filled);
    this.#bytes.set(part, this.#filled);
    this.#filled += part.length;
  }

  /** As far as both are known. */
  equals(other: Beginning): boolean {
    const known = Math.min(this.#filled, other.#filled);
    return this.#bytes.subarray(0, known).every((byte, at) => byte === other.#bytes[at]);
  }
}

/**
 * The rewriter's output. Unlike other streams', its chunks are views that the
 * next read makes invalid: whoever is given it must be done with one before
 * asking for more, as the spool and gzip are.
 */
function rewrittenBy(rewriter: PulledCodec, stream: ByteStream): ByteStream {
  return streamFrom(
    (async function* () {
      for await (const chunk of chunksOf(stream)) {
        yield* rewriter.write(chunk);
        giveBack(chunk);
      }
      yield* rewriter.end();
    })(),
    (reason) => stream.cancel(reason),
  );
}
