import type { FileWriter } from "../../../src/bytes/files.ts";
import { SealiftError } from "../../../src/error.ts";
import type { DockerEndpoint } from "./endpoint.ts";
import { type Answer, exchange, refusalOf } from "./exchange.ts";
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
  let loading: Loading | undefined;
  let done = 0;
  const start = () => (loading ??= startLoading(endpoint, failed, signal));
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
  /** Resolves when there is room for the next. */
  write(chunk: Uint8Array): Promise<void>;
  end(): Promise<Answer>;
  destroy(): void;
}

/** A daemon that answers before the end has refused; it reads no further, and what it said is the reason. */
function startLoading(endpoint: DockerEndpoint, failed: string, signal: AbortSignal | undefined): Loading {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const archive = writable.getWriter();
  const stop = new AbortController();
  const answer = exchange(endpoint, {
    method: "POST",
    path: "/images/load?quiet=1",
    headers: { "content-type": "application/x-tar" },
    body: readable,
    signal: signal ? AbortSignal.any([signal, stop.signal]) : stop.signal,
  });
  let ended = false;
  const refusal = answer.then(async (early) => {
    if (ended) return undefined;
    const reason = await earlyEnd(early, failed);
    stop.abort();
    return reason;
  });
  refusal.catch(() => {});
  archive.closed.catch(() => {});
  return {
    async write(chunk) {
      try {
        await archive.ready;
        await archive.write(chunk);
      } catch (error) {
        throw (await refusal) ?? error;
      }
    },
    end() {
      ended = true;
      archive.close().catch(() => {});
      return answer;
    },
    destroy: () => stop.abort(),
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
