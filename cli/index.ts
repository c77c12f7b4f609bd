/** The Node host's adapters: give them to the core's functions as `Host` and stores. */
export { nodeCredentials } from "./host/credentials.ts";
export { nodeFileSystem } from "./host/file-system.ts";
export { fsStore } from "./host/fs-store.ts";
export { type NodeHost, type NodeHostOptions, nodeHost } from "./host/host.ts";
export { loadKernels, loadModule } from "./host/kernels.ts";
export { type NodePoolOptions, nodePool } from "./host/pool.ts";
export { type Served, serve } from "./host/serve.ts";
export { fileSpool } from "./host/spool.ts";
