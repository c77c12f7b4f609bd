/** In workerd: the verdict on the file of a form, for the keys beside it. */
import kernelsModule from "../../../dist/kernels.wasm";
import { verifyFile } from "../../../src/bundle/verify-file.ts";
import { blobSlices } from "../../../src/bytes/slices.ts";
import { memorySpool } from "../../../src/bytes/spool.ts";
import type { Host } from "../../../src/host.ts";
import { wasmKernels } from "../../../src/kernel/wasm.ts";
import { parsePublicKey } from "../../../src/trust/public-key.ts";

const SPOOL_LIMIT = 16 * 1024 * 1024;

export default {
  async fetch(request: Request): Promise<Response> {
    const form = await request.formData();
    const keys = form.getAll("key").map((pem) => parsePublicKey(String(pem)));
    const kernels = wasmKernels(kernelsModule);
    const host = { kernels, spool: memorySpool(SPOOL_LIMIT), log: () => {} } as unknown as Host;
    return Response.json(await verifyFile(blobSlices(form.get("file") as File), host, { keys }));
  },
};
