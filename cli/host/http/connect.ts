/** Connections to where a URL leads: over TCP, with TLS for https, through the proxy where there is one. */
import type { Socket } from "node:net";
import type { SecureContext } from "node:tls";
import { Connection, type SocketOptions } from "./connection.ts";
import { timedOut } from "./timeouts.ts";
import { openTunnel } from "./tunnel.ts";

export interface Surroundings {
  /** Milliseconds until it must be there. */
  readonly patience: number;
  readonly signal?: AbortSignal | undefined;
}

/** Resolves to a connection that is ready for a request. Throws why there is none. */
export async function connect(
  url: URL,
  proxy: URL | undefined,
  { patience, signal }: Surroundings,
): Promise<Connection> {
  let latest: Socket | undefined;
  const made = (socket: Socket) => {
    latest = socket;
    return socket;
  };
  const timer = setTimeout(() => latest?.destroy(timedOut("let nobody connect", patience)), patience);
  const abort = () => latest?.destroy(signal?.reason);
  signal?.addEventListener("abort", abort);
  try {
    const isTunnel = proxy && url.protocol === "https:";
    const under = isTunnel && (await openTunnel(await established(made(openSocket(proxy))), url, proxy));
    const open = (options: SocketOptions) =>
      made(under ? secured(url, { socket: under }) : openSocket(proxy ?? url, options));
    const connection = new Connection(open);
    await established(latest as unknown as Socket);
    return connection;
  } catch (error) {
    latest?.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
}

function openSocket(url: URL, options?: SocketOptions): Socket {
  const place = {
    host: hostOf(url),
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

/** The socket, when something may be sent over it. */
function established(socket: Socket): Promise<Socket> {
  return new Promise((resolve, reject) => {
    socket.once("encrypted" in socket ? "secureConnect" : "connect", () => resolve(socket));
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("it closed the connection")));
  });
}
