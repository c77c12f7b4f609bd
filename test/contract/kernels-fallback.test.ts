import { fallbackKernels } from "../../src/kernel/fallback.ts";
import { kernelsContract } from "./kernels.ts";

kernelsContract("the kernels over fflate and hash-wasm", fallbackKernels);
