// `npm run build`: kernels, library, command, page, and their types, into dist/.
import { spawnSync } from "node:child_process";
import { chmodSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { buildVerifier } from "./build-verifier.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
process.chdir(root);

function node(...args) {
  const { status } = spawnSync(process.execPath, args, { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

for (const stale of ["dist/.fingerprint", "dist/chunks", "dist/cli", "dist/types"])
  rmSync(stale, { recursive: true, force: true });
node("scripts/build-kernels.mjs");
node("scripts/build-zstd.mjs");
for (const mode of ["library", "command", "cli", "pool-worker", "page"])
  await build({ mode, logLevel: "warn" });
await buildVerifier();
node("node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json");
chmodSync("dist/cli.js", 0o755);
