/**
 * The network over Node's own http, not its fetch: loading and starting that
 * takes as long as a small copy, it takes more for each request and chunk, keeps
 * minutes to a silent server, and refuses ports that a browser must not use.
 */
import type { ClientRequest, IncomingMessage } from "node:http";
import type { Fetch, FetchHeaders, FetchInit, FetchResponse } from "../../../src/host.ts";
import { httpAgents } from "./agents.ts";
import { connected, sendBody } from "./request-body.ts";
import { responseBody } from "./response-body.ts";
import { TIMEOUTS, type Timeouts, timedOut } from "./timeouts.ts";

export interface HttpTransport {
  /** Follows no redirect: who asks does, and never asks for it. */
  readonly fetch: Fetch;
  /** Closes what connections there are. */
  dispose(): void;
}

/** HTTP/1.1 over connections that are kept; `env` names proxies (HTTP_PROXY, HTTPS_PROXY, NO_PROXY), from Node 24.5 on. */
export function httpTransport(
  env: NodeJS.ProcessEnv = process.env,
  timeouts: Timeouts = TIMEOUTS,
): HttpTransport {
  const agents = httpAgents(env);
  return {
    async fetch(url, init = {}) {
      const { method = "GET", headers = {}, signal } = init;
      for (;;) {
        signal?.throwIfAborted();
        const request = agents.open(new URL(url), { method, headers });
        try {
          return await exchange(request, init, timeouts);
        } catch (error) {
          if (!isStale(request, error) || !isRepeatable(init)) throw error;
        }
      }
    },
    dispose: () => agents.dispose(),
  };
}

/** Sends the request, and resolves to its answer, whose body may still have to come. */
function exchange(
  request: ClientRequest,
  init: FetchInit,
  { connect, answer, storing, silence }: Timeouts,
): Promise<FetchResponse> {
  return new Promise((resolve, reject) => {
    const { signal } = init;
    const within = (milliseconds: number, problem: string) =>
      setTimeout(() => request.destroy(timedOut(problem, milliseconds)), milliseconds);
    const connecting = within(connect, "let nobody connect");
    let answering: NodeJS.Timeout | undefined;
    let answered: IncomingMessage | undefined;
    const abort = () => (answered ?? request).destroy(signal?.reason);
    signal?.addEventListener("abort", abort);
    request.once("response", (message) => {
      answered = message;
      clearTimeout(answering);
      // An answer to half a request: what else were sent on this connection would be neither.
      message.once("end", () => request.writableEnded || request.destroy());
      const response = responseOf(message, init.method, silence);
      if (response.body) return resolve(response);
      // A tick later the connection is free for the next request, which comes at once.
      message.on("error", reject).once("end", () => process.nextTick(resolve, response));
      message.resume();
    });
    request.on("error", reject);
    request.once("close", () => {
      clearTimeout(connecting);
      clearTimeout(answering);
      signal?.removeEventListener("abort", abort);
    });
    const connection = connected(request).then(() => clearTimeout(connecting));
    Promise.all([connection, sendBody(request, init, silence)]).then(
      () => {
        const patience = init.body === undefined ? answer : storing;
        if (!answered && !request.destroyed) answering = within(patience, "did not answer");
      },
      (error) => (answered ?? request).destroy(error),
    );
  });
}

/** The server has closed a connection that was waiting, just as it was used: it has seen no request. */
function isStale({ reusedSocket }: ClientRequest, error: unknown): boolean {
  return reusedSocket && ["ECONNRESET", "EPIPE"].includes((error as NodeJS.ErrnoException).code ?? "");
}

/** RFC 9110 "Idempotent Methods": what may be done twice may be asked for again. A stream is gone. */
function isRepeatable({ method = "GET", body }: FetchInit): boolean {
  return !["POST", "PATCH"].includes(method) && !(body instanceof ReadableStream);
}

/** RFC 9112 "Message Body Length": answers that have none whatever their headers say. */
const BODILESS = [204, 304];

function responseOf(message: IncomingMessage, method: string | undefined, silence: number): FetchResponse {
  const { statusCode: status = 0, headers } = message;
  const bodiless = method === "HEAD" || BODILESS.includes(status) || headers["content-length"] === "0";
  return {
    type: "default",
    status,
    ok: status >= 200 && status < 300,
    headers: headersOf(message),
    body: bodiless ? null : responseBody(message, silence),
  };
}

function headersOf({ headers }: IncomingMessage): FetchHeaders {
  const get = (name: string) => {
    const value = headers[name.toLowerCase()];
    return value === undefined ? null : String(value);
  };
  return { get, has: (name) => get(name) !== null };
}
