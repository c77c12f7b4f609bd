/**
 * The kernels against what a Cloudflare worker has, in workerd as wrangler runs it.
 * Inside, the clock stands still while something is computed, so every measurement
 * is a request, timed here; what is quick is done several times in one.
 */
import { fileURLToPath } from "node:url";
import { unstable_startWorker } from "wrangler";
import { compete, contestsOf, type Stopwatch } from "./kernels-contest.ts";
import { makeCorpus } from "./kernels-corpus.ts";
import { gatherData } from "./kernels-data.ts";
import { type Engine, NoSuchLevel } from "./kernels-engines.ts";
import type { Row } from "./row.ts";

/** A request takes a millisecond or so; this many runs of less than LARGE bytes make that little. */
const REPEATED = 4;
const LARGE = 32e6;

const stopwatch: Stopwatch = () => ({ wall: performance.now() / 1000 });

export async function* bench(say: (text: string) => void, only: readonly string[] = []): AsyncGenerator<Row> {
  say("gathering data …");
  const data = gatherData();
  // wrangler would speak to its maker.
  process.env.WRANGLER_SEND_METRICS = "false";
  process.env.CLOUDFLARE_CF_FETCH_ENABLED = "false";
  const worker = await unstable_startWorker({
    name: "bench",
    entrypoint: fileURLToPath(new URL("kernels-worker.ts", import.meta.url)),
    compatibilityDate: "2026-10-23",
    compatibilityFlags: ["nodejs_compat"],
    dev: {
      server: { hostname: "127.0.0.1", port: 0 },
      inspector: false,
      persist: false,
      watch: false,
      logLevel: "error",
    },
  });
  try {
    const { origin } = await worker.url;
    const { random, texts, packed, diffId, digest } = data;
    for (const [kind, blobs] of Object.entries({ random: [random], texts, packed })) {
      for (const { name, data: body } of blobs) {
        await ask(`${origin}/?${new URLSearchParams({ kind, name })}`, { method: "PUT", body });
      }
    }
    const offered = (await (
      await ask(`${origin}/begin?${new URLSearchParams({ diffId, digest })}`)
    ).json()) as readonly Offer[];
    for (const contest of contestsOf(makeCorpus(data), only)) {
      const times = contest.task === "gzip" || contest.bytes > LARGE ? 1 : REPEATED;
      const engines = offered.map((offer) => remote(origin, offer, contest.name, times));
      yield* await compete("workerd", { ...contest, bytes: contest.bytes * times }, engines, stopwatch);
    }
  } finally {
    await worker.dispose();
  }
}

interface Offer {
  readonly name: string;
  readonly tasks: readonly string[];
}

/** An engine of the worker's, for one contest. */
function remote(origin: string, { name, tasks }: Offer, contest: string, times: number): Engine {
  const query = new URLSearchParams({ contest, engine: name, times: String(times) });
  const act = async () => {
    const answer: unknown = await (await ask(`${origin}/run?${query}`)).json();
    // A size, where the bytes are the engine's own; else what must be the same from all.
    if (typeof answer === "number" && contest.startsWith("gzip")) return new Uint8Array(answer);
    return new TextEncoder().encode(JSON.stringify(answer));
  };
  return Object.assign({ name }, Object.fromEntries(tasks.map((task) => [task, act])));
}

async function ask(url: string, init?: RequestInit): Promise<Response> {
  const response = await fetch(url, init);
  if (response.status === 501) throw new NoSuchLevel();
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return response;
}
