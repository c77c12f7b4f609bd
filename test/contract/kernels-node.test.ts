import { withEngines } from "../../cli/host/engines.ts";
import { loadKernels } from "../../cli/host/kernels.ts";
import { kernelsContract } from "./kernels.ts";

kernelsContract("the kernels with Node's engines", async () => withEngines(await loadKernels(), "native"));
