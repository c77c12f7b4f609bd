import { DurableObject, RpcTarget } from "cloudflare:workers";
import type { Digest } from "../../src/oci/digest.ts";
import type { ContentObject } from "./cloudflare-content.ts";
import { type Segment, segmentKey, sweepSegments } from "./r2-store-segments.ts";

const UPLOAD = "upload";
const SEGMENT = "segment:";
const END = "end";

/** Milliseconds an upload waits for its next bytes, and a finished one for a client that did not hear of it. */
const LIFETIME = 24 * 60 * 60 * 1000;

/** What is known of an upload in progress. */
interface Upload {
  readonly id: string;
  readonly repository: string;
  /** Bytes in its segments. */
  readonly size: number;
  readonly count: number;
  /** SHA-256 of these bytes, saved by the kernel; undefined before the first. */
  readonly hash: Uint8Array | undefined;
  /** Raised by each claim: a writer whose number has passed can no longer add anything. */
  readonly epoch: number;
  /** When something last happened to it. */
  readonly touched: number;
  /** Set before the segments are offered as this blob's: from then on they may be no longer ours. */
  readonly publishing?: Digest;
}

/** What remains of an upload that is over. */
interface End {
  readonly id: string;
  readonly repository: string;
  /** The blob it became, if any. */
  readonly digest?: Digest;
  /** Whether that blob's bytes are these segments. */
  readonly kept: boolean;
  readonly until: number;
}

/** An upload, with nobody else writing to it as long as `hold` lives. */
export interface Claimed extends Pick<Upload, "size" | "count" | "hash" | "epoch"> {
  readonly refused?: never;
  readonly hold: Hold;
}

/** Why there is no claim, as data: an error would lose its class on its way out of here. */
export type Refusal =
  | { readonly refused: "unknown" | "busy" }
  | { readonly refused: "offset"; readonly size: number }
  | { readonly refused: "finished"; readonly digest: Digest };

/** The runtime disposes of what a worker holds when the worker's request ends, however it ends. */
export class Hold extends RpcTarget {
  readonly #release: () => void;

  constructor(release: () => void) {
    super();
    this.#release = release;
  }

  [Symbol.dispose](): void {
    this.#release();
  }
}

/** Where its bytes go, and what they become. */
interface UploadBindings {
  readonly BUCKET: R2Bucket;
  readonly CONTENTS: DurableObjectNamespace<ContentObject>;
}

/**
 * One upload: its segments, their hash's state and who may add to them. Nothing
 * that must survive is held in memory, so it may be evicted between any two calls.
 */
export class UploadObject extends DurableObject<UploadBindings> {
  /** The claim in force. Lost with the instance: then the epoch alone keeps writers apart. */
  #holder: number | undefined;
  /** Resolves with the claim in force, where that is to end the upload. */
  #ending: Promise<void> | undefined;
  #ended = () => {};

  async start(id: string, repository: string): Promise<void> {
    this.#save({ id, repository, size: 0, count: 0, hash: undefined, epoch: 0, touched: 0 });
    await this.ctx.storage.setAlarm(Date.now() + LIFETIME);
  }

  /** Bytes received. */
  size(repository: string): number | undefined {
    return this.#uploadOf(repository)?.size;
  }

  /** For whoever goes on at `offset`; without it, for whoever ends the upload. */
  async claim(repository: string, offset?: number): Promise<Claimed | Refusal> {
    // A client that lost the answer asks again while the first end may still be under way.
    while (offset === undefined && this.#ending) await this.#ending;
    const upload = this.#uploadOf(repository);
    if (!upload) return this.#whyGone(repository);
    const { size, count, hash } = upload;
    // Once offered as a blob, it can only be ended.
    if (this.#holder !== undefined || (offset !== undefined && upload.publishing)) return { refused: "busy" };
    if (offset !== undefined && offset !== size) return { refused: "offset", size };
    const epoch = upload.epoch + 1;
    this.#save({ ...upload, epoch });
    this.#holder = epoch;
    if (offset === undefined) {
      this.#ending = new Promise((resolve) => {
        this.#ended = resolve;
      });
    }
    return { size, count, hash, epoch, hold: new Hold(() => this.release(epoch)) };
  }

  /** Ends a claim now; disposing of it does so a moment later. */
  release(epoch: number): void {
    if (this.#holder === epoch) this.#free();
  }

  /** Adds a stored segment. False if the claim is no longer in force. */
  commit(epoch: number, segment: Segment, hash: Uint8Array): boolean {
    const upload = this.#upload;
    if (upload?.epoch !== epoch) return false;
    this.ctx.storage.kv.put(SEGMENT + String(upload.count).padStart(6, "0"), segment);
    this.#save({ ...upload, size: upload.size + segment.size, count: upload.count + 1, hash });
    return true;
  }

  /** The stored segments, in order. */
  segments(): Segment[] {
    return [...this.ctx.storage.kv.list<Segment>({ prefix: SEGMENT })].map(([, segment]) => segment);
  }

  /** Makes the upload the blob `digest`, as the caller found it to be. False if the claim or the bytes are gone. */
  async publish(epoch: number, digest: Digest): Promise<boolean> {
    const upload = this.#upload;
    if (upload?.epoch !== epoch) return false;
    const segments = this.segments();
    // An end that was cut off may have made the blob, and the blob be deleted since.
    if (upload.publishing && !(await this.#isStored(upload, segments[0]))) return this.#end({ kept: false });
    this.#save({ ...upload, publishing: digest });
    await this.ctx.storage.sync();
    const content = { source: upload.id, size: upload.size, segments };
    const adoption = await this.#contentOf(digest).adopt(upload.repository, content);
    if (adoption === "dropped") return this.#end({ kept: false });
    await this.#end({ digest, kept: adoption === "taken" });
    return true;
  }

  /** Drops the upload and its bytes. False if there is none, or if it is about to be a blob. */
  async discard(repository: string): Promise<boolean> {
    const upload = this.#uploadOf(repository);
    if (!upload || upload.publishing) return false;
    await this.#end({ kept: false });
    return true;
  }

  /** Ends what nobody adds to; then deletes the objects that are no blob's, and at last this object's storage. */
  override async alarm(): Promise<void> {
    const upload = this.#upload;
    if (upload) {
      const due = upload.touched + LIFETIME;
      if (due > Date.now()) return this.ctx.storage.setAlarm(due);
      if (this.#holder !== undefined) return this.ctx.storage.setAlarm(Date.now() + LIFETIME);
      const { publishing: digest } = upload;
      if (digest && (await this.#contentOf(digest).owns(upload.id))) await this.#end({ digest, kept: true });
      else await this.#end({ kept: false });
    }
    const end = this.ctx.storage.kv.get<End>(END);
    if (!end) return;
    const kept = end.kept ? this.segments().map(({ name }) => name) : [];
    await sweepSegments(this.env.BUCKET, end.id, new Set(kept));
    // A writer that was cut off may still store an object: it is found the second time.
    if (end.until > Date.now()) await this.ctx.storage.setAlarm(end.until);
    else await this.ctx.storage.deleteAll();
  }

  async #end(result: Pick<End, "digest" | "kept">): Promise<false> {
    const { kv } = this.ctx.storage;
    const upload = this.#upload;
    if (!upload) return false;
    const { id, repository } = upload;
    kv.put<End>(END, { id, repository, ...result, until: Date.now() + LIFETIME });
    kv.delete(UPLOAD);
    this.#free();
    await this.ctx.storage.setAlarm(result.kept ? Date.now() + LIFETIME : Date.now());
    return false;
  }

  #free(): void {
    this.#holder = undefined;
    this.#ending = undefined;
    this.#ended();
  }

  #whyGone(repository: string): Refusal {
    const end = this.ctx.storage.kv.get<End>(END);
    const { digest } = end?.repository === repository ? end : {};
    return digest ? { refused: "finished", digest } : { refused: "unknown" };
  }

  async #isStored({ id }: Upload, segment: Segment | undefined): Promise<boolean> {
    return !segment || (await this.env.BUCKET.head(segmentKey(id, segment.name))) !== null;
  }

  #contentOf(digest: Digest) {
    return this.env.CONTENTS.getByName(digest);
  }

  get #upload(): Upload | undefined {
    return this.ctx.storage.kv.get<Upload>(UPLOAD);
  }

  #uploadOf(repository: string): Upload | undefined {
    const upload = this.#upload;
    return upload?.repository === repository ? upload : undefined;
  }

  #save(upload: Upload): void {
    this.ctx.storage.kv.put<Upload>(UPLOAD, { ...upload, touched: Date.now() });
  }
}
