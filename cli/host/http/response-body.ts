/** An answer's body as its head frames it (RFC 9112, "Message Body"). */
import { chunkedBody } from "./chunked.ts";
import { ended, type Incoming } from "./connection.ts";
import { notHttp, type ResponseHead } from "./response-head.ts";

/** How the end of a body is found. */
export type Framing =
  | { readonly type: "none" }
  | { readonly type: "length"; readonly length: number }
  | { readonly type: "chunked" }
  /** Where the connection ends. */
  | { readonly type: "close" };

/** Answers that have none whatever their headers say. */
const BODILESS = [204, 304];

/** Throws where the headers contradict themselves: another reader could take the rest for an answer of its own. */
export function framingOf({ status, headers }: ResponseHead, method: string): Framing {
  if (method === "HEAD" || BODILESS.includes(status)) return { type: "none" };
  const coding = headers.get("transfer-encoding")?.toLowerCase();
  const length = headers.get("content-length");
  if (coding !== undefined) {
    if (coding !== "chunked") throw notHttp(`its transfer coding "${coding.slice(0, 40)}" was not asked for`);
    if (length !== undefined) throw notHttp("its length is stated twice");
    return { type: "chunked" };
  }
  if (length === undefined) return { type: "close" };
  // The same said again is no contradiction.
  const [stated = "", ...others] = new Set(length.split(/, */));
  if (others.length > 0 || !/^\d{1,15}$/.test(stated)) throw notHttp("its length is not a number");
  return stated === "0" ? { type: "none" } : { type: "length", length: Number(stated) };
}

/** The body's bytes as they arrive. Throws where the connection ends before it does. */
export function bodyOf(
  incoming: Incoming,
  framing: Exclude<Framing, { readonly type: "none" }>,
): AsyncGenerator<Uint8Array, void, void> {
  switch (framing.type) {
    case "length":
      return countedBody(incoming, framing.length);
    case "chunked":
      return chunkedBody(incoming);
    case "close":
      return wholeBody(incoming);
  }
}

async function* countedBody(incoming: Incoming, length: number): AsyncGenerator<Uint8Array, void, void> {
  for (let left = length; left > 0; ) {
    const bytes = await incoming.read();
    if (!bytes) throw ended();
    if (bytes.length > left) incoming.unread(bytes.subarray(left));
    const ours = bytes.subarray(0, left);
    left -= ours.length;
    yield ours;
  }
}

async function* wholeBody(incoming: Incoming): AsyncGenerator<Uint8Array, void, void> {
  for (let bytes = await incoming.read(); bytes; bytes = await incoming.read()) yield bytes;
}
