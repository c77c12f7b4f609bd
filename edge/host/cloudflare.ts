/** The mirror as a Cloudflare Worker over R2 and Durable Objects; wrangler.jsonc says what to bind. */
import module from "../../dist/kernels.wasm";
import zstdDecoder from "../../dist/zstd-decoder.wasm";
import { wasmKernels } from "../../src/kernel/wasm.ts";
import { createApp } from "../app.ts";
import type { CorsOrigins } from "../cors.ts";
import type { PageFiles } from "../page.ts";
import type { Bindings } from "./cloudflare-bindings.ts";
import { r2Store } from "./r2-store.ts";

export { CatalogObject } from "./cloudflare-catalog.ts";
export { ContentObject } from "./cloudflare-content.ts";
export { RepositoryObject } from "./cloudflare-repository.ts";
export { UploadObject } from "./cloudflare-upload.ts";

/** What RFC 8878 §3.1.1.1.2 asks of every decoder: an isolate has 128 MB for all it does. */
const MAX_WINDOW = 8 << 20;
const kernels = wasmKernels(module, { decoder: async () => zstdDecoder, maxWindow: MAX_WINDOW });

/** Made once for what is bound, which does not change as long as the isolate lives. */
const apps = new WeakMap<Bindings, ReturnType<typeof appOf>>();

export default {
  fetch(request, bindings) {
    const app = apps.get(bindings) ?? appOf(bindings);
    apps.set(bindings, app);
    return app.fetch(request);
  },
} satisfies ExportedHandler<Bindings>;

function appOf(bindings: Bindings) {
  const page = bindings.ASSETS && pageFiles(bindings.ASSETS);
  const cors = parseOrigins(bindings.CORS_ORIGINS ?? "");
  return createApp({
    store: r2Store(bindings, kernels),
    kernels,
    log: ({ type, ...event }) => console[type === "warning" ? "warn" : "log"](event),
    sparse: bindings.SPARSE_MANIFESTS === "true",
    ...(page && { page }),
    ...(cors && { cors }),
  });
}

function pageFiles(assets: Fetcher): PageFiles {
  return async (path, asked) => {
    const condition = asked.get("If-None-Match");
    // The host does not matter: it is always our own files that answer. Cloudflare codes what it passes on.
    const response = await assets.fetch(new URL(path, "https://assets.invalid"), {
      headers: condition === null ? {} : { "If-None-Match": condition },
    });
    return response.ok || response.status === 304 ? response : undefined;
  };
}

function parseOrigins(text: string): CorsOrigins | undefined {
  const origins = text.split(/\s+/).filter((origin) => origin !== "");
  if (origins.length === 0) return undefined;
  return origins.includes("*") ? "*" : origins;
}
