/** In workerd: the digests by the kernels that the path names. */

import vector from "../../../dist/kernels.wasm";
import scalar from "../../../dist/kernels-scalar.wasm";
import { wasmKernels } from "../../../src/kernel/wasm.ts";
import { identityDigests } from "./digests.ts";

const MODULES: Readonly<Record<string, WebAssembly.Module>> = {
  "/kernels.wasm": vector,
  "/kernels-scalar.wasm": scalar,
};

export default {
  async fetch({ url }: Request): Promise<Response> {
    const module = MODULES[new URL(url).pathname];
    if (!module) return new Response("no such kernels", { status: 404 });
    return Response.json(await identityDigests({ kernels: wasmKernels(module) }));
  },
};
