/** Connections to where a URL leads: over TCP, with TLS for https, through the proxy where there is one. */
import type { Socket } from "node:net";
import type { SecureContext } from "node:tls";
import { Connection, ended, type OpenSocket, type SocketOptions } from "./connection.ts";
import { proxyFailure } from "./proxy-failure.ts";
import { timedOut } from "./timeouts.ts";
import { openTunnel } from "./tunnel.ts";

export interface Surroundings {
  /** Milliseconds that each step may take: the connection, a proxy's answer, TLS. */
  readonly patience: number;
  readonly signal?: AbortSignal | undefined;
  /** Who is spoken to, where it is not the host that is asked. */
  readonly proxy?: URL | undefined;
}

/** Resolves to a connection over the socket when that is ready for a request. Throws why it never is. */
export async function establish(open: OpenSocket, around: Surroundings): Promise<Connection> {
  let socket: Socket | undefined;
  const connection = new Connection((options) => {
    socket = open(options);
    return socket;
  }, around.proxy);
  await ready(socket as unknown as Socket, around);
  return connection;
}

/** Resolves to a connection to the URL's host, or to the proxy that a plain request goes to. */
export async function connect(url: URL, proxy: URL | undefined, around: Surroundings): Promise<Connection> {
  const near = { ...around, proxy };
  if (!proxy || url.protocol === "http:") return direct(proxy ?? url, near);
  const tunnel = openSocket(proxy, hostOf(proxy));
  // Whoever uses it at that moment hears of its end.
  tunnel.on("error", () => {});
  await ready(tunnel, near);
  await within(tunnel, near, openTunnel(tunnel, url, proxy), "did not answer");
  return establish((options) => secured(url, { socket: tunnel, ...options }), around);
}

/**
 * RFC 6761, "localhost.": the loopback interface, which nobody has to be asked
 * about; curl and browsers do the same. Of a name Node finds out whether it is
 * an IPv6 address, then the system is asked: eight milliseconds of each start.
 */
const LOCALHOST = ["127.0.0.1", "::1"];

async function direct(url: URL, around: Surroundings): Promise<Connection> {
  const host = hostOf(url);
  let failure: unknown;
  for (const address of host === "localhost" ? LOCALHOST : [host]) {
    try {
      return await establish((options) => openSocket(url, address, options), around);
    } catch (error) {
      // What somebody who listens fails with says more than that elsewhere nobody does.
      if ((error as NodeJS.ErrnoException).syscall !== "connect") throw error;
      failure ??= error;
    }
  }
  throw failure;
}

/** Waits for what makes the socket useful; on its failure, an abort, or after the patience, the socket is destroyed. */
async function within<T>(
  socket: Socket,
  { patience, signal, proxy }: Surroundings,
  work: Promise<T>,
  problem = "let nobody connect",
): Promise<T> {
  const timer = setTimeout(() => socket.destroy(timedOut(problem, patience, proxy)), patience);
  const abort = () => socket.destroy(signal?.reason);
  signal?.addEventListener("abort", abort);
  if (signal?.aborted) abort();
  try {
    return await work;
  } catch (error) {
    socket.destroy();
    // Who reads meanwhile sees only that it ended.
    throw proxyFailure(socket.errored ?? error, proxy);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
}

/** Waits until something may be sent over it. */
function ready(socket: Socket, around: Surroundings): Promise<void> {
  const connected = new Promise<void>((resolve, reject) => {
    socket.once("encrypted" in socket ? "secureConnect" : "connect", resolve);
    socket.once("error", reject);
    socket.once("close", () => reject(ended()));
  });
  return within(socket, around, connected);
}

function openSocket(url: URL, host: string, options?: SocketOptions): Socket {
  const place = {
    host,
    port: Number(url.port) || (url.protocol === "https:" ? 443 : 80),
    noDelay: true,
    ...options,
  };
  return url.protocol === "https:"
    ? secured(url, place)
    : process.getBuiltinModule("node:net").connect(place);
}

function secured(url: URL, options: object): Socket {
  // Loaded when it is needed: it takes long.
  const tls = process.getBuiltinModule("node:tls");
  context ??= tls.createSecureContext();
  const host = hostOf(url);
  // RFC 6066: an address is no name to ask for.
  const servername = process.getBuiltinModule("node:net").isIP(host) ? {} : { servername: host };
  return tls.connect({
    host,
    ...servername,
    ...options,
    secureContext: context,
    ALPNProtocols: ["http/1.1"],
  });
}

/** Made once: the machine's authorities are many. */
let context: SecureContext | undefined;

function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, "");
}
