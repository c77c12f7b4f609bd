import { type Context, Hono } from "hono";
import { type ByteStream, collect, streamOf } from "../../src/bytes/stream.ts";
import { SealiftError } from "../../src/error.ts";
import type { Mirror } from "../../src/mirror/mirror.ts";
import { parseManifestReference, parseRepository, parseTag } from "../../src/mirror/name.ts";
import { MAX_DOCUMENT_SIZE } from "../../src/oci/json.ts";
import { methodNotAllowed } from "../error.ts";
import { etagOf, matchesEtag } from "../etag.ts";
import { manifestPath } from "../path.ts";

const PATH = "/v2/:name/manifests/:reference";

/** Bounds the work and the answer's header of one request; the spec asks for 10 at least. */
const MAX_TAGS = 100;

/** Pulling, pushing and deleting manifests and tags (end-3, end-7, end-9). */
export function manifestRoutes({ manifests }: Mirror): Hono {
  const routes = new Hono();

  routes.get(PATH, async (c) => {
    const repository = parseRepository(c.req.param("name"));
    const reference = parseManifestReference(c.req.param("reference"));
    const { digest, mediaType, bytes } = await manifests.get(repository, reference);
    const etag = etagOf(digest);
    c.header("Docker-Content-Digest", digest);
    c.header("ETag", etag);
    if (matchesEtag(c.req.header("If-None-Match"), etag)) return c.body(null, 304);
    c.header("Content-Type", mediaType);
    c.header("Content-Length", String(bytes.length));
    return c.body(bytes as Uint8Array<ArrayBuffer>);
  });

  routes.put(PATH, async (c) => {
    const repository = parseRepository(c.req.param("name"));
    const reference = parseManifestReference(c.req.param("reference"));
    const tags = (c.req.queries("tag") ?? []).map(parseTag);
    if (tags.length > MAX_TAGS) {
      throw new SealiftError("TAG_INVALID", `Cannot store manifest: more than ${MAX_TAGS} tags at once`);
    }
    const bytes = await manifestBody(c);
    const { digest, subject } = await manifests.put(repository, reference, {
      bytes,
      contentType: c.req.header("Content-Type"),
      tags,
    });
    c.header("Location", manifestPath(repository, digest));
    c.header("Docker-Content-Digest", digest);
    if (subject) c.header("OCI-Subject", subject);
    for (const tag of tags) c.header("OCI-Tag", tag, { append: true });
    return c.body(null, 201);
  });

  routes.delete(PATH, async (c) => {
    await manifests.remove(
      parseRepository(c.req.param("name")),
      parseManifestReference(c.req.param("reference")),
    );
    return c.body(null, 202);
  });

  routes.all(PATH, methodNotAllowed("GET", "HEAD", "PUT", "DELETE"));
  return routes;
}

/** The one body that is held in memory, so its size is limited; 413 beyond. */
async function manifestBody(c: Context): Promise<Uint8Array> {
  if (Number(c.req.header("Content-Length") ?? 0) > MAX_DOCUMENT_SIZE) {
    throw new SealiftError(
      "LIMIT_EXCEEDED",
      `Cannot store manifest: it is larger than ${MAX_DOCUMENT_SIZE} bytes`,
    );
  }
  const body = c.req.raw.body as ByteStream | null;
  return collect(body ?? streamOf(new Uint8Array()), MAX_DOCUMENT_SIZE, "manifest");
}
