/** Who uses a stream up gives its buffers back, and only when nothing of them is read any more. */
import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { expect, it } from "vitest";
import { loadKernels, loadModule } from "../../../cli/host/kernels.ts";
import { lend } from "../../../src/bytes/loan.ts";
import { memorySpool } from "../../../src/bytes/spool.ts";
import { spoolContent } from "../../../src/bytes/spooled-content.ts";
import { type ByteStream, collect, streamFrom } from "../../../src/bytes/stream.ts";
import { gunzip, gzip } from "../../../src/compression/gzip.ts";
import { unzstd, zstd } from "../../../src/compression/zstd.ts";
import { workerPool } from "../../../src/kernel/worker-pool.ts";
import { mixture } from "../../contract/kernels-data.ts";

const kernels = await loadKernels();
const pool = workerPool({
  ...{ size: 0, modules: { kernels: await loadModule() } },
  startWorker() {
    throw new Error("there are none");
  },
});
const LIMIT = 1 << 23;
const data = mixture(3_000_000, 71);

/** The bytes in buffers on loan, and how many are still out. */
function lentStream(bytes: Uint8Array) {
  let out = 0;
  const stream = streamFrom(
    (function* () {
      for (let at = 0; at < bytes.length; at += 70_000) {
        out += 1;
        yield lend(bytes.slice(at, at + 70_000), () => {
          out -= 1;
        });
      }
    })(),
  );
  return { stream, out: () => out };
}

const read = (stream: ByteStream) => collect(stream, LIMIT);
const spooled = async (stream: ByteStream) =>
  read(await (await spoolContent(memorySpool(LIMIT), kernels, stream)).open());

it.each<[string, Uint8Array, (stream: ByteStream) => Promise<Uint8Array>]>([
  ["gzip", data, async (stream) => gunzipSync(await read(gzip(stream, kernels)))],
  ["gzip over a pool", data, async (stream) => gunzipSync(await read(gzip(stream, kernels, { pool })))],
  ["gunzip", gzipSync(data), (stream) => read(gunzip(stream, kernels))],
  ["zstd", data, async (stream) => zstdDecompressSync(await read(zstd(stream, kernels)))],
  [
    "zstd over a pool",
    data,
    async (stream) => zstdDecompressSync(await read(zstd(stream, kernels, { pool }))),
  ],
  ["unzstd", zstdCompressSync(data), (stream) => read(unzstd(stream, kernels))],
  ["the spool", data, spooled],
])("%s gives back what it has read, and has read it rightly", async (_, bytes, use) => {
  const { stream, out } = lentStream(bytes);
  expect(Buffer.compare(await use(stream), data)).toBe(0);
  expect(out()).toBe(0);
});
