/** A registry app over a new store, driven by requests only. */
import { type AppOptions, createApp } from "../../../edge/app.ts";
import type { LogEvent } from "../../../src/host.ts";
import type { Store } from "../../../src/store/store.ts";
import { hash } from "../../contract/store.ts";
import { newBackend } from "./backend.ts";

interface Options extends Partial<Pick<AppOptions, "sparse" | "cors">> {
  readonly wrap?: (store: Store) => Store;
}

export async function registry({ wrap = (same) => same, ...mirror }: Options = {}) {
  const { kernels, store: made } = await newBackend();
  const store = wrap(made);
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

/** A blob that is text. Its type does not say so, of which `response.text()` would warn in workerd. */
export async function textOf(response: Response): Promise<string> {
  return new TextDecoder().decode(await response.arrayBuffer());
}
