import { tmpdir } from "node:os";
import type { Credentials, Host } from "../../src/host.ts";
import { once } from "../../src/image/once.ts";
import type { Pool } from "../../src/kernel/pool.ts";
import { wasmKernels } from "../../src/kernel/wasm.ts";
import { systemClock } from "./clock.ts";
import type { CredentialSources } from "./credentials.ts";
import { engineChoice, withEngines } from "./engines.ts";
import { type NodeFileSystem, nodeFileSystem } from "./file-system.ts";
import { homeFolder } from "./home-folder.ts";
import { httpTransport } from "./http/transport.ts";
import { interruptibleFiles, interruptibleSpool } from "./interruptible.ts";
import { loadModule, zstdLoader } from "./kernels.ts";
import { nodeCrypto } from "./node-crypto.ts";
import { nodePool, workerCount } from "./pool.ts";
import { type PrivateFolder, privateFolder } from "./private-folder.ts";
import { type FileSpool, fileSpool } from "./spool.ts";

export interface NodeHostOptions {
  /** Hears of progress, notes and warnings; nobody does without it. */
  readonly log?: Host["log"];
  /** Ends the work in progress when it aborts. */
  readonly signal?: AbortSignal;
  /** Where credentials come from besides this machine's environment and files. */
  readonly credentials?: Pick<CredentialSources, "flags" | "named">;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Where temporary files lie; the system's place for them without it. */
  readonly temporary?: string;
  /** Worker threads at most; without it SEALIFT_WORKERS, or as many as this machine can run at once, up to 8. */
  readonly workers?: number;
}

export interface NodeHost extends Host {
  readonly spool: FileSpool;
  readonly files: NodeFileSystem;
  readonly pool: Pool;
  /** Makes a temporary folder that only this user may open; `dispose` removes it. */
  folder(): Promise<string>;
  /** Ends the workers, and removes what is left of the temporary files. */
  dispose(): Promise<void>;
}

/**
 * This machine as a host: its disk, network, clock, credentials, processors, the
 * WebAssembly kernels and its own engines. Throws USAGE, and as `loadModule`.
 */
export async function nodeHost(options: NodeHostOptions = {}): Promise<NodeHost> {
  const { log = () => {}, signal, env = process.env, temporary = tmpdir() } = options;
  const spool = fileSpool(temporary);
  const files = nodeFileSystem();
  const choice = engineChoice(env);
  const size = options.workers ?? workerCount(env);
  const network = httpTransport(env);
  const module = await loadModule();
  const pool = nodePool(module, { size });
  const folders: PrivateFolder[] = [];
  return {
    kernels: withEngines(wasmKernels(module, zstdLoader()), choice),
    pool,
    spool: signal ? interruptibleSpool(spool, signal) : spool,
    fetch: network.fetch,
    clock: systemClock(signal),
    random: (length) => new Uint8Array(nodeCrypto().randomBytes(length)),
    credentials: credentialsWhenAsked({ ...options.credentials, env, home: homeFolder(), log }),
    log,
    files: signal ? interruptibleFiles(files, signal) : files,
    ...(signal && { signal }),
    async folder() {
      const folder = await privateFolder(temporary);
      folders.push(folder);
      return folder.path;
    },
    async dispose() {
      network.dispose();
      await pool.dispose();
      await spool.dispose();
      for (const folder of folders.splice(0)) await folder.remove();
    },
  };
}

/** Most registries that are read ask nobody who they are. */
function credentialsWhenAsked(sources: CredentialSources): Credentials {
  const found = once(async () => (await import("./credentials.ts")).nodeCredentials(sources));
  return { find: async (registry) => (await found()).find(registry) };
}
