// `npm run check`, the one gate: types, lint, format, the package's shape, import rules and tests.
// Everything runs even if something before it failed; the last line says what did.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { requireNode } from "./node-version.mjs";

requireNode();
const { prepare, root, runNode } = await import("./setup.mjs");
await prepare();

/** Each host's sources against that host's globals. */
const PROJECTS = {
  assembly: "index.ts",
  src: "error.ts",
  edge: "app.ts",
  "edge/host": "cloudflare.ts",
  cli: "main.ts",
  web: "main.tsx",
  test: "architecture.test.ts",
  "test/host/worker": "store.test.ts",
};

const failed = [];
async function step(name, args) {
  console.log(`— ${name}`);
  if ((await runNode(args)) !== 0) failed.push(name);
}

for (const [project, entry] of Object.entries(PROJECTS)) {
  if (!existsSync(join(root, project, entry))) continue;
  await step(`types of ${project}`, ["node_modules/typescript/bin/tsc", "-p", project]);
}
await step("lint and format", ["node_modules/@biomejs/biome/bin/biome", "ci", "."]);
await step("package", ["node_modules/publint/src/cli.js", "--strict"]);
await step("tests", ["scripts/test.mjs"]);

console.log(failed.length === 0 ? "check: all passed" : `check: failed in ${failed.join(", ")}`);
process.exitCode = failed.length === 0 ? 0 : 1;
