import { randomBytes } from "node:crypto";
import { homedir, tmpdir } from "node:os";
import type { Host } from "../../src/host.ts";
import { systemClock } from "./clock.ts";
import { type CredentialSources, nodeCredentials } from "./credentials.ts";
import { nodeKernels } from "./engines.ts";
import { nodeFetch } from "./fetch.ts";
import { type NodeFileSystem, nodeFileSystem } from "./file-system.ts";
import { interruptibleFiles, interruptibleSpool } from "./interruptible.ts";
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
}

export interface NodeHost extends Host {
  readonly spool: FileSpool;
  readonly files: NodeFileSystem;
  /** Removes what is left of the temporary files. */
  dispose(): Promise<void>;
}

/** This machine as a host: its disk, network, clock, credentials, the WebAssembly kernels and its own engines. */
export async function nodeHost(options: NodeHostOptions = {}): Promise<NodeHost> {
  const { log = () => {}, signal, env = process.env, temporary = tmpdir() } = options;
  const spool = fileSpool(temporary);
  const files = nodeFileSystem();
  return {
    kernels: await nodeKernels(env),
    spool: signal ? interruptibleSpool(spool, signal) : spool,
    fetch: nodeFetch,
    clock: systemClock(signal),
    random: (length) => new Uint8Array(randomBytes(length)),
    credentials: nodeCredentials({ ...options.credentials, env, home: homedir(), log }),
    log,
    files: signal ? interruptibleFiles(files, signal) : files,
    ...(signal && { signal }),
    dispose: () => spool.dispose(),
  };
}
