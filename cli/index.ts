/** The Node host's adapters: give them to the core's functions as `Host` and stores. */
export { nodeCredentials } from "./host/credentials.ts";
export { nodeFileSystem } from "./host/file-system.ts";
export { fsStore } from "./host/fs-store.ts";
export { type NodeHost, nodeHost, type NodeHostOptions } from "./host/host.ts";
export { loadKernels } from "./host/kernels.ts";
export { serve, type Served } from "./host/serve.ts";
export { fileSpool } from "./host/spool.ts";
