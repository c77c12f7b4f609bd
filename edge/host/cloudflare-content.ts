import { DurableObject } from "cloudflare:workers";
import { type Content, sweepSegments } from "./r2-store-segments.ts";

const CONTENT = "content";
const HOLDER = "holder:";
const DROPPED = "dropped:";

/** Milliseconds that content stays after its last repository let go of it, for downloads that have begun. */
const GRACE = 60 * 60 * 1000;

/** `present`: others were first, these are not needed. `dropped`: these were the content, and are being deleted. */
export type Adoption = "taken" | "present" | "dropped";

/**
 * One digest: where its bytes lie and which repositories have it. That both are
 * decided in one place makes "the first to store it" and "the last to let go of
 * it" moments, not races; R2 alone has no delete that depends on anything.
 */
export class ContentObject extends DurableObject<{ readonly BUCKET: R2Bucket }> {
  /** Where the bytes are, if the repository may read them. */
  read(repository: string): Content | undefined {
    return this.#isHeldBy(repository) ? this.#content : undefined;
  }

  size(repository: string): number | undefined {
    return this.read(repository)?.size;
  }

  /** Makes the repository a member; of these bytes, if there are none yet. Asking twice changes nothing. */
  adopt(repository: string, content: Content): Adoption {
    const { kv } = this.ctx.storage;
    if (kv.get(DROPPED + content.source) !== undefined) return "dropped";
    if (!this.#content) kv.put(CONTENT, content);
    kv.put(HOLDER + repository, true);
    return this.#content?.source === content.source ? "taken" : "present";
  }

  /** Whether the bytes of this upload are the content, or were and are deleted here. */
  owns(source: string): boolean {
    return this.#content?.source === source || this.ctx.storage.kv.get(DROPPED + source) !== undefined;
  }

  /** Makes the repository a member if `from`, or any without it, is one. */
  mount(repository: string, from?: string): boolean {
    const found = from === undefined ? this.#content !== undefined : this.#isHeldBy(from);
    if (found) this.ctx.storage.kv.put(HOLDER + repository, true);
    return found;
  }

  /** False if the repository was no member. */
  async release(repository: string): Promise<boolean> {
    const { kv } = this.ctx.storage;
    const removed = kv.delete(HOLDER + repository);
    const content = this.#content;
    if (!content || this.#isHeld()) return removed;
    kv.delete(CONTENT);
    kv.put(DROPPED + content.source, Date.now() + GRACE);
    await this.#schedule();
    return removed;
  }

  /** Deletes what nobody has, and this object's storage with the last of it. */
  override async alarm(): Promise<void> {
    const { kv } = this.ctx.storage;
    for (const [key, until] of [...kv.list<number>({ prefix: DROPPED })]) {
      if (until > Date.now()) continue;
      await sweepSegments(this.env.BUCKET, key.slice(DROPPED.length));
      kv.delete(key);
    }
    await this.#schedule();
  }

  async #schedule(): Promise<void> {
    const times = [...this.ctx.storage.kv.list<number>({ prefix: DROPPED })].map(([, until]) => until);
    if (times.length > 0) await this.ctx.storage.setAlarm(Math.min(...times));
    else if (!this.#content) await this.ctx.storage.deleteAll();
  }

  get #content(): Content | undefined {
    return this.ctx.storage.kv.get<Content>(CONTENT);
  }

  #isHeld(): boolean {
    return [...this.ctx.storage.kv.list({ prefix: HOLDER, limit: 1 })].length > 0;
  }

  #isHeldBy(repository: string): boolean {
    return this.ctx.storage.kv.get(HOLDER + repository) !== undefined;
  }
}
