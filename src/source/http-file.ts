import { keptSlices } from "../bytes/kept-slices.ts";
import type { Slices } from "../bytes/slices.ts";
import { type ByteStream, chunksOf, collect, streamFrom, streamOf } from "../bytes/stream.ts";
import { SealiftError } from "../error.ts";
import type { FetchResponse, Host } from "../host.ts";
import { isLoopback, redactUrl } from "../registry/endpoint.ts";
import { failureOf, TransientError } from "../registry/failure.ts";
import { Patience, retrying } from "../registry/retry.ts";
import { discard, networkFailure, send } from "../registry/transport.ts";

/** A file behind HTTP: to be read anywhere, or from front to back once where its server knows no ranges. */
export type HttpFile =
  | { readonly kind: "slices"; readonly slices: Slices }
  | { readonly kind: "stream"; readonly stream: ByteStream };

/** Asked for at first: tells the size, and holds an archive's first headers or its compression's mark. */
const HEAD_SIZE = 16 * 1024;

/** Whether a path is an address rather than a place on disk. */
export function isHttpUrl(path: string): boolean {
  return /^https?:\/\//i.test(path);
}

/** A path for messages: of an address without what may be a secret. */
export function shownPath(path: string): string {
  return isHttpUrl(path) ? redactUrl(path) : path;
}

/**
 * Opens a file by its address; HTTP without TLS only on loopback or if `insecure`.
 * Nothing of what it gives is verified. Throws URI_INVALID, NOT_FOUND, UNREACHABLE,
 * UNAUTHORIZED; reading slices fails with IO where the file was replaced meanwhile.
 */
export async function openHttpFile(address: string, host: Host, insecure = false): Promise<HttpFile> {
  const file = addressed(address, insecure);
  return retrying(host, async () => {
    const response = await request(file, host, `bytes=0-${HEAD_SIZE - 1}`, {});
    const body = readable(response, file, host);
    if (response.status === 200) return { kind: "stream", stream: body };
    if (response.status === 416) {
      await discard(response);
      return { kind: "stream", stream: streamOf(new Uint8Array()) };
    }
    const size = totalOf(response, 0, file);
    const head = await collect(body, HEAD_SIZE, file.what);
    const slices = new HttpSlices(file, host, { size, condition: conditionOf(response) });
    return { kind: "slices", slices: keptSlices(slices, head) };
  });
}

/** The body, which may break off. */
function readable({ body }: FetchResponse, { what, url }: HttpAddress, host: Host): ByteStream {
  if (!body) return streamOf(new Uint8Array());
  async function* chunks(stream: ByteStream) {
    try {
      yield* chunksOf(stream);
    } catch (error) {
      throw networkFailure(host, what, url, error);
    }
  }
  return streamFrom(chunks(body), (reason) => body.cancel(reason));
}

interface HttpAddress {
  readonly url: URL;
  readonly authorization?: string;
  /** For "Cannot …". */
  readonly what: string;
}

function addressed(address: string, insecure: boolean): HttpAddress {
  const url = parsed(address);
  const what = `read ${redactUrl(url)}`;
  if (url.protocol === "http:" && !insecure && !isLoopback(url.hostname)) {
    throw new SealiftError("URI_INVALID", `Cannot ${what}: it is not https`, {
      hint: "Pass --insecure to read it all the same: anyone on the way can change it.",
    });
  }
  const { username, password } = url;
  url.username = url.password = "";
  if (username === "") return { url, what };
  const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const encoded = btoa(String.fromCharCode(...new TextEncoder().encode(login)));
  return { url, what, authorization: `Basic ${encoded}` };
}

function parsed(address: string): URL {
  try {
    return new URL(address);
  } catch (cause) {
    throw new SealiftError("URI_INVALID", "Cannot read URI: it is not a valid address", { cause });
  }
}

/** A server that has another file by now answers with all of it (RFC 9110 "If-Range"). */
function conditionOf({ headers }: FetchResponse): Readonly<Record<string, string>> {
  const etag = headers.get("etag");
  const validator = etag?.startsWith('"') ? etag : headers.get("last-modified");
  return validator ? { "if-range": validator } : {};
}

async function request(
  { url, what, authorization }: HttpAddress,
  host: Host,
  range: string,
  headers: Readonly<Record<string, string>>,
): Promise<FetchResponse> {
  const call = { method: "GET" as const, url, what, headers: { range, ...headers } };
  const { response, url: from } = await send(host, call, authorization);
  if ([200, 206, 416].includes(response.status)) return response;
  throw await failureOf(response, {
    what,
    who: from.host,
    missing: "NOT_FOUND",
    ...(from.origin === url.origin ? { tried: authorization ? ["its address"] : [] } : { sentBy: url.host }),
    now: host.clock.now(),
  });
}

/** The file's size, of an answer that begins where it was asked to. */
function totalOf(response: FetchResponse, start: number, { what }: HttpAddress): number {
  const range = response.headers.get("content-range") ?? "";
  const [, first, total] = /^bytes (\d+)-\d+\/(\d{1,15})$/.exec(range.trim()) ?? [];
  if (Number(first) === start && total !== undefined) return Number(total);
  throw new SealiftError(
    "IO",
    `Cannot ${what}: asked for bytes from ${start}, the server ${range ? `sends "${range}"` : "does not say which it sends"}`,
  );
}

interface KnownOfFile {
  readonly size: number;
  readonly condition: Readonly<Record<string, string>>;
}

class HttpSlices implements Slices {
  readonly size: number;
  readonly #file: HttpAddress;
  readonly #host: Host;
  readonly #known: KnownOfFile;

  constructor(file: HttpAddress, host: Host, known: KnownOfFile) {
    this.#file = file;
    this.#host = host;
    this.#known = known;
    this.size = known.size;
  }

  slice(start = 0, end: number = this.size): ByteStream {
    return streamFrom(this.#fetch(start, Math.min(end, this.size)));
  }

  /** A connection that breaks is taken up again where it broke. */
  async *#fetch(start: number, end: number) {
    const patience = new Patience(this.#host);
    for (let at = start; at < end; ) {
      try {
        for await (const chunk of chunksOf(await this.#range(at, end))) {
          const wanted = chunk.subarray(0, end - at);
          at += wanted.length;
          patience.progressed();
          yield wanted;
        }
        if (at < end) throw this.#broken(at);
      } catch (error) {
        await patience.after(networkFailure(this.#host, this.#file.what, this.#file.url, error));
      }
    }
  }

  async #range(start: number, end: number): Promise<ByteStream> {
    const response = await request(
      this.#file,
      this.#host,
      `bytes=${start}-${end - 1}`,
      this.#known.condition,
    );
    if (response.status === 206 && totalOf(response, start, this.#file) === this.size)
      return readable(response, this.#file, this.#host);
    await discard(response);
    throw new SealiftError("IO", `Cannot ${this.#file.what}: it was replaced while it was read`);
  }

  #broken(at: number): SealiftError {
    return new TransientError(
      "UNREACHABLE",
      `Cannot ${this.#file.what}: the connection ended at byte ${at} of ${this.size}`,
    );
  }
}
