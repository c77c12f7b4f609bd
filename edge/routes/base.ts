import { type Context, Hono } from "hono";
import type { Mirror } from "../../src/mirror/mirror.ts";
import { noSuchPath } from "../error.ts";
import { homePage } from "../home-page.ts";
import { type PageFiles, pageResponse } from "../page.ts";

/** How many repositories the page at `/repositories` names. */
const SHOWN = 100;

/** The API's root (end-1), the verifier page where the host has it, what the registry holds, and a probe for load balancers. */
export function baseRoutes({ tags }: Mirror, page?: PageFiles): Hono {
  const routes = new Hono();
  const home = async (c: Context) => {
    // The page runs nothing and loads nothing, whatever a repository may be called.
    c.header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'");
    return c.html(homePage(await tags.repositories({ limit: SHOWN }), new URL(c.req.url).host));
  };
  routes.get("/v2", (c) => c.json({}));
  routes.get("/healthz", (c) => c.text("ok\n"));
  routes.get("/repositories", home);
  const file = async (c: Context, path: string) => page && pageResponse(path, c.req.raw.headers, page);
  routes.get("/", async (c) => (await file(c, "/")) ?? home(c));
  if (page) routes.get("/assets/*", async (c) => (await file(c, c.req.path)) ?? noSuchPath(c));
  return routes;
}
