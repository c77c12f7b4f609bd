/** What stands before an answer's body (RFC 9112, "Message Format"). */
import { giveBack } from "../../../src/bytes/loan.ts";
import { ended, type Incoming } from "./connection.ts";

export interface ResponseHead {
  readonly status: number;
  /** By name in small letters; what comes several times is joined. */
  readonly headers: ReadonlyMap<string, string>;
  /** Whether the server keeps the connection for another request. */
  readonly persistent: boolean;
}

/** The code of the error for what is no answer, which asking again would not change. */
export const NOT_HTTP = "NOT_HTTP";

/** In bytes. */
const MAX_HEAD = 64 * 1024;
/** An endless row of them would be read for ever. */
const MAX_PROVISIONAL = 32;
const EMPTY_LINE = "\r\n\r\n";

/** The head of the answer that is not a provisional one (1xx). Throws where none comes, or what comes is none. */
export async function readHead(incoming: Incoming): Promise<ResponseHead> {
  for (let provisional = 0; provisional <= MAX_PROVISIONAL; provisional++) {
    const head = parseHead(await readText(incoming));
    if (head.status >= 200) return head;
    // Nothing that would change the protocol is ever asked for.
    if (head.status === 101) throw notHttp("it changes the protocol unasked");
  }
  throw notHttp("it stays provisional");
}

async function readText(incoming: Incoming): Promise<string> {
  let text = "";
  for (;;) {
    const bytes = await incoming.read();
    if (!bytes) throw ended();
    const known = Math.max(0, text.length - EMPTY_LINE.length + 1);
    // One character is one byte, so that what follows the head is found again.
    const whole = text + latin1(bytes.subarray(0, MAX_HEAD));
    const end = whole.indexOf(EMPTY_LINE, known);
    refuseEarly(end === -1 ? whole : whole.slice(0, end), known);
    if (end !== -1 && end <= MAX_HEAD) {
      const ours = end + EMPTY_LINE.length - text.length;
      incoming.unread(bytes.subarray(ours));
      giveBack(bytes.subarray(0, ours));
      return whole.slice(0, end);
    }
    giveBack(bytes);
    if (whole.length >= MAX_HEAD) throw notHttp(`its headers are longer than ${MAX_HEAD} bytes`);
    text = whole;
  }
}

/**
 * What cannot become a head, at the first byte that shows it. RFC 9112 ("Message
 * Parsing") lets a line feed alone end a line: those on the way who read it
 * otherwise could be made to see other answers than we do, and who waited for
 * its end would wait until the time is over.
 */
function refuseEarly(head: string, known: number): void {
  if (!"HTTP/1.".startsWith(head.slice(0, 7))) throw notHttp("it does not begin as one");
  HALF_LINE_END.lastIndex = known;
  if (HALF_LINE_END.test(head)) throw notHttp("a line of its head does not end as one");
}

const HALF_LINE_END = /\r(?!\n|$)|(?<!\r)\n/g;

function parseHead(text: string): ResponseHead {
  const [first = "", ...lines] = text.split("\r\n");
  const [, minor, status] = /^HTTP\/1\.([01]) (\d{3})(?: .*)?$/.exec(first) ?? [];
  if (status === undefined) throw notHttp("it does not begin as one");
  const headers = new Map<string, string>();
  for (const line of lines) addHeader(headers, line);
  const options = (headers.get("connection") ?? "").toLowerCase();
  const persistent = minor === "1" ? !/\bclose\b/.test(options) : /\bkeep-alive\b/.test(options);
  return { status: Number(status), headers, persistent };
}

/** RFC 9110, "Tokens". */
const NAME = /^[!#$%&'*+.^_`|~\w-]+$/;

/** RFC 9110, "Field Values"; folded lines are long forbidden. */
function addHeader(headers: Map<string, string>, line: string): void {
  const colon = line.indexOf(":");
  const name = line.slice(0, Math.max(0, colon));
  const value = withoutSpace(line.slice(colon + 1));
  if (!NAME.test(name) || /[\0\r\n]/.test(value)) throw notHttp("one of its headers is none");
  const key = name.toLowerCase();
  const earlier = headers.get(key);
  headers.set(key, earlier === undefined ? value : `${earlier}, ${value}`);
}

/** Not by an expression: one that ends in `[ \t]*$` takes the square of a header's length. */
function withoutSpace(text: string): string {
  const isSpace = (at: number) => text[at] === " " || text[at] === "\t";
  let begin = 0;
  let end = text.length;
  while (begin < end && isSpace(begin)) begin++;
  while (end > begin && isSpace(end - 1)) end--;
  return text.slice(begin, end);
}

export function notHttp(problem: string): Error {
  return Object.assign(new Error(`its answer is not HTTP: ${problem}`), { code: NOT_HTTP });
}

/** One character for each byte. */
export function latin1({ buffer, byteOffset, length }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, length).toString("latin1");
}
