import { type ByteStream, chunksOf, streamFrom } from "../bytes/stream.ts";
import { SealiftError } from "../error.ts";
import type { FetchResponse } from "../host.ts";
import type { Digest } from "../oci/digest.ts";
import type { BlobLocations } from "./blob-locations.ts";
import type { Call, RegistryClient } from "./client.ts";
import { TransientError } from "./failure.ts";
import { Patience, retrying } from "./retry.ts";
import { repositoryScope } from "./scope.ts";
import { discard, networkFailure } from "./transport.ts";

export interface BlobRange {
  readonly digest: Digest;
  /** Of the whole blob, in bytes. */
  readonly size: number;
  /** The first byte wanted. */
  readonly start: number;
  /** The byte after the last one wanted. */
  readonly end: number;
}

/**
 * A blob's bytes, not verified. A connection that breaks is taken up again
 * where it broke. Throws BLOB_UNKNOWN, and UNSUPPORTED for a part far from the
 * start of which the registry sends no less than the whole; the stream fails with UNREACHABLE when
 * no more bytes come, SIZE_MISMATCH when too many do.
 */
export async function openBlob(
  client: RegistryClient,
  locations: BlobLocations,
  repository: string,
  range: BlobRange,
): Promise<ByteStream> {
  const download = new Download(client, locations, repository, range);
  await retrying(client.host, () => download.connect());
  return streamFrom(chunksOfDownload(download), () => download.cancel());
}

async function* chunksOfDownload(download: Download) {
  try {
    for (let chunk = await download.next(); chunk; chunk = await download.next()) yield chunk;
  } finally {
    await download.cancel();
  }
}

/**
 * Bytes that are passed over at most for a part, where the registry sends all
 * that stands before it as well: who reads parts would download the blob again
 * for each of them.
 */
const MAX_PASSED_OVER = 1 << 20;

class Download {
  readonly #client: RegistryClient;
  readonly #locations: BlobLocations;
  readonly #call: Call;
  readonly #range: BlobRange;
  readonly #patience: Patience;
  /** Where the bytes come from: a storage host, if the registry sends us to one. */
  #from: URL;
  /** What is being received. */
  #body: ByteStream | undefined;
  #chunks: AsyncGenerator<Uint8Array, void, void> | undefined;
  /** The next byte to hand on. */
  #position: number;
  /** Bytes to pass over: what a server without Range sends again. */
  #skip = 0;

  constructor(client: RegistryClient, locations: BlobLocations, repository: string, range: BlobRange) {
    this.#client = client;
    this.#locations = locations;
    this.#range = range;
    this.#position = range.start;
    this.#patience = new Patience(client.host);
    this.#call = {
      method: "GET",
      url: client.url(repository, "blobs", range.digest),
      what: `pull blob ${range.digest} of ${client.endpoint.registry}/${repository}`,
      scopes: [repositoryScope(repository, "pull")],
      expect: [200, 206],
      missing: "BLOB_UNKNOWN",
    };
    this.#from = this.#call.url;
  }

  /** Asks for what is still missing. */
  async connect(): Promise<void> {
    const { start, end, size } = this.#range;
    if (start === end && size > 0) return;
    const partial = this.#position > 0 || end < size;
    const headers = { range: `bytes=${this.#position}-${end < size ? end - 1 : ""}` };
    const call = { ...this.#call, ...(partial && { headers }) };
    const { response, url } = await this.#locations.once(call);
    this.#from = url;
    try {
      this.#skip = response.status === 206 ? this.#checkRange(response) : this.#position;
      if (response.status === 200) this.#checkWhole(response);
    } catch (error) {
      this.#locations.forget(this.#call);
      await discard(response);
      throw error;
    }
    this.#body = response.body ?? undefined;
    this.#chunks = response.body ? chunksOf(response.body) : undefined;
  }

  /** The next bytes; undefined at the end. */
  async next(): Promise<Uint8Array | undefined> {
    for (;;) {
      try {
        const chunk = await this.#receive();
        if (chunk?.length === 0) continue;
        if (chunk) this.#patience.progressed();
        return chunk;
      } catch (error) {
        this.#locations.forget(this.#call);
        await this.cancel();
        await this.#patience.after(networkFailure(this.#client.host, this.#call.what, this.#from, error));
      }
    }
  }

  async cancel(): Promise<void> {
    const [chunks, body] = [this.#chunks, this.#body];
    this.#chunks = this.#body = undefined;
    await chunks?.return();
    // Chunks that were never asked for do not let go of the body.
    await body?.cancel().catch(() => {});
  }

  async #receive(): Promise<Uint8Array | undefined> {
    const { end, size } = this.#range;
    if (this.#position === end && end < size) {
      await this.cancel();
      return undefined;
    }
    if (!this.#chunks && this.#position < end) await this.connect();
    const { done, value } = (await this.#chunks?.next()) ?? { done: true };
    if (!done) return this.#take(value as Uint8Array);
    if (this.#position === end) return undefined;
    throw new TransientError(
      "UNREACHABLE",
      `Cannot ${this.#call.what}: the connection ended at byte ${this.#position} of ${size}`,
    );
  }

  #take(received: Uint8Array): Uint8Array {
    const { end, size } = this.#range;
    const skipped = Math.min(this.#skip, received.length);
    this.#skip -= skipped;
    const chunk = received.subarray(skipped);
    const wanted = end - this.#position;
    if (chunk.length > wanted && end === size) throw this.#wrongSize("more");
    this.#position += Math.min(chunk.length, wanted);
    return chunk.subarray(0, wanted);
  }

  /** A 206 must start where we asked: else bytes would be lost or doubled. */
  #checkRange(response: FetchResponse): number {
    const range = response.headers.get("content-range") ?? "";
    const [, first, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(range.trim()) ?? [];
    if (Number(first) !== this.#position) {
      throw new SealiftError(
        "REGISTRY_ERROR",
        `Cannot ${this.#call.what}: asked for bytes from ${this.#position}, the registry ${range ? `sends "${range}"` : "does not say which it sends"}`,
      );
    }
    if (total !== "*" && Number(total) !== this.#range.size) throw this.#wrongSize(total ?? "");
    return 0;
  }

  /** All of the blob, where a part may have been asked for. */
  #checkWhole(response: FetchResponse): void {
    const { start } = this.#range;
    if (this.#position === start && start > MAX_PASSED_OVER) {
      throw new SealiftError(
        "UNSUPPORTED",
        `Cannot ${this.#call.what} from byte ${start} on: the registry sends no parts`,
      );
    }
    // A length is of the blob only if nothing encodes it in transfer.
    const length = response.headers.get("content-length");
    if (length === null || response.headers.has("content-encoding")) return;
    if (Number(length) !== this.#range.size) throw this.#wrongSize(length);
  }

  #wrongSize(actual: string): SealiftError {
    return new SealiftError(
      "SIZE_MISMATCH",
      `Cannot ${this.#call.what}: the registry has ${actual} bytes, expected ${this.#range.size}`,
    );
  }
}
