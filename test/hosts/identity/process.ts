/** In Node, Deno and Bun: `process.mjs KERNELS.wasm` prints the digests as JSON. */
import { readFile } from "node:fs/promises";
import { argv } from "node:process";
import { wasmKernels } from "../../../src/kernel/wasm.ts";
import { identityDigests } from "./digests.ts";

const module = await WebAssembly.compile(await readFile(argv[2] as string));
console.log(JSON.stringify(await identityDigests(wasmKernels(module))));
