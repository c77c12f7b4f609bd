/** A registry app over memory, driven by requests only. */
import { randomBytes } from "node:crypto";
import { createApp } from "../../../edge/app.ts";
import type { LogEvent } from "../../../src/host.ts";
import { fallbackKernels } from "../../../src/kernel/fallback.ts";
import { memoryStore } from "../../../src/store/memory.ts";
import type { Store } from "../../../src/store/store.ts";
import { hash } from "../../contract/store.ts";

export async function registry(options: { sparse?: boolean; wrap?: (store: Store) => Store } = {}) {
  const kernels = await fallbackKernels();
  const { wrap = (same: Store) => same, ...mirror } = options;
  const store = wrap(memoryStore(kernels, (length) => new Uint8Array(randomBytes(length))));
  const logged: LogEvent[] = [];
  const app = createApp({ store, kernels, log: (event) => logged.push(event), ...mirror });

  const send = async (method: string, path: string, init: RequestInit = {}) =>
    app.request(path, { method, ...init });
  return {
    app,
    store,
    logged,
    send,
    /** Pushes a blob in one request; gives its digest. */
    async push(repository: string, content: string): Promise<string> {
      const digest = hash(new TextEncoder().encode(content));
      const response = await send("POST", `/v2/${repository}/blobs/uploads/?digest=${digest}`, {
        body: content,
      });
      if (response.status !== 201) throw new Error(`push: ${response.status} ${await response.text()}`);
      return digest;
    },
    /** Starts an upload; gives its location. */
    async start(repository: string): Promise<string> {
      const response = await send("POST", `/v2/${repository}/blobs/uploads/`);
      return response.headers.get("Location") ?? "";
    },
  };
}

/** The headers named, in that order; null where absent. */
export function headersOf(response: Response, ...names: string[]): (string | null)[] {
  return names.map((name) => response.headers.get(name));
}

/** The code of the one error of an answer. */
export async function codeOf(response: Response): Promise<string> {
  const body = (await response.json()) as { errors: { code: string; message: string }[] };
  return body.errors[0]?.code ?? "";
}
