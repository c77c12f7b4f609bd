import { fallbackKernels } from "../../src/kernel/fallback.ts";
import { kernelsContract } from "./kernels.ts";

kernelsContract("the kernels over pako and hash-wasm", fallbackKernels);
