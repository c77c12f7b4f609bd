// Compiles assembly/ to dist/kernels.wasm, and to dist/kernels-scalar.wasm for engines without vectors,
// unless both are newer than all they are made from.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
/** A module is refused whole where one of its instructions is unknown, so vectors make two of them. */
const builds = [
  { output: `${root}dist/kernels.wasm`, features: ["--enable", "simd"] },
  { output: `${root}dist/kernels-scalar.wasm`, features: [] },
];
const compiler = `${root}node_modules/assemblyscript/bin/asc.js`;
const options = [
  "assembly/index.ts",
  // Static windows only: no allocator, no garbage collector.
  ...["--runtime", "stub"],
  // Without an `abort` import the module imports nothing.
  ...["--use", "abort="],
  ...["-O3", "--noAssert"],
  // Keeps the first addresses free for a table (assembly/decode-table.ts).
  ...["--memoryBase", "16384"],
];

/** What the module is made from, this script's options included. */
function sources() {
  const kernels = readdirSync(`${root}assembly`, { recursive: true }).map(
    (name) => `${root}assembly/${name}`,
  );
  return [...kernels, `${root}package-lock.json`, fileURLToPath(import.meta.url)];
}

function isUpToDate({ output }) {
  if (!existsSync(output)) return false;
  const built = statSync(output).mtimeMs;
  return sources().every((source) => statSync(source).mtimeMs < built);
}

function fail(reason) {
  console.error(`Cannot build the kernels: ${reason}`);
  process.exit(1);
}

function build({ output, features }) {
  // Under another name until it is whole: tests of several projects may start at once.
  const unfinished = `${output}.${process.pid}`;
  const { status, error } = spawnSync(
    process.execPath,
    [compiler, ...options, ...features, "-o", unfinished],
    {
      cwd: root,
      stdio: "inherit",
    },
  );
  if (error) fail(error.message);
  if (status !== 0) fail("the compiler's messages are above");
  renameSync(unfinished, output);
}

const stale = builds.filter((one) => !isUpToDate(one));
if (stale.length > 0) {
  if (!existsSync(compiler)) fail("the AssemblyScript compiler is not installed; run `npm install` first");
  mkdirSync(`${root}dist`, { recursive: true });
  stale.forEach(build);
}
