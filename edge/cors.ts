/** Which pages of other origins may read the registry (Fetch standard, "CORS protocol"). */
import type { MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import { SealiftError } from "../src/error.ts";

/** Origins such as `https://app.example`, `null` for pages opened from a file, or every page's. */
export type CorsOrigins = readonly string[] | "*";

/** What a page may read besides the body: a browser hides every other header from it. */
const EXPOSED = [
  "Docker-Content-Digest",
  "Content-Range",
  "Content-Length",
  "Link",
  "OCI-Subject",
  "OCI-Tag",
  "OCI-Filters-Applied",
  "Docker-Upload-UUID",
  "Location",
  "Range",
  "WWW-Authenticate",
  "Warning",
];

const REQUEST_HEADERS = [
  "Accept",
  "Authorization",
  "Content-Range",
  "Content-Type",
  "If-None-Match",
  "If-Range",
  "Range",
];

const READING = ["GET", "HEAD"];
const WRITING = [...READING, "POST", "PUT", "PATCH", "DELETE"];

/** Seconds a browser may keep a preflight's answer; the most Chromium honours. */
const MAX_AGE = 7200;

/**
 * Answers preflights and marks answers as readable. Every page may only read,
 * and without credentials: a mirror on a laptop asks for none, and any page its
 * user visits could write to it. Throws USAGE for what is no origin.
 */
export function corsFor(origins: CorsOrigins): MiddlewareHandler {
  const named = origins !== "*";
  return cors({
    origin: named ? origins.map(checkedOrigin) : "*",
    allowMethods: named ? WRITING : READING,
    allowHeaders: REQUEST_HEADERS,
    exposeHeaders: EXPOSED,
    credentials: named,
    maxAge: MAX_AGE,
  });
}

function checkedOrigin(text: string): string {
  if (text === "null" || (URL.canParse(text) && new URL(text).origin === text)) return text;
  throw new SealiftError(
    "USAGE",
    `Cannot allow origin "${text}": it is not of the form scheme://host[:port]`,
  );
}
