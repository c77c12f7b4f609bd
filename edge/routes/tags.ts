import { Hono } from "hono";
import type { Mirror } from "../../src/mirror/mirror.ts";
import { parseRepository } from "../../src/mirror/name.ts";
import { methodNotAllowed } from "../error.ts";
import { linkNext, wantedPage } from "../pagination.ts";

const PATH = "/v2/:name/tags/list";

/** Listing tags (end-8). */
export function tagRoutes({ tags }: Mirror): Hono {
  const routes = new Hono();
  routes.get(PATH, async (c) => {
    const name = parseRepository(c.req.param("name"));
    const page = await tags.list(name, wantedPage(c));
    linkNext(c, `/v2/${name}/tags/list`, page);
    return c.json({ name, tags: page.names });
  });
  routes.all(PATH, methodNotAllowed("GET", "HEAD"));
  return routes;
}
