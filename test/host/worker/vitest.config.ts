/** Tests that run inside workerd, with the bindings of the deployed worker: R2 and Durable Objects of its own. */
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// wrangler would speak to its maker, and wants the page's folder to be there.
process.env.WRANGLER_SEND_METRICS = "false";
process.env.CLOUDFLARE_CF_FETCH_ENABLED = "false";
mkdirSync(at("../../../dist/web"), { recursive: true });

export default defineConfig({
  plugins: [
    cloudflareTest({
      wrangler: { configPath: at("../../../edge/wrangler.jsonc") },
      // For the tests' own use of node:crypto; the worker does without.
      miniflare: { compatibilityFlags: ["nodejs_compat"] },
    }),
  ],
  test: {
    name: "worker",
    root: at("../../.."),
    include: ["test/host/worker/**/*.test.ts", "test/host/edge/{app,blobs,cors,manifests,uploads}.test.ts"],
    setupFiles: [at("setup.ts")],
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
