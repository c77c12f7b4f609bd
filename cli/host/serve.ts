import type { Server } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { createAdaptorServer, type HttpBindings } from "@hono/node-server";
import { reasonOf, SealiftError } from "../../src/error.ts";
import { systemCode } from "./fs-store-files.ts";

/** Milliseconds that requests in progress get to end. */
const GRACE = 5_000;

export interface ServeOptions {
  readonly host: string;
  /** 0: any free one; `url` says which. */
  readonly port: number;
  /** Serves HTTPS with this certificate and key, both PEM. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** Anything that answers requests; a Hono app does. */
export interface WebApp {
  fetch(request: Request): Response | Promise<Response>;
}

export interface Served {
  /** `http://host:port` or `https://…`, without a slash at the end. */
  readonly url: string;
  /** Takes no more requests, lets those in progress end, then resolves. */
  close(): Promise<void>;
}

/**
 * Listens with Node's HTTP server. Throws ADDRESS_IN_USE if another program has
 * the port, DENIED if this user may not open it, IO.
 */
export async function serve(app: WebApp, { host, port, tls }: ServeOptions): Promise<Served> {
  const server = createAdaptorServer({
    fetch: async (request, { incoming }) => {
      const response = await app.fetch(request);
      letRestPass(incoming as HttpBindings["incoming"]);
      return response;
    },
    // Node ends a request after five minutes; a layer over a slow line takes longer.
    serverOptions: { requestTimeout: 0, ...tls },
    ...(tls && { createServer: createHttpsServer }),
  }) as Server;
  await listen(server, host, port);
  const address = server.address();
  const actual = typeof address === "object" && address ? address.port : port;
  return {
    url: `${tls ? "https" : "http"}://${host.includes(":") ? `[${host}]` : host}:${actual}`,
    close: () => close(server),
  };
}

/**
 * The rest of a refused body must flow, to nowhere: a connection closed with
 * bytes unread is reset, and the client may lose our answer with it. The adaptor
 * ends the connection if that takes long; but its stream, half read, holds the
 * flow until its listener is gone.
 */
function letRestPass(incoming: HttpBindings["incoming"]): void {
  if (incoming.method === "GET" || incoming.method === "HEAD" || incoming.readableEnded) return;
  incoming.removeAllListeners("data");
  incoming.resume();
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => reject(listenError(error, host, port)));
    server.listen(port, host, () => {
      server.removeAllListeners("error");
      resolve();
    });
  });
}

function listenError(error: unknown, host: string, port: number): SealiftError {
  const at = `${host}:${port}`;
  const code = systemCode(error);
  if (code === "EADDRINUSE") {
    return new SealiftError("ADDRESS_IN_USE", `Cannot listen on ${at}: port ${port} is taken`, {
      cause: error,
    });
  }
  if (code === "EACCES") {
    return new SealiftError("DENIED", `Cannot listen on ${at}: this user may not open port ${port}`, {
      cause: error,
      hint: "Choose a port from 1024 up with --listen HOST:PORT.",
    });
  }
  return new SealiftError("IO", `Cannot listen on ${at}: ${reasonOf(error)}`, { cause: error });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    // A connection becomes idle a moment after its last answer; clients would keep it for seconds.
    const idle = setInterval(() => server.closeIdleConnections(), 50);
    const patience = setTimeout(() => server.closeAllConnections(), GRACE);
    server.close(() => {
      clearInterval(idle);
      clearTimeout(patience);
      resolve();
    });
  });
}
