/** The worker as people try it: wrangler's local server, which runs workerd with an R2 and Durable Objects on disk. */
import { fileURLToPath } from "node:url";
import { unstable_startWorker } from "wrangler";
import { temporaryFolder } from "./peer.ts";

export interface LocalWorker {
  /** `http://host:port`, without a slash at the end. */
  readonly url: string;
  /** Ends it and removes what it stored. */
  close(): Promise<void>;
}

/** Builds the worker of edge/wrangler.jsonc and serves it on a free port. `vars` replace the template's. */
export async function startWorker(vars: Readonly<Record<string, string>> = {}): Promise<LocalWorker> {
  // wrangler would speak to its maker.
  process.env.WRANGLER_SEND_METRICS = "false";
  process.env.CLOUDFLARE_CF_FETCH_ENABLED = "false";
  const folder = temporaryFolder("sealift-worker-");
  const worker = await unstable_startWorker({
    config: fileURLToPath(new URL("../../edge/wrangler.jsonc", import.meta.url)),
    bindings: Object.fromEntries(
      Object.entries(vars).map(([name, value]) => [name, { type: "plain_text" as const, value }]),
    ),
    dev: {
      server: { hostname: "127.0.0.1", port: 0 },
      inspector: false,
      persist: folder.path,
      watch: false,
      logLevel: "error",
    },
  });
  const { origin } = await worker.url;
  return {
    url: origin,
    async close() {
      await worker.dispose();
      await folder.dispose();
    },
  };
}
