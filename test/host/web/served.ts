/** The page as `sealift serve` serves it. */
import { pageFiles } from "../../../cli/host/page.ts";
import { type Served, serve } from "../../../cli/host/serve.ts";
import { createApp } from "../../../edge/app.ts";
import { fallbackKernels } from "../../../src/kernel/fallback.ts";
import { memoryStore } from "../../../src/store/memory.ts";

/** Serves the built page with an empty registry, on a free port. */
export async function servedPage(): Promise<Served> {
  const page = await pageFiles();
  if (!page) throw new Error("dist/web is not there: npm run build");
  const kernels = await fallbackKernels();
  const store = memoryStore(kernels, (length) => crypto.getRandomValues(new Uint8Array(length)));
  return serve(createApp({ store, kernels, page }), { host: "127.0.0.1", port: 0 });
}
