import type { FileWriter } from "../../../src/bytes/files.ts";
import { SealiftError } from "../../../src/error.ts";
import type { DockerEndpoint } from "./endpoint.ts";
import { type Answer, type Exchange, refusalOf, startExchange } from "./exchange.ts";
import { readMessages } from "./messages.ts";

export interface LoadOptions {
  /** What is being loaded, for messages. */
  readonly name: string;
  readonly signal?: AbortSignal | undefined;
  /** Hears of bytes that the daemon took. */
  readonly onBytes?: (done: number, finished: boolean) => void;
}

/**
 * `docker load` as a file being written: the archive streams into the request,
 * which begins with its first byte. `commit` resolves when the daemon has
 * loaded it; an archive that breaks off is one it refuses, with nothing tagged.
 * Throws DAEMON_ERROR with the daemon's words, UNREACHABLE.
 */
export function loadWriter(
  endpoint: DockerEndpoint,
  { name, signal, onBytes = () => {} }: LoadOptions,
): FileWriter {
  const failed = `Cannot load ${name} into docker`;
  const call = {
    method: "POST" as const,
    path: "/images/load?quiet=1",
    headers: { "Content-Type": "application/x-tar" },
    signal,
  };
  let loading: Loading | undefined;
  let done = 0;
  const start = () => (loading ??= startLoading(startExchange(endpoint, call), failed));
  return {
    async write(chunk) {
      await start().write(chunk);
      done += chunk.length;
      onBytes(done, false);
    },
    async commit() {
      const { status, body } = await start().end();
      if (status !== 200) throw await refusalOf({ status, body }, failed);
      await readMessages(body, failed);
      onBytes(done, true);
    },
    async abort() {
      loading?.destroy();
    },
  };
}

interface Loading {
  /** Resolves when the chunk is the system's. */
  write(chunk: Uint8Array): Promise<void>;
  end(): Promise<Answer>;
  destroy(): void;
}

/** A daemon that answers before the end has refused; it reads no further, and what it said is the reason. */
function startLoading({ request, answer }: Exchange, failed: string): Loading {
  let ended = false;
  const refusal = answer.then(async (early) => {
    if (ended) return undefined;
    const reason = await earlyEnd(early, failed);
    request.destroy();
    return reason;
  });
  refusal.catch(() => {});
  return {
    write: (chunk) =>
      new Promise((resolve, reject) => {
        request.write(chunk, (error) => {
          if (error) refusal.then((reason) => reject(reason ?? error), reject);
          else resolve();
        });
      }),
    end() {
      ended = true;
      request.end();
      return answer;
    },
    destroy: () => request.destroy(),
  };
}

async function earlyEnd(answer: Answer, failed: string): Promise<unknown> {
  if (answer.status !== 200) return refusalOf(answer, failed);
  try {
    await readMessages(answer.body, failed);
  } catch (error) {
    return error;
  }
  return new SealiftError("DAEMON_ERROR", `${failed}: it did not read the whole archive`);
}
