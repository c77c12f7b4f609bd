import type { Content } from "../bytes/content.ts";
import { collectSized } from "../bytes/stream.ts";
import { isSealiftError } from "../error.ts";
import { BlobLocations } from "./blob-locations.ts";
import type { RegistryClient } from "./client.ts";
import { ContentCursor } from "./content-cursor.ts";
import { type EarlyUpload, noteGivenUp } from "./early-upload.ts";
import { TransientError } from "./failure.ts";
import { Patience } from "./retry.ts";
import { checkBlob, findBlob } from "./told-blob.ts";
import type { RequestBody } from "./transport.ts";
import { UploadSession } from "./upload-session.ts";

/** Up to this many bytes are sent from memory: then a try can be repeated at once, and every host's fetch can do it. */
const SMALL_BODY = 8 * 1024 * 1024;

/**
 * The size of requests, in bytes, where one of the whole blob was too large
 * (413). Proxies in front of registries have limits that nothing announces;
 * Cloudflare's, the best known, is 100 MB.
 */
const PROXY_CHUNK_SIZE = 95_000_000;

export type PushOutcome = "exists" | "mounted" | "uploaded";

export interface PushOptions {
  /** Repositories of the same registry that may have the blob, likeliest first. */
  readonly mountFrom?: readonly string[];
  /** Those that have refused to before, of which a blob that is there already is not asked again; is added to. */
  readonly refusing?: Set<string>;
  /** Sends PATCH requests of at most this many bytes, for hosts that limit a request's size. */
  readonly chunkSize?: number;
  /** Its upload, if it was begun while the content was made. */
  readonly early?: EarlyUpload | undefined;
}

/**
 * Makes sure the repository has the blob. The content may be opened more than
 * once: a broken upload goes on from what the registry kept. Throws
 * DIGEST_MISMATCH if the registry received something else, and SIZE_MISMATCH if
 * it keeps another that it had.
 */
export async function pushBlob(
  client: RegistryClient,
  repository: string,
  content: Content,
  options: PushOptions = {},
): Promise<PushOutcome> {
  const upload = new Upload(client, repository, content, options.chunkSize);
  const { mountFrom = [], refusing = new Set() } = options;
  const sources = mountFrom.filter((from) => from !== repository);
  const mounted = async (from: string) => {
    if (await upload.mount(from)) return true;
    refusing.add(from);
    return false;
  };
  // What is there already is mounted as well: asking for it before would be a request more for each blob.
  const unasked = sources[0] !== undefined && !refusing.has(sources[0]) ? sources.splice(0, 1) : [];
  try {
    for (const from of unasked) if (await mounted(from)) return "mounted";
    const locations = new BlobLocations(client);
    const found = await findBlob(client, locations, repository, content, "pull,push");
    if (found === "there") {
      await upload.cancel();
      return "exists";
    }
    // Of one that is damaged here, another repository has the same damaged file: they share them.
    if (!(await upload.takeUp(options.early)) && found === "absent")
      for (const from of sources) if (await mounted(from)) return "mounted";
    await upload.run();
    // Some take the bytes and keep the file they had (distribution, of whatever size that is).
    if (found === "other") await checkBlob(client, locations, repository, content);
    return "uploaded";
  } catch (error) {
    await upload.cancel();
    throw error;
  } finally {
    await upload.close();
  }
}

/** An upload, and how to get to its end whatever breaks on the way; one session at a time. */
class Upload {
  readonly #client: RegistryClient;
  readonly #repository: string;
  readonly #content: Content;
  #chunkSize: number | undefined;
  readonly #what: string;
  readonly #cursor: ContentCursor;
  readonly #patience: Patience;
  #session: UploadSession;
  /** Bytes the registry has. */
  #offset = 0;
  /** The session was begun before the content was known: where it is refused, the usual one may be taken. */
  #isEarly = false;

  constructor(client: RegistryClient, repository: string, content: Content, chunkSize: number | undefined) {
    this.#client = client;
    this.#repository = repository;
    this.#content = content;
    this.#chunkSize = chunkSize;
    this.#what = `push blob ${content.digest} to ${client.endpoint.registry}/${repository}`;
    this.#cursor = new ContentCursor(content);
    this.#patience = new Patience(client.host);
    this.#session = new UploadSession(client, repository, content.digest);
  }

  /** Goes on where another has begun, if that came far enough; false if it did not. */
  async takeUp(early: EarlyUpload | undefined): Promise<boolean> {
    const begun = await early?.handOver(this.#content);
    if (!begun) return false;
    await this.cancel();
    this.#session = begun.session;
    this.#offset = begun.received;
    this.#isEarly = true;
    return true;
  }

  /** True if the registry took the blob over; else there is a session to upload into. */
  async mount(from: string): Promise<boolean> {
    try {
      return await this.#session.mount(this.#content.digest, from);
    } catch (error) {
      // A repository we may not read is one more that cannot give the blob. The network is another matter.
      if (error instanceof TransientError || isSealiftError(error, "ABORTED")) throw error;
      return false;
    }
  }

  async run(): Promise<void> {
    for (;;) {
      try {
        await this.#send();
        return;
      } catch (error) {
        if (await this.#givenUp(error)) continue;
        if (!this.#smaller(error)) await this.#patience.after(this.#orLostSession(error));
        if (await this.#recovered()) return;
      }
    }
  }

  async cancel(): Promise<void> {
    await this.#session.cancel();
  }

  async close(): Promise<void> {
    await this.#cursor.close();
  }

  async #send(): Promise<void> {
    const { size, digest } = this.#content;
    // One way there and back less: where the content comes from is asked while the session is begun.
    if (this.#offset < size) this.#cursor.prepare();
    if (!this.#session.isOpen) await this.#session.start();
    const whole = this.#chunkSize === undefined && this.#offset === 0;
    if (!whole) {
      while (this.#offset < size) await this.#sendChunk();
    }
    await this.#session.finish(digest, whole && size > 0 ? await this.#body(0, size) : new Uint8Array());
  }

  async #sendChunk(): Promise<void> {
    const remaining = this.#content.size - this.#offset;
    const length = Math.min(remaining, Math.max(this.#chunkSize ?? remaining, this.#session.minimumChunk));
    const end = this.#offset + length;
    const body = await this.#body(this.#offset, length);
    const kept = await this.#session.append(body, { range: `${this.#offset}-${end - 1}` });
    // ECR has answered 201 with a Range that stood still, and lost the bytes.
    if (kept !== undefined && kept !== end) {
      throw new TransientError(
        "REGISTRY_ERROR",
        `Cannot ${this.#what}: the registry kept ${kept} of ${end} bytes`,
      );
    }
    this.#offset = end;
    this.#patience.progressed();
  }

  /** Gives up a session that was begun early and is refused; false if it is none, or not refused. */
  async #givenUp(error: unknown): Promise<boolean> {
    if (!this.#isEarly || error instanceof TransientError || isSealiftError(error, "ABORTED")) return false;
    noteGivenUp(this.#client.host, error);
    await this.cancel();
    this.#offset = 0;
    this.#isEarly = false;
    return true;
  }

  /** Goes on in smaller requests after one that was too large; false if it was not that, or they are small already. */
  #smaller(error: unknown): boolean {
    if (!isSealiftError(error, "LIMIT_EXCEEDED")) return false;
    if ((this.#chunkSize ?? this.#content.size) <= PROXY_CHUNK_SIZE) return false;
    this.#chunkSize = PROXY_CHUNK_SIZE;
    return true;
  }

  /** After a failure: takes up the session where the registry stands, or gives it up. True if the blob is there after all. */
  async #recovered(): Promise<boolean> {
    const kept = await this.#session.received(this.#content.size);
    if (kept !== undefined) {
      if (kept > this.#offset) this.#patience.progressed();
      this.#offset = kept;
      return false;
    }
    await this.cancel();
    this.#offset = 0;
    this.#isEarly = false;
    const locations = new BlobLocations(this.#client);
    return (
      (await findBlob(this.#client, locations, this.#repository, this.#content, "pull,push")) === "there"
    );
  }

  /** A session that the registry has forgotten, or that stands elsewhere than we think, can be begun anew. */
  #orLostSession(error: unknown): unknown {
    if (error instanceof TransientError || !this.#session.isOpen) return error;
    if (!isSealiftError(error, "BLOB_UPLOAD_UNKNOWN", "RANGE_INVALID")) return error;
    return new TransientError(error.code, error.message, { cause: error });
  }

  async #body(offset: number, length: number): Promise<RequestBody> {
    const open = () => this.#cursor.take(offset, length);
    return length <= SMALL_BODY ? collectSized(await open(), length) : { size: length, open };
  }
}
