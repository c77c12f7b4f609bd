// Compiles assembly/ to dist/kernels.wasm.
import { mkdirSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
mkdirSync(`${root}/dist`, { recursive: true });
const asc = `${root}/node_modules/assemblyscript/bin/asc.js`;
const args = ["assembly/index.ts", "-o", "dist/kernels.wasm", "--runtime", "stub", "--enable", "simd", "-O3", "--noAssert", "--use", "abort="];
const { status } = spawnSync(process.execPath, [asc, ...args], { cwd: root, stdio: "inherit" });
process.exitCode = status ?? 1;
