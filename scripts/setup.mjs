// What every command of this folder needs first: the dependencies of the lock file, and a build of these sources.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, sep } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));
const at = (path) => join(root, path);

/** Installs and builds what is missing or out of date; says what it does, and nothing if there is nothing to do. */
export async function prepare() {
  if (!isInstalled()) await install();
  const fingerprint = fingerprintOfSources();
  if (fingerprint === fingerprintOfBuild()) return;
  console.log("Building …");
  if ((await runNode(["scripts/build.mjs"])) !== 0) fail("Cannot build: see the messages above.");
  writeFileSync(at("dist/.fingerprint"), fingerprint);
}

/** The Node that this project is developed on, from its own dependencies; this one where it could not be installed. */
export function projectNode() {
  const own = at(join("node_modules", "node", "bin", process.platform === "win32" ? "node.exe" : "node"));
  return existsSync(own) ? own : process.execPath;
}

/** Runs a script of the project to its end; gives its exit code. */
export function runNode(args, options = {}) {
  return run(projectNode(), args, options);
}

/** Ends the process with a message for people. */
export function fail(message) {
  console.error(message);
  process.exit(1);
}

/** npm keeps beside the packages what it installed: compared to the lock file, entry by entry. */
function isInstalled() {
  try {
    const wanted = JSON.parse(readFileSync(at("package-lock.json"), "utf8")).packages;
    const present = JSON.parse(readFileSync(at("node_modules/.package-lock.json"), "utf8")).packages;
    return Object.entries(wanted).every(
      ([path, { version, integrity, optional }]) =>
        path === "" ||
        (present[path]
          ? present[path].version === version && present[path].integrity === integrity
          : optional),
    );
  } catch {
    return false;
  }
}

/** npm's words for a registry it cannot reach. */
const NO_NETWORK = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|network/i;

async function install() {
  console.log("Installing the dependencies …");
  const npm = process.env.npm_execpath;
  const command = npm ? process.execPath : process.platform === "win32" ? "npm.cmd" : "npm";
  let said = "";
  const options = { onError: (text) => (said += text), shell: !npm && process.platform === "win32" };
  const code = await run(command, [...(npm ? [npm] : []), "ci", "--no-audit", "--no-fund"], options);
  if (code === 0) return;
  fail(
    NO_NETWORK.test(said)
      ? "\nCannot install the dependencies: npm cannot reach its registry.\n" +
          "Connect to the network and run the command again, or bring the folder node_modules\n" +
          "from a machine of the same kind with the same package-lock.json."
      : "\nCannot install the dependencies: see npm's messages above.",
  );
}

/** What a build is a function of. */
const INPUTS = [
  "assembly",
  "src",
  "edge",
  "cli",
  "web",
  "scripts/build.mjs",
  "scripts/build-kernels.mjs",
  "scripts/build-verifier.mjs",
  "scripts/build-zstd.mjs",
  "scripts/build-verifier.mjs",
  "package.json",
  "package-lock.json",
  "tsconfig.json",
  "tsconfig.build.json",
  "vite.config.ts",
];
const OUTPUTS = [
  "dist/index.js",
  "dist/edge.js",
  "dist/node.js",
  "dist/cli.js",
  "dist/cli",
  "dist/pool-worker.js",
  "dist/kernels.wasm",
  "dist/kernels-scalar.wasm",
  "dist/zstd-decoder.wasm",
  "dist/zstd-encoder.wasm",
  "dist/web/index.html",
  "dist/verify.html",
  "dist/types",
  "dist/verify.html",
  "dist/web",
];

function fingerprintOfBuild() {
  if (!OUTPUTS.every((path) => existsSync(at(path)))) return undefined;
  return existsSync(at("dist/.fingerprint")) ? readFileSync(at("dist/.fingerprint"), "utf8") : undefined;
}

function fingerprintOfSources() {
  const hash = createHash("sha256");
  for (const path of INPUTS.flatMap(filesOf).sort()) {
    const content = readFileSync(at(path));
    hash.update(`${path.split(sep).join("/")}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex");
}

function filesOf(path) {
  if (!existsSync(at(path))) return [];
  if (/\.[a-z]+$/.test(path)) return [path];
  const entries = readdirSync(at(path), { withFileTypes: true, recursive: true });
  return (
    entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(root.length))
      // Tools keep their state in folders of such names.
      .filter((name) => !name.split(sep).some((part) => part.startsWith(".")))
  );
}

function run(command, args, { onError, ...options } = {}) {
  return new Promise((resolve, reject) => {
    const stdio = ["inherit", "inherit", onError ? "pipe" : "inherit"];
    const child = spawn(command, args, { cwd: root, stdio, ...options });
    child.stderr?.on("data", (chunk) => {
      process.stderr.write(chunk);
      onError(String(chunk));
    });
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(signal ? 130 : code));
  });
}
