import { isSealiftError, SealiftError } from "../error.ts";
import type { FetchResponse } from "../host.ts";
import type { Digest } from "../oci/digest.ts";
import type { RegistryClient } from "./client.ts";
import { followUrl } from "./endpoint.ts";
import { repositoryScope } from "./scope.ts";
import { otherDigest } from "./told-digest.ts";
import type { Answer, Method, RequestBody } from "./transport.ts";

/** What a request of a session has besides where it goes. */
interface Part {
  readonly body?: RequestBody;
  readonly headers?: Readonly<Record<string, string>>;
  /** The repository that is to be read too. */
  readonly from?: string;
  readonly signal?: AbortSignal;
}

/**
 * An upload session of a registry, and where it goes on (distribution-spec
 * "Pushing Blobs"). What moves bytes or ends it is tried once: repeating that
 * blindly could send them twice.
 */
export class UploadSession {
  readonly #client: RegistryClient;
  readonly #repository: string;
  readonly #what: string;
  /** Undefined while there is none. */
  #location: URL | undefined;
  #minimumChunk = 0;

  /** Begins nothing yet. The digest is for messages, where it is known. */
  constructor(client: RegistryClient, repository: string, digest?: Digest) {
    this.#client = client;
    this.#repository = repository;
    const blob = digest === undefined ? "a blob" : `blob ${digest}`;
    this.#what = `push ${blob} to ${client.endpoint.registry}/${repository}`;
  }

  get isOpen(): boolean {
    return this.#location !== undefined;
  }

  /** OCI-Chunk-Min-Length, in bytes. */
  get minimumChunk(): number {
    return this.#minimumChunk;
  }

  async start(signal?: AbortSignal): Promise<void> {
    this.#begin(await this.#request("POST", this.#startUrl(), [202], signal && { signal }));
  }

  /** True if the registry took the blob over; else the session has begun. Whatever was begun before is cancelled. */
  async mount(digest: Digest, from: string): Promise<boolean> {
    const url = this.#startUrl();
    url.searchParams.set("mount", digest);
    url.searchParams.set("from", from);
    const answer = await this.#request("POST", url, [201, 202], { from });
    await this.cancel();
    if (answer.response.status === 201) return true;
    this.#begin(answer);
    return false;
  }

  /** Sends bytes on, a `range` of the blob where it is known; gives how many the registry says it has, where it says that. */
  async append(
    body: RequestBody,
    { range, signal }: { readonly range?: string; readonly signal?: AbortSignal },
  ): Promise<number | undefined> {
    const answer = await this.#request("PATCH", this.#location as URL, [201, 202, 204], {
      body,
      ...(range !== undefined && { headers: { "content-range": range } }),
      ...(signal && { signal }),
    });
    this.#moveTo(answer);
    return receivedBytes(answer.response);
  }

  /** Ends it with the last bytes; the blob is there then. Throws DIGEST_MISMATCH if it is another. */
  async finish(digest: Digest, body: RequestBody): Promise<void> {
    const url = new URL(this.#location as URL);
    // Added to the text: the session's own state in the query must come back as it was.
    url.search += `${url.search ? "&" : "?"}digest=${encodeURIComponent(digest)}`;
    const { response } = await this.#request("PUT", url, [200, 201, 204], { body });
    this.#location = undefined;
    const stored = otherDigest(response, digest);
    if (stored !== undefined) {
      throw new SealiftError("DIGEST_MISMATCH", `Cannot ${this.#what}: the registry stored it as ${stored}`);
    }
  }

  /** How many of so many bytes the registry has; undefined where that is no use, or the session is gone. */
  async received(size: number): Promise<number | undefined> {
    if (!this.#location) return undefined;
    try {
      const answer = await this.#request("GET", this.#location, [200, 202, 204]);
      this.#moveTo(answer);
      const received = receivedBytes(answer.response);
      // `0-0` may be no byte or one: not worth finding out.
      return received !== undefined && received > 1 && received <= size ? received : undefined;
    } catch (error) {
      if (isSealiftError(error, "ABORTED")) throw error;
      return undefined;
    }
  }

  /** Tells the registry to forget it; whether that listens does not matter. */
  async cancel(): Promise<void> {
    const location = this.#location;
    this.#location = undefined;
    if (location) await this.#request("DELETE", location, [200, 202, 204, 404]).catch(() => {});
  }

  #begin(answer: Answer): void {
    const location = answer.response.headers.get("location");
    if (location === null) {
      throw new SealiftError("REGISTRY_ERROR", `Cannot ${this.#what}: the registry does not say where to`);
    }
    this.#location = followUrl(answer.url, location);
    const minimum = Number(answer.response.headers.get("oci-chunk-min-length"));
    this.#minimumChunk = Number.isSafeInteger(minimum) ? Math.max(0, minimum) : 0;
  }

  #moveTo(answer: Answer): void {
    const location = answer.response.headers.get("location");
    if (location !== null) this.#location = followUrl(answer.url, location);
  }

  #startUrl(): URL {
    return this.#client.url(this.#repository, "blobs", "uploads", "");
  }

  #request(method: Method, url: URL, expect: readonly number[], part: Part = {}): Promise<Answer> {
    const { body, headers, from, signal } = part;
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
      ...(signal && { signal }),
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
