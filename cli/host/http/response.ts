import type { Readable, Transform } from "node:stream";
import { type ByteStream, streamFrom } from "../../../src/bytes/stream.ts";
import type { FetchHeaders, FetchResponse } from "../../../src/host.ts";
import type { Incoming } from "./connection.ts";
import { proxyFailure } from "./proxy-failure.ts";
import { bodyOf, type Framing, framingOf } from "./response-body.ts";
import type { ResponseHead } from "./response-head.ts";

/** What is still to come of a body that nobody wants is read rather than its connection given up, up to this many bytes. */
const WORTH_A_CONNECTION = 64 * 1024;

/**
 * The answer as fetch gives it; `onEnd` hears once whether its body was read to
 * its end, and a body that breaks fails with what `proxyFailure` makes of that
 * where a `proxy` sends it. Throws where its head contradicts itself.
 */
export function responseOf(
  head: ResponseHead,
  method: string,
  incoming: Incoming,
  onEnd: (whole: boolean) => void,
  proxy?: URL,
): FetchResponse {
  const { status, headers } = head;
  const framing = framingOf(head, method);
  if (framing.type === "none") onEnd(true);
  return {
    type: "default",
    status,
    ok: status >= 200 && status < 300,
    headers: headersOf(headers),
    body: framing.type === "none" ? null : bodyStream(head, framing, incoming, onEnd, proxy),
  };
}

function headersOf(headers: ReadonlyMap<string, string>): FetchHeaders {
  const get = (name: string) => headers.get(name.toLowerCase()) ?? null;
  return { get, has: (name) => get(name) !== null };
}

function bodyStream(
  { headers }: ResponseHead,
  framing: Exclude<Framing, { readonly type: "none" }>,
  incoming: Incoming,
  onEnd: (whole: boolean) => void,
  proxy: URL | undefined,
): ByteStream {
  const body = bodyOf(incoming, framing);
  let left = framing.type === "length" ? framing.length : Number.POSITIVE_INFINITY;
  let over = false;
  const end = (whole: boolean) => {
    if (!over) onEnd(whole);
    over = true;
  };
  const next = async () => {
    try {
      const result = await body.next();
      if (result.done) end(framing.type !== "close");
      else left -= result.value.length;
      return result;
    } catch (error) {
      end(false);
      throw proxyFailure(error, proxy);
    }
  };
  const discard = async () => {
    try {
      if (left <= WORTH_A_CONNECTION) while (!over) await next();
    } finally {
      end(false);
    }
    return { done: true, value: undefined } as const;
  };
  const pieces = { [Symbol.asyncIterator]: () => ({ next, return: discard }) };
  return streamFrom(decoded(pieces, headers.get("content-encoding")), discard);
}

/** Nothing encoded is asked for, but there are servers that send it all the same; as fetch does, it is decoded. */
function decoded(pieces: AsyncIterable<Uint8Array>, encoding: string | undefined): AsyncIterable<Uint8Array> {
  const decoder = decoderOf(encoding);
  if (!decoder) return pieces;
  return process.getBuiltinModule("node:stream").pipeline(pieces, decoder, () => {}) as Readable;
}

function decoderOf(encoding = ""): Transform | undefined {
  const zlib = () => process.getBuiltinModule("node:zlib");
  switch (encoding.trim().toLowerCase()) {
    case "gzip":
    case "x-gzip":
      return zlib().createGunzip();
    case "deflate":
      return zlib().createInflate();
    case "br":
      return zlib().createBrotliDecompress();
    default:
      return undefined;
  }
}
