/** The kernels' bench inside a worker: takes the data, then does what kernels-workerd.ts asks for and times from outside. */
import module from "../dist/kernels.wasm";
import { wasmKernels } from "../src/kernel/wasm.ts";
import { parseDigest } from "../src/oci/digest.ts";
import { contestsOf } from "./kernels-contest.ts";
import { type Blob, makeCorpus } from "./kernels-corpus.ts";
import {
  type Engine,
  NoSuchLevel,
  platformEngines,
  scriptEngines,
  sealiftEngine,
} from "./kernels-engines.ts";
import { nodeEngines } from "./kernels-engines-node.ts";

/** What the worker has besides the platform's own. */
declare const crypto: Crypto & {
  readonly DigestStream: new (
    algorithm: string,
  ) => WritableStream<Uint8Array> & { readonly digest: Promise<ArrayBuffer> };
};

const digestStream: Engine = {
  name: "crypto.DigestStream",
  async sha256({ chunks }) {
    const stream = new crypto.DigestStream("SHA-256");
    const writer = stream.getWriter();
    for (const chunk of chunks) await writer.write(chunk);
    await writer.close();
    return new Uint8Array(await stream.digest);
  },
};

const engines: readonly Engine[] = [
  sealiftEngine(wasmKernels(module)),
  ...scriptEngines,
  ...nodeEngines,
  ...platformEngines(),
  digestStream,
];

/** Blobs as they come; the isolate lives as long as the bench. */
const blobs = new Map<string, Blob[]>();
let contests: ReturnType<typeof contestsOf> = [];

async function take(request: Request, url: URL): Promise<Response> {
  const kind = url.searchParams.get("kind") ?? "";
  const blob = {
    name: url.searchParams.get("name") ?? "",
    data: new Uint8Array(await request.arrayBuffer()),
  };
  blobs.set(kind, [...(blobs.get(kind) ?? []), blob]);
  return new Response();
}

function begin(url: URL): Response {
  const all = (kind: string) => blobs.get(kind) ?? [];
  const [random] = all("random");
  if (!random) return new Response(null, { status: 409 });
  const digest = (name: string) => parseDigest(url.searchParams.get(name) ?? "");
  const data = { random, texts: all("texts"), packed: all("packed") };
  contests = contestsOf(makeCorpus({ ...data, diffId: digest("diffId"), digest: digest("digest") }), []);
  return Response.json(engines.map((engine) => ({ name: engine.name, tasks: Object.keys(engine).slice(1) })));
}

/** Does a contest's task so and so often; answers with the last result, of compressed bytes with their number. */
async function work(url: URL): Promise<Response> {
  const contest = contests.find(({ name }) => name === url.searchParams.get("contest"));
  const engine = engines.find(({ name }) => name === url.searchParams.get("engine"));
  const act = contest && (engine?.[contest.task] as ((...args: readonly unknown[]) => unknown) | undefined);
  if (!act) return new Response(null, { status: 404 });
  let result: unknown;
  try {
    for (let times = Number(url.searchParams.get("times")); times > 0; times--)
      result = await act(...contest.args);
  } catch (error) {
    if (error instanceof NoSuchLevel) return new Response(null, { status: 501 });
    throw error;
  }
  return Response.json(contest.task === "gzip" ? (result as Uint8Array).length : sample(result));
}

/** Enough of a result to compare it by. */
function sample(result: unknown): unknown {
  if (!(result instanceof Uint8Array)) return Array.isArray(result) ? result.map(sample) : result;
  const step = Math.max(1, Math.floor(result.length / 1024));
  const count = Math.min(result.length, 1024);
  return [result.length, ...Array.from({ length: count }, (_, i) => result[i * step])];
}

export default {
  async fetch(request: Request): Promise<Response> {
    const url = new URL(request.url);
    if (request.method === "PUT") return take(request, url);
    return url.pathname === "/begin" ? begin(url) : work(url);
  },
};
