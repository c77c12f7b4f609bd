import { type Context, Hono } from "hono";
import type { Mirror } from "../../src/mirror/mirror.ts";
import { parseRepository } from "../../src/mirror/name.ts";
import { parseDigest } from "../../src/oci/digest.ts";
import { MEDIA_TYPE } from "../../src/oci/media-type.ts";
import { methodNotAllowed } from "../error.ts";
import { etagOf, matchesEtag } from "../etag.ts";
import { type ByteRange, parseRange } from "../range.ts";

const PATH = "/v2/:name/blobs/:digest";

/** Pulling and deleting blobs (end-2, end-10). */
export function blobRoutes({ blobs }: Mirror): Hono {
  const routes = new Hono();

  routes.get(PATH, async (c) => {
    const repository = parseRepository(c.req.param("name"));
    const digest = parseDigest(c.req.param("digest"));
    const size = await blobs.size(repository, digest);
    const etag = etagOf(digest);
    c.header("Docker-Content-Digest", digest);
    c.header("ETag", etag);
    c.header("Accept-Ranges", "bytes");
    if (matchesEtag(c.req.header("If-None-Match"), etag)) return c.body(null, 304);

    const range = wantedRange(c, etag, size);
    if (range === "unsatisfiable") {
      c.header("Content-Range", `bytes */${size}`);
      return c.body(null, 416);
    }
    const { start, end } = range ?? { start: 0, end: size };
    // Both always: without a type some hosts compress the answer and lose its length.
    c.header("Content-Type", MEDIA_TYPE.octetStream);
    c.header("Content-Length", String(end - start));
    if (range) c.header("Content-Range", `bytes ${start}-${end - 1}/${size}`);
    const status = range ? 206 : 200;
    // An answer to HEAD has no body: a stream opened for it would never be closed.
    if (c.req.method === "HEAD") return c.body(null, status);
    return c.body(await blobs.open(repository, digest, start, end), status);
  });

  routes.delete(PATH, async (c) => {
    await blobs.remove(parseRepository(c.req.param("name")), parseDigest(c.req.param("digest")));
    return c.body(null, 202);
  });

  routes.all(PATH, methodNotAllowed("GET", "HEAD", "DELETE"));
  return routes;
}

/** Range is for GET only, and If-Range makes it void for another version (RFC 9110, 13.1.5). */
function wantedRange(c: Context, etag: string, size: number): ByteRange | "unsatisfiable" | undefined {
  if (c.req.method === "HEAD") return undefined;
  const condition = c.req.header("If-Range");
  if (condition !== undefined && condition !== etag) return undefined;
  return parseRange(c.req.header("Range"), size);
}
