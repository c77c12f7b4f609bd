import type { Content } from "../bytes/content.ts";
import { collect } from "../bytes/stream.ts";
import { isSealiftError, SealiftError } from "../error.ts";
import type { FetchResponse } from "../host.ts";
import { hasBlob } from "./blobs.ts";
import type { RegistryClient } from "./client.ts";
import { ContentCursor } from "./content-cursor.ts";
import { followUrl } from "./endpoint.ts";
import { TransientError } from "./failure.ts";
import { Patience } from "./retry.ts";
import { repositoryScope } from "./scope.ts";
import type { Answer, Method, RequestBody } from "./transport.ts";

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
}

/**
 * Makes sure the repository has the blob. The content may be opened more than
 * once: a broken upload goes on from what the registry kept. Throws
 * DIGEST_MISMATCH if the registry received something else.
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
    if (await hasBlob(client, repository, content.digest, "pull,push")) {
      await upload.cancel();
      return "exists";
    }
    for (const from of sources) if (await mounted(from)) return "mounted";
    await upload.run();
    return "uploaded";
  } catch (error) {
    await upload.cancel();
    throw error;
  } finally {
    await upload.close();
  }
}

/** One upload session at a time, and how to get to the end of it (distribution-spec "Pushing Blobs"). */
class Upload {
  readonly #client: RegistryClient;
  readonly #repository: string;
  readonly #content: Content;
  #chunkSize: number | undefined;
  readonly #what: string;
  readonly #cursor: ContentCursor;
  readonly #patience: Patience;
  /** Where the session goes on; undefined while there is none. */
  #location: URL | undefined;
  /** Bytes the registry has. */
  #offset = 0;
  /** OCI-Chunk-Min-Length. */
  #minimumChunk = 0;

  constructor(client: RegistryClient, repository: string, content: Content, chunkSize: number | undefined) {
    this.#client = client;
    this.#repository = repository;
    this.#content = content;
    this.#chunkSize = chunkSize;
    this.#what = `push blob ${content.digest} to ${client.endpoint.registry}/${repository}`;
    this.#cursor = new ContentCursor(content);
    this.#patience = new Patience(client.host);
  }

  /** True if the registry took the blob over; else there is a session to upload into. */
  async mount(from: string): Promise<boolean> {
    const url = this.#startUrl();
    url.searchParams.set("mount", this.#content.digest);
    url.searchParams.set("from", from);
    let answer: Answer;
    try {
      answer = await this.#request("POST", url, [201, 202], { from });
    } catch (error) {
      // A repository we may not read is one more that cannot give the blob. The network is another matter.
      if (error instanceof TransientError || isSealiftError(error, "ABORTED")) throw error;
      return false;
    }
    await this.cancel();
    if (answer.response.status === 201) return true;
    this.#begin(answer);
    return false;
  }

  async run(): Promise<void> {
    for (;;) {
      try {
        // One way there and back less: where the content comes from is asked while the session is begun.
        this.#cursor.prepare();
        if (!this.#location) this.#begin(await this.#request("POST", this.#startUrl(), [202]));
        await this.#send();
        return;
      } catch (error) {
        if (!this.#smaller(error)) await this.#patience.after(this.#orLostSession(error));
        if (await this.#recovered()) return;
      }
    }
  }

  /** Tells the registry to forget the session; whether it listens does not matter. */
  async cancel(): Promise<void> {
    const location = this.#location;
    this.#location = undefined;
    if (location) await this.#request("DELETE", location, [200, 202, 204, 404]).catch(() => {});
  }

  async close(): Promise<void> {
    await this.#cursor.close();
  }

  async #send(): Promise<void> {
    const { size } = this.#content;
    const whole = this.#chunkSize === undefined && this.#offset === 0;
    if (!whole) {
      while (this.#offset < size) await this.#sendChunk();
    }
    await this.#finish(whole && size > 0 ? await this.#body(0, size) : new Uint8Array());
  }

  async #sendChunk(): Promise<void> {
    const remaining = this.#content.size - this.#offset;
    const length = Math.min(remaining, Math.max(this.#chunkSize ?? remaining, this.#minimumChunk));
    const end = this.#offset + length;
    const answer = await this.#request("PATCH", this.#location as URL, [201, 202, 204], {
      body: await this.#body(this.#offset, length),
      headers: { "content-range": `${this.#offset}-${end - 1}` },
    });
    this.#moveTo(answer);
    const kept = receivedBytes(answer.response);
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

  async #finish(body: RequestBody): Promise<void> {
    const url = new URL(this.#location as URL);
    // Added to the text: the session's own state in the query must come back as it was.
    url.search += `${url.search ? "&" : "?"}digest=${encodeURIComponent(this.#content.digest)}`;
    const { response } = await this.#request("PUT", url, [200, 201, 204], { body });
    this.#location = undefined;
    const stated = response.headers.get("docker-content-digest");
    if (stated && stated !== this.#content.digest && sameAlgorithm(stated, this.#content.digest)) {
      throw new SealiftError(
        "DIGEST_MISMATCH",
        `Cannot ${this.#what}: the registry stored it as ${stated.slice(0, 160)}`,
      );
    }
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
    const kept = await this.#inspect();
    // `0-0` may be no byte or one: not worth finding out.
    if (kept !== undefined && kept > 1 && kept <= this.#content.size) {
      if (kept > this.#offset) this.#patience.progressed();
      this.#offset = kept;
      return false;
    }
    await this.cancel();
    this.#offset = 0;
    return hasBlob(this.#client, this.#repository, this.#content.digest, "pull,push");
  }

  /** Bytes the session has, if it is still there. */
  async #inspect(): Promise<number | undefined> {
    if (!this.#location) return undefined;
    try {
      const answer = await this.#request("GET", this.#location, [200, 202, 204]);
      this.#moveTo(answer);
      return receivedBytes(answer.response);
    } catch (error) {
      if (isSealiftError(error, "ABORTED")) throw error;
      return undefined;
    }
  }

  #begin(answer: Answer): void {
    const location = answer.response.headers.get("location");
    if (location === null) {
      throw new SealiftError("REGISTRY_ERROR", `Cannot ${this.#what}: the registry does not say where to`);
    }
    this.#location = followUrl(answer.url, location);
    this.#offset = 0;
    const minimum = Number(answer.response.headers.get("oci-chunk-min-length"));
    this.#minimumChunk = Number.isSafeInteger(minimum) ? Math.max(0, minimum) : 0;
  }

  #moveTo(answer: Answer): void {
    const location = answer.response.headers.get("location");
    if (location !== null) this.#location = followUrl(answer.url, location);
  }

  /** A session that the registry has forgotten, or that stands elsewhere than we think, can be begun anew. */
  #orLostSession(error: unknown): unknown {
    if (error instanceof TransientError || !this.#location) return error;
    if (!isSealiftError(error, "BLOB_UPLOAD_UNKNOWN", "RANGE_INVALID")) return error;
    return new TransientError(error.code, error.message, { cause: error });
  }

  #startUrl(): URL {
    return this.#client.url(this.#repository, "blobs", "uploads", "");
  }

  async #body(offset: number, length: number): Promise<RequestBody> {
    const open = () => this.#cursor.take(offset, length);
    return length <= SMALL_BODY ? collect(await open(), SMALL_BODY) : { size: length, open };
  }

  /** What moves bytes or ends the session is tried once: repeating it blindly could send them twice. */
  #request(
    method: Method,
    url: URL,
    expect: readonly number[],
    part: { body?: RequestBody; headers?: Readonly<Record<string, string>>; from?: string } = {},
  ): Promise<Answer> {
    const { body, headers, from } = part;
    const call = {
      method,
      url,
      what: this.#what,
      expect,
      missing: method === "POST" ? ("NAME_UNKNOWN" as const) : ("BLOB_UPLOAD_UNKNOWN" as const),
      scopes: [
        repositoryScope(this.#repository, "pull,push"),
        ...(from === undefined ? [] : [repositoryScope(from, "pull")]),
      ],
      ...(body !== undefined && { body }),
      headers: { ...(body !== undefined && { "content-type": "application/octet-stream" }), ...headers },
    };
    return method === "POST" || method === "GET" ? this.#client.ask(call) : this.#client.askOnce(call);
  }
}

/** How many bytes `Range: 0-<last>` stands for; undefined without one. */
function receivedBytes(response: FetchResponse): number | undefined {
  const last = /^(?:bytes[ =])?0-(\d{1,15})$/.exec(response.headers.get("range")?.trim() ?? "")?.[1];
  return last === undefined ? undefined : Number(last) + 1;
}

function sameAlgorithm(one: string, other: string): boolean {
  return one.split(":")[0] === other.split(":")[0];
}
