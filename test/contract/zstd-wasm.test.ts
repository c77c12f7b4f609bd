import { loadKernels } from "../../cli/host/kernels.ts";
import { zstdContract } from "./kernels-zstd.ts";

zstdContract("libzstd in WebAssembly", loadKernels);
