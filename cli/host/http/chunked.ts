/** RFC 9112, "Chunked Transfer Coding". */
import { giveBack } from "../../../src/bytes/loan.ts";
import { ended, type Incoming } from "./connection.ts";
import { latin1, notHttp } from "./response-head.ts";

/** Of a chunk's size with its extensions, which nobody uses, and of all trailers, in bytes. */
const MAX_LINE = 4096;
const MAX_TRAILERS = 64 * 1024;

const CR = 13;
const LF = 10;

/** The bytes of the chunks; the trailers are passed over. */
export async function* chunkedBody(incoming: Incoming): AsyncGenerator<Uint8Array, void, void> {
  for (;;) {
    let left = sizeOf(await readLine(incoming, MAX_LINE));
    if (left === 0) break;
    while (left > 0) {
      const bytes = await incoming.read();
      if (!bytes) throw ended();
      incoming.unread(bytes.subarray(left));
      const ours = bytes.subarray(0, left);
      left -= ours.length;
      yield ours;
    }
    if ((await readLine(incoming, 0)) !== "") throw notHttp("a chunk is longer than it says");
  }
  let room = MAX_TRAILERS;
  for (let line = " "; line !== ""; room -= line.length) line = await readLine(incoming, room);
}

/** Fourteen digits are more than any body has, and exact. */
function sizeOf(line: string): number {
  const [, digits] = /^([\da-f]{1,13})[ \t]*(?:;.*)?$/i.exec(line) ?? [];
  if (digits === undefined) throw notHttp("a chunk's size is none");
  return Number.parseInt(digits, 16);
}

/** Without its end. */
async function readLine(incoming: Incoming, limit: number): Promise<string> {
  let line = "";
  for (;;) {
    const bytes = await incoming.read();
    if (!bytes) throw ended();
    const end = bytes.indexOf(LF);
    const ours = end === -1 ? bytes : bytes.subarray(0, end + 1);
    const rest = bytes.subarray(ours.length);
    line += latin1(ours);
    giveBack(ours);
    if (line.length > limit + 2) throw notHttp("a line between its chunks is too long");
    if (end === -1) continue;
    incoming.unread(rest);
    if (line.charCodeAt(line.length - 2) !== CR)
      throw notHttp("a line between its chunks does not end as one");
    return line.slice(0, -2);
  }
}
