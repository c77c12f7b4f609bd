import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const out = mkdtempSync(join(tmpdir(), "sealift-deploy-"));
afterAll(() => rmSync(out, { recursive: true, force: true }));

test("wrangler takes the template as it is: the bundle is whole, and is asked for nothing of Node", () => {
  // Without a build of the page its folder is empty, but must be there.
  mkdirSync(join(root, "dist", "web"), { recursive: true });
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [
      join(root, "node_modules", "wrangler", "bin", "wrangler.js"),
      ...["deploy", "--dry-run", "--config", join(root, "edge", "wrangler.jsonc"), "--outdir", out],
    ],
    { encoding: "utf8", env: { ...process.env, CI: "1", WRANGLER_SEND_METRICS: "false" }, timeout: 60_000 },
  );
  expect(`${stdout}${stderr}`).toContain("--dry-run: exiting now.");
  expect(status).toBe(0);
  for (const binding of ["UPLOADS", "CONTENTS", "REPOSITORIES", "CATALOG", "BUCKET", "ASSETS"]) {
    expect(stdout).toContain(`env.${binding}`);
  }
  expect(readdirSync(out).filter((name) => name.endsWith("-kernels.wasm"))).toHaveLength(1);
  expect(readFileSync(join(out, "cloudflare.js"), "utf8")).not.toMatch(/from "node:|require\("node:/);
});
