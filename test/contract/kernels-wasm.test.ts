import { loadKernels } from "../../cli/host/kernels.ts";
import { kernelsContract } from "./kernels.ts";

kernelsContract("the kernels in WebAssembly", loadKernels);
