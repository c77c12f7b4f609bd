import { Hono } from "hono";
import type { Mirror } from "../../src/mirror/mirror.ts";
import { parseRepository } from "../../src/mirror/name.ts";
import { parseDigest } from "../../src/oci/digest.ts";
import { MEDIA_TYPE } from "../../src/oci/media-type.ts";
import { methodNotAllowed } from "../error.ts";

const PATH = "/v2/:name/referrers/:digest";

/** Listing referrers (end-12). */
export function referrerRoutes({ referrers }: Mirror): Hono {
  const routes = new Hono();
  routes.get(PATH, async (c) => {
    const repository = parseRepository(c.req.param("name"));
    const subject = parseDigest(c.req.param("digest"));
    const artifactType = c.req.query("artifactType");
    const index = await referrers.list(repository, subject, artifactType);
    if (artifactType !== undefined) c.header("OCI-Filters-Applied", "artifactType");
    return c.json(index, 200, { "Content-Type": MEDIA_TYPE.ociIndex });
  });
  routes.all(PATH, methodNotAllowed("GET", "HEAD"));
  return routes;
}
