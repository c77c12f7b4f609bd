// Compiles assembly/ to dist/kernels.wasm, unless that is newer than all it is made from.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const output = `${root}dist/kernels.wasm`;
const compiler = `${root}node_modules/assemblyscript/bin/asc.js`;
// Under another name until it is whole: tests of several projects may start at once.
const unfinished = `dist/kernels.${process.pid}.wasm`;
const options = [
  "assembly/index.ts",
  ...["-o", unfinished],
  // Static windows only: no allocator, no garbage collector.
  ...["--runtime", "stub"],
  // Without an `abort` import the module imports nothing.
  ...["--use", "abort="],
  ...["--enable", "simd"],
  ...["-O3", "--noAssert"],
];

/** What the module is made from, this script's options included. */
function sources() {
  const kernels = readdirSync(`${root}assembly`, { recursive: true }).map(
    (name) => `${root}assembly/${name}`,
  );
  return [...kernels, `${root}package-lock.json`, fileURLToPath(import.meta.url)];
}

function isUpToDate() {
  if (!existsSync(output)) return false;
  const built = statSync(output).mtimeMs;
  return sources().every((source) => statSync(source).mtimeMs < built);
}

function fail(reason) {
  console.error(`Cannot build the kernels: ${reason}`);
  process.exit(1);
}

if (!isUpToDate()) {
  if (!existsSync(compiler)) fail("the AssemblyScript compiler is not installed; run `npm install` first");
  mkdirSync(`${root}dist`, { recursive: true });
  const { status, error } = spawnSync(process.execPath, [compiler, ...options], {
    cwd: root,
    stdio: "inherit",
  });
  if (error) fail(error.message);
  if (status !== 0) fail("the compiler's messages are above");
  renameSync(`${root}${unfinished}`, output);
}
