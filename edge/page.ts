/** The verifier page's answers: what a host gives for a path, with the headers that keep it closed. */

/**
 * Gives a file of the page: `/` itself, or one below `/assets/`; undefined where
 * there is none. It may answer as the request's headers ask: coded, or with 304.
 */
export type PageFiles = (path: string, asked: Headers) => Promise<Response | undefined>;

/**
 * The page reads files that strangers made. It may run only what came with it,
 * speak only to where it came from, and stand in nobody's frame. Compiling
 * WebAssembly needs a word of its own.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "worker-src 'self'",
  "manifest-src 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

/** The service worker: its name must stay, its content need not. It lies in `/assets/` and works for `/`. */
const SERVICE_WORKER = "/assets/sw.js";

/** `name-HASH.ext`: another content has another name. */
const HASHED = /-[\w-]{8,}\.\w+$/;

/** The host's answer for a path of the page, under the page's own rules. */
export async function pageResponse(
  path: string,
  asked: Headers,
  files: PageFiles,
): Promise<Response | undefined> {
  const found = await files(path, asked);
  if (!found) return undefined;
  const headers = new Headers(found.headers);
  headers.set("Content-Security-Policy", CONTENT_SECURITY_POLICY);
  headers.set("X-Content-Type-Options", "nosniff");
  headers.set("Referrer-Policy", "no-referrer");
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  headers.set("Cache-Control", HASHED.test(path) ? "public, max-age=31536000, immutable" : "no-cache");
  if (path === SERVICE_WORKER) headers.set("Service-Worker-Allowed", "/");
  return new Response(found.body, { status: found.status, headers });
}
