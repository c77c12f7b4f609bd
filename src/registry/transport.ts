import { type ByteStream, chunksOf, streamFrom } from "../bytes/stream.ts";
import { reasonOf, SealiftError } from "../error.ts";
import type { FetchInit, FetchResponse, Host } from "../host.ts";
import { followUrl, isLoopback, redactUrl } from "./endpoint.ts";
import { TransientError } from "./failure.ts";

const USER_AGENT = "sealift";
const MAX_REDIRECTS = 10;

export type Method = "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";

/** Bytes at hand, or a stream that can be opened anew for each try; one whose size is not known is sent in chunked transfer coding. */
export type RequestBody = Uint8Array | { readonly size?: number; open(): Promise<ByteStream> };

export interface HttpRequest {
  readonly method: Method;
  readonly url: URL;
  /** `<verb> <thing>`, for "Cannot …". */
  readonly what: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: RequestBody;
  /** The request carries a secret of its own: no redirect may take it to another origin. */
  readonly confined?: boolean;
  /** Ends this request, besides the host's own. */
  readonly signal?: AbortSignal;
}

export interface Answer {
  readonly response: FetchResponse;
  /** Where it came from, after redirects. */
  readonly url: URL;
}

/**
 * Makes one request, following redirects by hand: `authorization` goes to the
 * request's own origin only, never to where a redirect leads. Any status is an
 * answer; throws a TransientError (UNREACHABLE) if there is none, or ABORTED.
 */
export async function send(host: Host, request: HttpRequest, authorization?: string): Promise<Answer> {
  let url = request.url;
  for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
    const trusted = url.origin === request.url.origin;
    const response = await exchange(host, { ...request, url }, trusted ? authorization : undefined);
    note(host, request.method, url, response.status);
    const location = redirectTarget(response, request.method);
    if (location === undefined) return { response, url };
    await discard(response);
    url = followUrl(url, location);
    if (request.confined && url.origin !== request.url.origin) break;
  }
  throw new SealiftError(
    "REGISTRY_ERROR",
    `Cannot ${request.what}: ${request.url.host} redirects too often or too far`,
  );
}

/** Neither headers nor the query's values: both hold secrets. */
function note(host: Host, method: Method, url: URL, status: number): void {
  const shown = redactUrl(url);
  host.log({
    type: "debug",
    message: `${method} ${shown}: ${status}`,
    details: { event: "request", method, url: shown, status },
  });
}

/** Lets go of an answer whose body is not wanted. */
export async function discard(response: FetchResponse): Promise<void> {
  await response.body?.cancel().catch(() => {});
}

/** What a failure of the network means: ABORTED if we were told to stop, else worth another try unless it will be the same. */
export function networkFailure(host: Host, what: string, url: URL, error: unknown): SealiftError {
  if (host.signal?.aborted)
    return new SealiftError("ABORTED", `Cannot ${what}: interrupted`, { cause: error });
  if (error instanceof SealiftError) return error;
  const root = rootOf(error);
  const reason = (reasonOf(root) || "no answer").replaceAll(url.href, redactUrl(url));
  const message = (problem: string) => `Cannot ${what}: ${url.host} ${problem}`;
  if (root instanceof Error && root.name === "TimeoutError")
    return new TransientError("UNREACHABLE", message(reason), { cause: error, silent: true });
  const lasting = lastingFailure(root, url, reason);
  if (!lasting)
    return new TransientError("UNREACHABLE", message(`cannot be reached: ${reason}`), { cause: error });
  const { problem, hint } = lasting;
  return new SealiftError("UNREACHABLE", message(problem), { cause: error, ...(hint && { hint }) });
}

async function exchange(host: Host, request: HttpRequest, authorization?: string): Promise<FetchResponse> {
  const body = await openBody(request.body);
  const signals = [host.signal, request.signal].filter((signal) => signal !== undefined);
  const init: FetchInit = {
    method: request.method,
    headers: {
      // A transport encoding would change lengths and ranges, and content here is compressed already.
      "accept-encoding": "identity",
      "user-agent": USER_AGENT,
      ...request.headers,
      ...body.headers,
      ...(authorization && { authorization }),
    },
    redirect: "manual",
    ...(body.init !== undefined && { body: body.init }),
    ...(body.isStream && { duplex: "half" as const }),
    ...(signals.length > 0 && { signal: AbortSignal.any(signals) }),
  };
  try {
    const response = await host.fetch(request.url.href, init);
    // A browser hides redirects from us. It may follow them itself: it drops Authorization between origins.
    if (response.type !== "opaqueredirect") return response;
    return await host.fetch(request.url.href, { ...init, redirect: "follow" });
  } catch (error) {
    if (body.failure !== undefined) throw body.failure;
    throw networkFailure(host, request.what, request.url, error);
  }
}

/** RFC 9110 "Redirection 3xx": 307 and 308 keep method and body; the others may only repeat a GET or HEAD. */
function redirectTarget(response: FetchResponse, method: Method): string | undefined {
  const reading = method === "GET" || method === "HEAD";
  const statuses = reading ? [301, 302, 303, 307, 308] : [307, 308];
  if (!statuses.includes(response.status)) return undefined;
  return response.headers.get("location") ?? undefined;
}

interface OpenedBody {
  readonly init?: Uint8Array<ArrayBuffer> | ByteStream;
  readonly isStream?: true;
  readonly headers: Readonly<Record<string, string>>;
  /** Why our own stream failed: not the network's fault, and not to be tried again. */
  failure?: unknown;
}

async function openBody(body: RequestBody | undefined): Promise<OpenedBody> {
  if (body === undefined) return { headers: {} };
  if (body instanceof Uint8Array) return { init: body as Uint8Array<ArrayBuffer>, headers: {} };
  const source = await body.open();
  // Node's fetch keeps this header for a stream and so avoids chunked transfer; browsers ignore it.
  const headers = body.size === undefined ? {} : { "content-length": `${body.size}` };
  const opened: OpenedBody = { init: streamFrom(watched()), isStream: true, headers };
  return opened;

  async function* watched() {
    try {
      yield* chunksOf(source);
    } catch (error) {
      opened.failure = error;
      throw error;
    }
  }
}

/** fetch says "fetch failed" and hides the reason in the cause, at times in a list without a message. */
function rootOf(error: unknown): unknown {
  let current: unknown = error;
  while (current instanceof Error && current.cause instanceof Error) current = current.cause;
  if (current instanceof AggregateError && current.errors.length > 0) return rootOf(current.errors[0]);
  return current;
}

/** A failure that no other try will mend, in our words. */
function lastingFailure(
  root: unknown,
  { hostname }: URL,
  reason: string,
): { readonly problem: string; readonly hint?: string } | undefined {
  const code = root instanceof Error && "code" in root ? String(root.code) : "";
  // Nothing listens at a port of this machine: no network is to blame.
  if (code === "ECONNREFUSED" && isLoopback(hostname)) return { problem: `cannot be reached: ${reason}` };
  if (code === "PROXY_REFUSED") return { problem: `cannot be reached: ${reason}`, hint: PROXY_HINT };
  if (code === "NOT_HTTP") return { problem: `cannot be understood: ${reason}` };
  if (NO_TLS.includes(code)) {
    return { problem: "does not speak TLS there", hint: "Ask for it with --insecure if that is meant." };
  }
  if (!UNTRUSTED.includes(code)) return undefined;
  // What Node advises behind the semicolon is for who starts it.
  return {
    problem: `cannot be trusted: ${reason.split(";")[0]}`,
    hint: "If its certificate is right, name the file of its authority in NODE_EXTRA_CA_CERTS.",
  };
}

const PROXY_HINT = "A proxy's login stands in its address: HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT.";

const NO_TLS = ["ERR_SSL_WRONG_VERSION_NUMBER", "ERR_SSL_PACKET_LENGTH_TOO_LONG", "ERR_SSL_HTTP_REQUEST"];

/** As Node calls what is wrong with a certificate. */
const UNTRUSTED = [
  "CERT_HAS_EXPIRED",
  "CERT_NOT_YET_VALID",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
];
