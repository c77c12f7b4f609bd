import { SealiftError } from "../../src/error.ts";
import type { Host } from "../../src/host.ts";
import type { Kernels } from "../../src/kernel/kernels.ts";
import { type BlobSpool, browserSpool } from "./spool.ts";

export interface BrowserHost extends Host {
  readonly spool: BlobSpool;
}

/** The browser as a host. It asks nothing of any network: what it is given is all it reads. */
export async function browserHost(kernels: Kernels): Promise<BrowserHost> {
  return {
    kernels,
    spool: await browserSpool(),
    fetch: async () => {
      throw new SealiftError("UNSUPPORTED", "Cannot ask the network: this page does not");
    },
    clock: {
      now: () => Date.now(),
      sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
    },
    random: (length) => crypto.getRandomValues(new Uint8Array(length)),
    credentials: { find: async () => [] },
    log: () => {},
  };
}
