import { Hono } from "hono";
import type { Mirror } from "../../src/mirror/mirror.ts";
import { homePage } from "../home-page.ts";

/** How many repositories the page at `/` names. */
const SHOWN = 100;

/** The API's root (end-1), the page at `/`, and a probe for load balancers. */
export function baseRoutes({ tags }: Mirror): Hono {
  const routes = new Hono();
  routes.get("/v2", (c) => c.json({}));
  routes.get("/healthz", (c) => c.text("ok\n"));
  routes.get("/", async (c) => {
    // The page runs nothing and loads nothing, whatever a repository may be called.
    c.header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'");
    return c.html(homePage(await tags.repositories({ limit: SHOWN }), new URL(c.req.url).host));
  });
  return routes;
}
