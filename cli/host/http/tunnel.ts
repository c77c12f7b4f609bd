/** RFC 9110, "CONNECT": a connection through a proxy that does not hear what is said. */
import type { Socket } from "node:net";
import type { Incoming } from "./connection.ts";
import { proxyLogin } from "./proxy.ts";
import { proxyRefusal } from "./proxy-failure.ts";
import { requestHead } from "./request-head.ts";
import { readHead } from "./response-head.ts";

/** Has the proxy's socket lead to the URL's host. Throws where the proxy refuses. */
export async function openTunnel(socket: Socket, url: URL, proxy: URL): Promise<void> {
  const target = url.port ? url.host : `${url.hostname}:443`;
  socket.write(requestHead("CONNECT", target, { host: target, ...proxyLogin(proxy) }), "latin1");
  const { status } = await readHead(incoming(socket));
  if (status !== 200) throw proxyRefusal(proxy, status);
}

/** Reads no further than is asked for: what follows belongs to TLS. */
function incoming(socket: Socket): Incoming {
  return {
    async read() {
      for (;;) {
        const piece: Buffer<ArrayBuffer> | null = socket.read();
        if (piece) return new Uint8Array(piece.buffer, piece.byteOffset, piece.length);
        if (socket.readableEnded || socket.destroyed) return undefined;
        await change(socket);
      }
    },
    unread(bytes) {
      if (bytes.length > 0) socket.unshift(bytes);
    },
  };
}

/** Resolves when there may be more to read, or never will be. */
function change(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const goOn = () => {
      for (const event of CHANGES) socket.off(event, goOn);
      resolve();
    };
    for (const event of CHANGES) socket.on(event, goOn);
  });
}

const CHANGES = ["readable", "end", "close"];
