import type { Content } from "../bytes/content.ts";
import type { GrowingContent } from "../bytes/growing-content.ts";
import { observed } from "../bytes/progress.ts";
import { isSealiftError, reasonOf, SealiftError } from "../error.ts";
import type { Host } from "../host.ts";
import type { RegistryClient } from "./client.ts";
import { TransientError } from "./failure.ts";
import { UploadSession } from "./upload-session.ts";

/** Milliseconds that a registry may stand still once the blob is whole: the usual upload is there to be tried. */
const PATIENCE = 15_000;

/** A session in which so many bytes of a blob are already. */
export interface BegunUpload {
  readonly session: UploadSession;
  readonly received: number;
}

/**
 * The upload of a blob that is still being made, as docker pushes: one PATCH in
 * chunked transfer coding, without Content-Range, whose length nobody knows
 * before its end. Every registry that docker pushes to takes it. Where one does
 * not, where the connection breaks, or another blob comes out in the end, the
 * usual upload takes over: all that was sent is in the spool as well. Nothing
 * is there under any name before the closing PUT has stated the digest.
 */
export class EarlyUpload {
  readonly #client: RegistryClient;
  readonly #session: UploadSession;
  readonly #patience: number;
  readonly #stop = new AbortController();
  #content: GrowingContent | undefined;
  #sending: Promise<number | undefined> | undefined;
  #isHandedOver = false;
  #onSent: (bytes: number) => void = () => {};

  constructor(client: RegistryClient, repository: string, patience = PATIENCE) {
    this.#client = client;
    this.#patience = patience;
    this.#session = new UploadSession(client, repository);
  }

  /** Sends what there is and what comes, unless `isWanted` says no. Only the first content is taken. */
  begin(content: GrowingContent, isWanted: IsWanted): void {
    if (this.#sending) return;
    this.#content = content;
    this.#sending = this.#send(content, isWanted);
    // Told to who asks for the session.
    this.#sending.catch(() => {});
  }

  /** From now on tells how many bytes are sent, if it is this content: only now does anybody know what to call it. */
  follow({ digest }: Pick<Content, "digest">, onSent: (bytes: number) => void): void {
    if (this.#content?.digest === digest) this.#onSent = onSent;
  }

  /** The session, once all of this content is in it that will be; undefined where none was begun, or it is of no use. */
  async handOver({ digest, size }: Content): Promise<BegunUpload | undefined> {
    if (this.#content?.digest !== digest) return undefined;
    const received = await this.#received(size);
    if (received === undefined) return undefined;
    this.#isHandedOver = true;
    return { session: this.#session, received };
  }

  /** Stops, and has the registry forget what it was sent; nothing once the session was handed over. */
  async abandon(): Promise<void> {
    if (this.#isHandedOver || !this.#sending) return;
    this.#stop.abort();
    await this.#sending.catch(() => {});
    await this.#session.cancel();
  }

  async #send(content: GrowingContent, isWanted: IsWanted): Promise<number | undefined> {
    const { signal } = this.#stop;
    if (!(await isWanted(signal))) return undefined;
    await this.#session.start(signal);
    const open = async () => observed(content.open(), (bytes) => this.#onSent(bytes));
    return this.#session.append({ open }, { signal });
  }

  async #received(size: number): Promise<number | undefined> {
    try {
      await this.#whileItMoves();
      if (!this.#session.isOpen) return undefined;
      const stated = (await this.#sending) ?? size;
      if (stated === size) return size;
      throw new TransientError("REGISTRY_ERROR", `the registry kept ${stated} of ${size} bytes`);
    } catch (error) {
      if (isSealiftError(error, "ABORTED")) throw error;
      const { aborted: hasWaited } = this.#stop.signal;
      noteGivenUp(this.#client.host, error, hasWaited);
      if (hasWaited) return undefined;
      // What a broken connection has brought counts; what was refused would be again.
      return isSealiftError(error, "UNREACHABLE") ? this.#session.received(size) : undefined;
    }
  }

  /** Waits for the sending to end, but no longer than something is taken. Throws UNREACHABLE, having ended it, and as it does. */
  async #whileItMoves(): Promise<void> {
    const over = this.#sending?.then(() => true);
    for (let taken = -1; taken !== this.#content?.taken; ) {
      taken = this.#content?.taken ?? 0;
      if (await Promise.race([over, silence(this.#patience)])) return;
    }
    const stalled = new SealiftError(
      "UNREACHABLE",
      `the registry stood still for ${this.#patience / 1000} s`,
    );
    this.#stop.abort(stalled);
    throw stalled;
  }
}

/** Whether the blob is to be sent early; asked for an answer no longer than until the signal. */
export type IsWanted = (signal: AbortSignal) => Promise<boolean>;

/** No process waits for its end. */
function silence(milliseconds: number): Promise<false> {
  return new Promise((resolve) => {
    AbortSignal.timeout(milliseconds).addEventListener("abort", () => resolve(false), { once: true });
  });
}

/** Nothing is lost by it but time: of that, whoever has waited for it hears. */
export function noteGivenUp({ log }: Host, error: unknown, hasWaited = false): void {
  log({
    type: hasWaited ? "warning" : "debug",
    message: `What was uploaded while it was made is given up: ${reasonOf(error)}`,
    details: { event: "early-upload-given-up" },
  });
}
