/** A worker of a test's own in workerd, which has its kernels compiled and compiles none. */
import { fileURLToPath } from "node:url";
import { unstable_startWorker } from "wrangler";

export interface TestWorker {
  /** `http://host:port`. */
  readonly url: string;
  close(): Promise<void>;
}

/** Bundles the module at `entry` and serves it on a free port. */
export async function startTestWorker(entry: URL): Promise<TestWorker> {
  // wrangler would speak to its maker.
  process.env.WRANGLER_SEND_METRICS = "false";
  process.env.CLOUDFLARE_CF_FETCH_ENABLED = "false";
  const worker = await unstable_startWorker({
    name: "test",
    entrypoint: fileURLToPath(entry),
    compatibilityDate: "2026-10-23",
    dev: {
      server: { hostname: "127.0.0.1", port: 0 },
      inspector: false,
      persist: false,
      watch: false,
      logLevel: "error",
    },
  });
  const { origin } = await worker.url;
  return { url: origin, close: () => worker.dispose() };
}
