/** In Node, Deno and Bun: `process.mjs KERNELS.wasm` prints the digests as JSON; pool-worker.js lies beside it. */
import { readFile } from "node:fs/promises";
import { argv } from "node:process";
import { nodePool } from "../../../cli/host/pool.ts";
import { wasmKernels } from "../../../src/kernel/wasm.ts";
import { identityDigests, identityDigestsWithPools } from "./digests.ts";

/** The others have threads of their own kind. */
const isNode = !("Deno" in globalThis || "Bun" in globalThis);

const module = await WebAssembly.compile(await readFile(argv[2] as string));
const kernels = wasmKernels(module);
const digests = isNode
  ? identityDigestsWithPools(kernels, (size) => nodePool(module, { size, worthAWorker: 0 }))
  : identityDigests({ kernels });
console.log(JSON.stringify(await digests));
