/** The mirror's HTTP face: a Hono app over Web APIs, mounted by any host that can answer a Request. */
import { type Context, Hono } from "hono";
import { SealiftError } from "../src/error.ts";
import type { LogEvent } from "../src/host.ts";
import { createMirror, type MirrorOptions } from "../src/mirror/mirror.ts";
import { type CorsOrigins, corsFor } from "./cors.ts";
import { discardBody } from "./discard-body.ts";
import { errorResponse, noSuchPath } from "./error.ts";
import type { PageFiles } from "./page.ts";
import { routedPath } from "./path.ts";
import { baseRoutes } from "./routes/base.ts";
import { blobRoutes } from "./routes/blobs.ts";
import { catalogRoutes } from "./routes/catalog.ts";
import { manifestRoutes } from "./routes/manifests.ts";
import { referrerRoutes } from "./routes/referrers.ts";
import { tagRoutes } from "./routes/tags.ts";
import { uploadRoutes } from "./routes/uploads.ts";

// What a host needs that answers for the page's files itself.
export { matchesEtag } from "./etag.ts";
export type { PageFiles } from "./page.ts";

export interface AppOptions extends MirrorOptions {
  /** Hears of failures whose reason the client is not told. */
  readonly log?: (event: LogEvent) => void;
  /** The verifier page's files; without it `/` says what the registry is and holds. */
  readonly page?: PageFiles;
  /** Whose pages may use this registry from another origin; none without it. */
  readonly cors?: CorsOrigins;
}

/** A registry as a web application: `app.fetch(request)` answers. */
export function createApp({ log, page, cors, ...options }: AppOptions): Hono {
  const mirror = createMirror(options);
  const app = new Hono({ getPath: routedPath });

  app.use(async (c, next) => {
    c.header("Docker-Distribution-API-Version", "registry/2.0");
    // Blobs are whatever was pushed; a browser must not guess that one is a page of ours.
    c.header("X-Content-Type-Options", "nosniff");
    await next();
  });
  if (cors) app.use("/v2/*", corsFor(cors));
  app.route("/", baseRoutes(mirror, page));
  app.route("/", catalogRoutes(mirror));
  app.route("/", uploadRoutes(mirror));
  app.route("/", blobRoutes(mirror));
  app.route("/", manifestRoutes(mirror));
  app.route("/", tagRoutes(mirror));
  app.route("/", referrerRoutes(mirror));
  app.notFound(noSuchPath);
  app.onError(async (error, c) => {
    const known = asSealiftError(error, c, log);
    await discardBody(c.req.raw);
    return errorResponse(c, known);
  });
  return app;
}

function asSealiftError(error: unknown, c: Context, log: AppOptions["log"]): SealiftError {
  if (error instanceof SealiftError && error.status < 500) return error;
  // A body that breaks off is the client's doing; what arrived of it is kept.
  if (c.req.raw.signal?.aborted) {
    return new SealiftError("ABORTED", "Cannot complete the request: the client went away", { cause: error });
  }
  const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
  log?.({ type: "warning", message: `${c.req.method} ${c.req.path} failed: ${reason}` });
  if (error instanceof SealiftError) return error;
  return new SealiftError("INTERNAL", "Cannot complete the request: the registry failed", { cause: error });
}
