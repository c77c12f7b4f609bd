import { Hono } from "hono";
import type { Mirror } from "../../src/mirror/mirror.ts";
import { linkNext, wantedPage } from "../pagination.ts";

/** Listing repositories: not in the distribution spec, but what every registry before it had. */
export function catalogRoutes({ tags }: Mirror): Hono {
  const routes = new Hono();
  routes.get("/v2/_catalog", async (c) => {
    const page = await tags.repositories(wantedPage(c));
    linkNext(c, "/v2/_catalog", page);
    return c.json({ repositories: page.names });
  });
  return routes;
}
