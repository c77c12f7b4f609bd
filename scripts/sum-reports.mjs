// Sums up vitest's JSON reports: sum-reports.mjs FOLDER PASSED FAILED, the numbers counted before.
// A test of a peer that was skipped counts as failed: where everything is installed nothing may be left out.
// The last line is `N passed, N failed`; the exit code is 1 if any failed.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const [folder, passedBefore, failedBefore] = process.argv.slice(2);
let passed = Number(passedBefore);
let failed = Number(failedBefore);

/** Peers that may be missing, and are when no Go could build them; and what a machine does not let start (dockerd wants to be root). */
const skippable = (process.env.SEALIFT_SKIPPABLE ?? "").split(" ").filter(Boolean);
const isSkippable = (name) =>
  name.includes("(cannot start here: ") || skippable.some((peer) => name.includes(`not installed: ${peer}`));

/** Here as well, since what is kept of a long log is its end; a random input's seed is in it. */
const why = ({ failureMessages }) => (failureMessages ?? []).join("\n").replace(/^/gm, "  ").slice(0, 2000);

for (const file of readdirSync(folder).filter((name) => name.endsWith(".json"))) {
  const suite = file.replace(/\.json$/, "");
  const report = JSON.parse(readFileSync(join(folder, file), "utf8"));
  let failedHere = 0;
  for (const { name: path, status, message, assertionResults } of report.testResults) {
    // A file that cannot be loaded has no tests to fail.
    if (status === "failed" && !assertionResults.some((test) => test.status === "failed")) {
      failedHere++;
      console.log(`FAILED ${suite}: ${path}: ${message}`);
    }
    for (const test of assertionResults) {
      if (test.status === "passed") passed++;
      else if (test.status === "failed" || (suite === "peers" && !isSkippable(test.fullName))) {
        failedHere++;
        console.log(`${test.status === "failed" ? "FAILED" : "SKIPPED"} ${suite}: ${test.fullName}`);
        if (test.status === "failed") console.log(why(test));
      } else console.log(`left out ${suite}: ${test.fullName}`);
    }
  }
  // Vitest can fail without a failed test: an error outside all of them.
  if (failedHere === 0 && existsSync(join(folder, `${suite}.failed`))) {
    failedHere++;
    console.log(`FAILED ${suite}: it ended with an error outside its tests`);
  }
  failed += failedHere;
}

console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
