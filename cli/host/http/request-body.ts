import type { ClientRequest } from "node:http";
import type { Socket } from "node:net";
import { chunksOf } from "../../../src/bytes/stream.ts";
import type { FetchInit } from "../../../src/host.ts";
import { timedOut } from "./timeouts.ts";

/**
 * Sends a request with its body, a stream as fast as the network takes it; none
 * of it is read before there is a connection, or after an answer has come.
 * A failure of the stream, or of the server to take it, is the request's.
 */
export async function sendBody(
  request: ClientRequest,
  { body, headers }: FetchInit,
  silence: number,
): Promise<void> {
  if (!(body instanceof ReadableStream)) return void request.end(body);
  let over = false;
  for (const event of ["response", "close"]) request.once(event, () => (over = true));
  await connected(request);
  if (over) return body.cancel();
  const length = headers?.["content-length"];
  let left = length === undefined ? Number.NaN : Number(length);
  for await (const chunk of chunksOf(body)) {
    left -= chunk.length;
    // What follows a request on its connection is the next one: none may be longer than it says.
    if (left < 0) throw new Error(`the body is longer than its ${length} bytes`);
    if (over) return;
    if (left === 0) request.end(chunk);
    else if (!request.write(chunk)) await drained(request, silence);
  }
  if (left > 0) throw new Error(`the body is shorter than its ${length} bytes`);
  if (!request.writableEnded) request.end();
}

/** What of node:tls's sockets tells that they are, and that their handshake is not done. */
type Securable = Socket & { readonly encrypted?: true; readonly secureConnecting?: boolean };

/** Resolves when the request has a connection to send over, or has failed. */
export function connected(request: ClientRequest): Promise<void> {
  return new Promise((resolve) => {
    request.once("close", resolve);
    request.once("socket", (socket) => {
      const { encrypted, secureConnecting } = socket as Securable;
      if (socket.connecting || secureConnecting)
        socket.once(encrypted ? "secureConnect" : "connect", resolve);
      else resolve();
    });
  });
}

/** Node counts a large write's progress as life, so that a slow line is not taken for a dead one. */
function drained(request: ClientRequest, silence: number): Promise<void> {
  return new Promise((resolve) => {
    const { socket } = request;
    const stalled = () => request.destroy(timedOut("took nothing", silence));
    const goOn = () => {
      socket?.setTimeout(0, stalled);
      for (const event of ENDS_OF_WAITING) request.off(event, goOn);
      resolve();
    };
    socket?.setTimeout(silence, stalled);
    for (const event of ENDS_OF_WAITING) request.on(event, goOn);
  });
}

const ENDS_OF_WAITING = ["drain", "response", "close"];
