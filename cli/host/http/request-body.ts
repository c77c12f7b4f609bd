/** A request's body, on its way. */
import { giveBack } from "../../../src/bytes/loan.ts";
import { chunksOf } from "../../../src/bytes/stream.ts";
import type { FetchInit } from "../../../src/host.ts";
import type { Connection } from "./connection.ts";

/** What the headers say of the body (RFC 9112, "Message Body Length"). */
export function bodyHeaders(init: FetchInit): Readonly<Record<string, string>> {
  const { method = "GET", body } = init;
  if (body instanceof Uint8Array) return { "content-length": String(body.length) };
  if (body) return statedLength(init) === undefined ? { "transfer-encoding": "chunked" } : {};
  // RFC 9110 "Content-Length": with these, one is expected.
  return ["POST", "PUT", "PATCH"].includes(method) ? { "content-length": "0" } : {};
}

/**
 * Sends the body, a stream as fast as the network takes it, as long as somebody
 * wants it; resolves to whether all of it is sent. Throws why the stream
 * failed, and where it has another length than is stated.
 */
export async function sendBody(
  connection: Connection,
  init: FetchInit,
  silence: number,
  isWanted: () => boolean,
): Promise<boolean> {
  const { body } = init;
  if (body === undefined) return true;
  if (body instanceof Uint8Array) return send(connection, [body], silence);
  const length = statedLength(init);
  const frame = length === undefined ? chunk : counted(Number(length));
  for await (const piece of chunksOf(body)) {
    // A chunk of nothing would be the last one.
    if (piece.length === 0) continue;
    const parts = frame(piece);
    await arrivals();
    if (!isWanted() || !(await send(connection, parts, silence, () => giveBack(piece)))) return false;
  }
  return isWanted() && (await send(connection, frame(), silence));
}

/**
 * Lets what has arrived be read. Who answers early closes the connection, too:
 * on that, the next write would break it, and the answer with it. The first
 * round of Node's loop may have looked for arrivals already.
 */
function arrivals(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}

/** The parts of a message that carry a piece of a stream; without one, those that end it. */
type Frame = (piece?: Uint8Array) => readonly (Uint8Array | string)[];

/** RFC 9112, "Chunked Transfer Coding". */
const chunk: Frame = (piece) => (piece ? [`${piece.length.toString(16)}\r\n`, piece, "\r\n"] : ["0\r\n\r\n"]);

/** What follows a request on its connection is the next one: no body may be longer than it says. */
function counted(length: number): Frame {
  let left = length;
  return (piece) => {
    left -= piece?.length ?? 0;
    if (left < 0) throw new Error(`the body is longer than its ${length} bytes`);
    if (!piece && left > 0) throw new Error(`the body is shorter than its ${length} bytes`);
    return piece ? [piece] : [];
  };
}

/** Whether the connection has taken them; why it has not, its reader hears. `onSent`: they may change again. */
async function send(
  connection: Connection,
  parts: readonly (Uint8Array | string)[],
  silence: number,
  onSent?: () => void,
): Promise<boolean> {
  if (!connection.isOpen) return false;
  if (connection.write(parts, onSent)) return true;
  connection.limit(silence, "took nothing");
  await connection.drained();
  connection.limit(0);
  return connection.isOpen;
}

function statedLength({ headers = {} }: FetchInit): string | undefined {
  return Object.entries(headers).find(([name]) => name.toLowerCase() === "content-length")?.[1];
}
