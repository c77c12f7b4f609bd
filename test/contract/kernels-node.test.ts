import { withNodeCrypto } from "../../cli/host/engines.ts";
import { loadKernels } from "../../cli/host/kernels.ts";
import { kernelsContract } from "./kernels.ts";

kernelsContract("the kernels with node:crypto's hashes", async () => withNodeCrypto(await loadKernels()));
