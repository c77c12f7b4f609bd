// `npm test`: from a clean clone to the result of every suite that needs nothing but Node.
// What follows `--` goes to vitest; `--project NAME` chooses other suites.
import { requireNode } from "./node-version.mjs";

requireNode();
const ALL = ["core", "cli", "edge", "worker", "web", "hosts"].flatMap((name) => ["--project", name]);
import("./setup.mjs").then(async ({ prepare, runNode }) => {
  await prepare();
  const given = process.argv.slice(2);
  const projects = given.includes("--project") ? [] : ALL;
  process.exitCode = await runNode(["node_modules/vitest/vitest.mjs", "run", ...projects, ...given]);
});
