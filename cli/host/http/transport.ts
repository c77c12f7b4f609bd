/**
 * The network, by HTTP/1.1 over Node's sockets. Neither its fetch nor its http
 * lets a socket's bytes be put where they are wanted: they make a buffer of
 * 64 KiB for each read, copy it, and both are collected again, which doubled the
 * time and the memory of a bare download. fetch besides takes as long to start
 * as a small copy, and refuses ports.
 */
import type { Fetch, FetchInit } from "../../../src/host.ts";
import { nodeCrypto } from "../node-crypto.ts";
import { connect } from "./connect.ts";
import type { Connection } from "./connection.ts";
import { Connections } from "./connections.ts";
import { exchange } from "./exchange.ts";
import { proxyFor, proxyLogin } from "./proxy.ts";
import { proxyFailure, proxyRefusal } from "./proxy-failure.ts";
import { bodyHeaders } from "./request-body.ts";
import { requestHead } from "./request-head.ts";
import { responseOf } from "./response.ts";
import { TIMEOUTS, type Timeouts } from "./timeouts.ts";

export interface HttpTransport {
  /** Follows no redirect: who asks does, and never asks for it. */
  readonly fetch: Fetch;
  /** Closes what connections there are. */
  dispose(): void;
}

/** Over connections that are kept; `env` names proxies (HTTP_PROXY, HTTPS_PROXY, NO_PROXY). */
export function httpTransport(
  env: Readonly<Record<string, string | undefined>> = process.env,
  timeouts: Timeouts = TIMEOUTS,
): HttpTransport {
  const connections = new Connections();
  return {
    async fetch(text, init = {}) {
      const url = new URL(text);
      const proxy = proxyFor(url, env);
      // By a tunnel, it is the host itself that is spoken to.
      const reader = url.protocol === "http:" ? proxy : undefined;
      const place = placeOf(url, proxy);
      const head = headOf(url, reader, init);
      for (;;) {
        const { signal } = init;
        signal?.throwIfAborted();
        const kept = connections.take(place);
        const connection = kept ?? (await connect(url, proxy, { patience: timeouts.connect, signal }));
        if (!kept) connections.add(connection);
        try {
          return await request(connection, { place, head, reader }, init);
        } catch (error) {
          if (!kept || !isStale(error) || !isRepeatable(init)) throw proxyFailure(error, reader);
        }
      }
    },
    dispose: () => connections.dispose(),
  };

  async function request(connection: Connection, { place, head, reader }: Asked, init: FetchInit) {
    const { method = "GET", signal } = init;
    const abort = () => connection.destroy(signal?.reason);
    signal?.addEventListener("abort", abort);
    const release = (hint?: string) => {
      signal?.removeEventListener("abort", abort);
      if (hint !== undefined && connection.isClean) connections.keep(place, connection, hint);
      else connection.destroy();
    };
    try {
      const exchanging = exchange(connection, head, init, timeouts);
      prepareReading();
      const { answer, sent } = await exchanging;
      if (reader && answer.status === 407) throw proxyRefusal(reader, answer.status);
      const isKept = sent && answer.persistent;
      const onEnd = (whole: boolean) =>
        release(whole && isKept ? (answer.headers.get("keep-alive") ?? "") : undefined);
      return responseOf(answer, method, connection.within(timeouts.silence), onEnd, reader);
    } catch (error) {
      release();
      throw error;
    }
  }
}

let isPrepared = false;

/** While the first answer is awaited: what it is read with Node takes six milliseconds to load. */
function prepareReading(): void {
  if (isPrepared) return;
  isPrepared = true;
  nodeCrypto();
  new ReadableStream();
}

interface Asked {
  readonly place: string;
  readonly head: string;
  /** The proxy that reads the request. */
  readonly reader: URL | undefined;
}

/** What a connection leads to: by a tunnel to one place, by a proxy that reads the requests to any. */
function placeOf({ protocol, origin }: URL, proxy: URL | undefined): string {
  if (!proxy) return origin;
  return protocol === "https:" ? `${proxy.href} ${origin}` : proxy.href;
}

/** RFC 9112 "Request Target": a proxy is told the whole address. */
function headOf(url: URL, reader: URL | undefined, init: FetchInit): string {
  const { method = "GET", headers } = init;
  const target = `${reader ? url.origin : ""}${url.pathname}${url.search}`;
  return requestHead(method, target, {
    host: url.host,
    ...(reader && proxyLogin(reader)),
    ...bodyHeaders(init),
    ...headers,
  });
}

/** The server has closed a connection that was waiting, just as it was used: it has seen no request. */
function isStale(error: unknown): boolean {
  return ["ECONNRESET", "EPIPE"].includes((error as NodeJS.ErrnoException).code ?? "");
}

/** RFC 9110 "Idempotent Methods": what may be done twice may be asked for again. A stream is gone. */
function isRepeatable({ method = "GET", body }: FetchInit): boolean {
  return !["POST", "PATCH"].includes(method) && !(body instanceof ReadableStream);
}
