/**
 * Runs the OCI distribution-spec's conformance program against our mirror, over
 * a file-system store in a temporary folder or as the worker, at the "dev" profile with
 * everything on. The program exits 0 even if it skipped half, or read no
 * configuration: its counts decide here. All must pass; none may be skipped.
 *
 *   node scripts/conformance.mjs            results stay in .peers/conformance-results
 *   node scripts/conformance.mjs --worker   against the worker, in workerd over R2
 *
 * CONFORMANCE names a program that is already built.
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const MODULE = "github.com/opencontainers/distribution-spec/conformance";
const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const peers = join(root, ".peers");
const results = join(peers, "conformance-results");

const program = findProgram();
const folder = mkdtempSync(join(tmpdir(), "sealift-conformance-"));
let exitCode = 1;
try {
  exitCode = await runAgainst(
    process.argv.includes("--worker") ? await startWorkerMirror() : await startNodeMirror(),
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(exitCode);

function findProgram() {
  if (process.env.CONFORMANCE) return process.env.CONFORMANCE;
  const path = join(peers, "conformance");
  if (existsSync(path)) return path;
  mkdirSync(peers, { recursive: true });
  const install = spawnSync("go", ["install", `${MODULE}@main`], {
    stdio: "inherit",
    env: { ...process.env, GOBIN: peers, CGO_ENABLED: "0" },
  });
  if (install.status === 0) return path;
  console.error(
    `Cannot install the conformance program: ${install.error?.message ?? "go install failed"}.\n` +
      `Build ${MODULE} yourself and name it: CONFORMANCE=/path/to/conformance npm run test:conformance`,
  );
  process.exit(1);
}

async function runAgainst(server) {
  rmSync(results, { recursive: true, force: true });
  const output = await runProgram(new URL(server.url).host);
  await server.close();
  return judge(output);
}

async function startWorkerMirror() {
  const { startWorker } = await import("../test/peers/worker.ts");
  return startWorker({ SPARSE_MANIFESTS: "true" });
}

async function startNodeMirror() {
  const { createApp } = await import("../edge/app.ts");
  const { fsStore } = await import("../cli/host/fs-store.ts");
  const { loadKernels } = await import("../cli/host/kernels.ts");
  const { serve } = await import("../cli/host/serve.ts");

  const kernels = await loadKernels();
  const store = await fsStore(join(folder, "store"), kernels);
  const log = ({ message }) => console.error(message);
  return serve(createApp({ store, kernels, sparse: true, log }), { host: "127.0.0.1", port: 0 });
}

/** Its own folder, so that no configuration file lying about is read. */
function runProgram(registry) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [], {
      cwd: folder,
      env: {
        ...process.env,
        OCI_REGISTRY: registry,
        OCI_TLS: "disabled",
        OCI_REPO1: "conformance/repo1",
        OCI_REPO2: "conformance/repo2",
        OCI_VERSION: "dev",
        OCI_DATA_SPARSE: "true",
        OCI_RESULTS_DIR: results,
      },
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    child.stdout.setEncoding("utf8");
    child.stdout.on("data", (text) => {
      output += text;
    });
    child.once("error", reject);
    child.once("close", () => resolve(output));
  });
}

/** By the program's own summary: every line must be there. 0 means that everything passed. */
function judge(output) {
  const count = (line) => Number(new RegExp(`^ *${line}\\.+: +(\\d+)$`, "m").exec(output)?.[1] ?? Number.NaN);
  const [total, passed, failed, errors, skipped, disabled] = [
    "Total",
    "Pass",
    "FAIL",
    "Error",
    "Skip",
    "Disabled",
  ].map(count);
  if (!(total > 0) || !existsSync(join(results, "junit.xml"))) {
    console.error(`${output}\nCannot judge the mirror: the conformance program gave no results`);
    return 1;
  }
  if (passed !== total) console.log(output);
  console.log(`OCI conformance, profile dev: ${passed} of ${total} passed`);
  console.log(`  ${failed} failed, ${errors} errors, ${skipped} skipped, ${disabled} disabled`);
  console.log(`  report: ${join(".peers", "conformance-results", "report.html")}`);
  return passed === total ? 0 : 1;
}
