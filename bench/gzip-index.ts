/** The index of a gzip blob: what it costs to make, how large it is, what a read through it takes. */
import { createHash } from "node:crypto";
import { nodeHost } from "../cli/host/host.ts";
import { bytesSlices } from "../src/bytes/slices.ts";
import { concat, drain, streamFrom } from "../src/bytes/stream.ts";
import { gunzip } from "../src/compression/gzip.ts";
import { gunzipIndexing } from "../src/compression/gzip-indexer.ts";
import { openIndexedGzip } from "../src/compression/indexed-gzip.ts";
import { type Digest, formatDigest } from "../src/oci/digest.ts";
import { gatherData } from "./kernels-data.ts";
import { median, type Row, row } from "./row.ts";

const ROUNDS = 9;
const CHUNK = 128 * 1024;
/** Bytes of one read, as of a file's beginning. */
const READ = 4096;

export async function* bench(say: (text: string) => void): AsyncGenerator<Row> {
  say("gathering data …");
  const { kernels } = await nodeHost();
  const { texts, packed } = gatherData();
  for (const [i, { name, data }] of packed.entries()) {
    const content = texts[i]?.data ?? new Uint8Array();
    const chunks = Array.from({ length: Math.ceil(data.length / CHUNK) }, (_, at) =>
      data.subarray(at * CHUNK, (at + 1) * CHUNK),
    );
    const about = { blob: { digest: digest(data), size: data.length }, diffId: digest(content) };
    let index: Uint8Array[] = [];
    const sink = { write: async (part: Uint8Array) => void index.push(part) };
    const [made, plain] = [[] as number[], [] as number[]];
    for (let round = -1; round < ROUNDS; round++) {
      index = [];
      const indexing = await seconds(() => drain(gunzipIndexing(streamFrom(chunks), about, sink, kernels)));
      const reading = await seconds(() => drain(gunzip(streamFrom(chunks), kernels)));
      if (round < 0) continue;
      made.push(content.length / 1e6 / indexing);
      plain.push(content.length / 1e6 / reading);
    }
    const label = (what: string, unit: string) => ({ bench: "gzip-index", case: `${name}: ${what}`, unit });
    yield row(label("read once, index made", "MB/s"), median(made), {
      name: "read once",
      value: median(plain),
    });
    const file = concat(index);
    yield row(label("index", "% of the blob"), (100 * file.length) / data.length);

    const opened = await openIndexedGzip(bytesSlices(file), bytesSlices(data), kernels);
    const [reads, wholes] = [[] as number[], [] as number[]];
    for (let place = 1; place < 50; place++) {
      const start = Math.floor((content.length * place) / 50);
      const read = await seconds(() => drain(opened.slice(start, start + READ)));
      const whole = await seconds(() => readUpTo(gunzip(streamFrom(chunks), kernels), start + READ));
      reads.push(read * 1000);
      wholes.push(whole * 1000);
    }
    const from = { name: "from the front", value: median(wholes) };
    yield row(label(`${READ} bytes at any place`, "ms"), median(reads), from);
  }
}

async function readUpTo(stream: ReadableStream<Uint8Array>, end: number): Promise<void> {
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size >= end) return;
  }
}

async function seconds(task: () => Promise<unknown>): Promise<number> {
  const before = performance.now();
  await task();
  return (performance.now() - before) / 1000;
}

function digest(data: Uint8Array): Digest {
  return formatDigest("sha256", createHash("sha256").update(data).digest());
}
