import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { parseAccept } from "hono/utils/accept";
import { matchesEtag } from "../../edge/app.ts";
import { nodeCrypto } from "./node-crypto.ts";

/** A file of the page, as it is and gzipped; each form has a validator of its own (RFC 9110, 8.8.3.3). */
export class PageFile {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #type: string;
  readonly #hash: string;
  /** Made when it is first asked for, and kept: it is small, and would take 20 ms of each start. */
  #gzipped: Promise<Uint8Array<ArrayBuffer>> | undefined;

  constructor(bytes: Uint8Array<ArrayBuffer>, type: string) {
    this.#bytes = bytes;
    this.#type = type;
    this.#hash = nodeCrypto().createHash("sha256").update(bytes).digest("hex").slice(0, 32);
  }

  /** The answer to a request with these headers, be it GET or HEAD. */
  async answer(asked: Headers): Promise<Response> {
    const isCoded = asksForGzip(asked.get("Accept-Encoding"));
    const etag = `"${this.#hash}${isCoded ? "-gzip" : ""}"`;
    const headers = new Headers({ ETag: etag, Vary: "Accept-Encoding" });
    if (matchesEtag(asked.get("If-None-Match") ?? undefined, etag))
      return new Response(null, { status: 304, headers });
    const bytes = isCoded ? await this.#gzip() : this.#bytes;
    if (isCoded) headers.set("Content-Encoding", "gzip");
    headers.set("Content-Type", this.#type);
    headers.set("Content-Length", String(bytes.length));
    return new Response(bytes, { headers });
  }

  #gzip(): Promise<Uint8Array<ArrayBuffer>> {
    this.#gzipped ??= promisify(gzip)(this.#bytes, { level: 9 });
    return this.#gzipped;
  }
}

/** Whether an Accept-Encoding header would rather have gzip than the bytes as they are (RFC 9110, 12.5.3). */
function asksForGzip(header: string | null): boolean {
  const known = parseAccept(header ?? "")
    .filter(({ q }) => q > 0)
    .map(({ type }) => type.toLowerCase());
  return known.find((type) => type === "gzip" || type === "identity") === "gzip";
}
