/** zstd in Node: reading and writing against every peer, by turns; `npm run bench -- zstd read` runs only the reading. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { constants, createZstdDecompress, zstdCompressSync } from "node:zlib";
import { Decompress } from "fzstd";
import { ZSTDDecoder } from "zstddec/stream";
import { loadKernels } from "../cli/host/kernels.ts";
import { chunksOf, drain, streamFrom } from "../src/bytes/stream.ts";
import { unzstd, zstd } from "../src/compression/zstd.ts";
import type { Kernels } from "../src/kernel/kernels.ts";
import { gatherData } from "./kernels-data.ts";
import { isInstalled } from "./measured.ts";
import { median, type Row, row } from "./row.ts";

const CHUNK = 64 * 1024;
const ROUNDS = 7;

interface Contender {
  readonly name: string;
  /** Gives the bytes that came out. */
  work(): number | Promise<number>;
}

export async function* bench(say: (text: string) => void, only: readonly string[] = []): AsyncGenerator<Row> {
  const folder = mkdtempSync(join(tmpdir(), "sealift-bench-zstd-"));
  try {
    say("gathering data …");
    const kernels = await loadKernels();
    for (const { name, data } of gatherData().texts) {
      const packed = zstdCompressSync(data, { params: { [constants.ZSTD_c_checksumFlag]: 1 } });
      const cases: Record<string, readonly Contender[]> = {
        [`read, ${name}`]: await readers(packed, kernels, folder),
        [`write, ${name}`]: writers(data, kernels, folder),
      };
      for (const [label, contenders] of Object.entries(cases)) {
        if (only.length > 0 && !only.some((start) => label.startsWith(start))) continue;
        yield* await compete(label, contenders, data.length);
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function compete(label: string, contenders: readonly Contender[], bytes: number): Promise<Row[]> {
  const sizes = contenders.map(() => 0);
  const speeds = contenders.map(() => [] as number[]);
  for (let round = -1; round < ROUNDS; round++) {
    for (const [i, { work }] of contenders.entries()) {
      const start = performance.now();
      sizes[i] = await work();
      if (round >= 0) speeds[i]?.push(bytes / 1000 / (performance.now() - start));
    }
  }
  const rowsOf = (unit: string, value: (i: number) => number) =>
    contenders.slice(1).map(({ name }, i) => {
      return row({ bench: "zstd", case: label, unit }, value(0), { name, value: value(i + 1) });
    });
  const rows = rowsOf("MB/s", (i) => median(speeds[i] ?? []));
  if (label.startsWith("write")) return [...rows, ...rowsOf("bytes", (i) => sizes[i] ?? 0)];
  if (sizes.some((size) => size !== bytes)) throw new Error(`${label}: not all read all of it`);
  return rows;
}

async function readers(packed: Uint8Array, kernels: Kernels, folder: string): Promise<Contender[]> {
  const file = join(folder, "packed.zst");
  writeFileSync(file, packed);
  const chunks = cut(packed);
  const fed = async (chunkSize: number) => {
    const stream = createZstdDecompress({ chunkSize });
    const written = (async () => {
      for (const chunk of chunks)
        if (!stream.write(chunk)) await new Promise((resolve) => stream.once("drain", resolve));
      stream.end();
    })();
    let length = 0;
    for await (const part of stream) length += part.length;
    await written;
    return length;
  };
  return [
    { name: "sealift", work: () => drain(unzstd(streamFrom(chunks), kernels)) },
    { name: "node:zlib stream", work: () => fed(CHUNK) },
    { name: "node:zlib stream, 1 MiB out", work: () => fed(1 << 20) },
    ...(await libraries(chunks)),
    ...native(["-d"], file),
  ];
}

/** What else reads zstd wherever JavaScript runs. */
async function libraries(chunks: readonly Uint8Array[]): Promise<Contender[]> {
  const decoder = new ZSTDDecoder();
  await decoder.init();
  return [
    {
      name: "zstddec",
      work() {
        let length = 0;
        for (const part of decoder.decodeStreaming(chunks)) length += part.length;
        return length;
      },
    },
    {
      name: "fzstd",
      work() {
        let length = 0;
        const stream = new Decompress((part) => {
          length += part.length;
        });
        for (const chunk of chunks) stream.push(chunk);
        stream.push(new Uint8Array(), true);
        return length;
      },
    },
  ];
}

function writers(data: Uint8Array, kernels: Kernels, folder: string): Contender[] {
  const file = join(folder, "data");
  writeFileSync(file, data);
  const chunks = cut(data);
  return [
    {
      name: "sealift",
      async work() {
        let length = 0;
        for await (const frame of chunksOf(zstd(streamFrom(chunks), kernels))) length += frame.length;
        return length;
      },
    },
    {
      name: "node:zlib, level 3",
      work: () => zstdCompressSync(data, { params: { [constants.ZSTD_c_checksumFlag]: 1 } }).length,
    },
    ...native(["-3", "-T1"], file),
  ];
}

/** The program, its start and the file's reading included; what it writes goes to a file. */
function native(options: readonly string[], file: string): Contender[] {
  if (!isInstalled("zstd")) return [];
  const output = `${file}.out`;
  return [
    {
      name: `zstd ${options.join(" ")} (process)`,
      work() {
        const { status } = spawnSync("zstd", [...options, "-q", "-f", file, "-o", output]);
        if (status !== 0) throw new Error(`zstd ended with ${status}`);
        return statSync(output).size;
      },
    },
  ];
}

function cut(data: Uint8Array): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < data.length; at += CHUNK) chunks.push(data.subarray(at, at + CHUNK));
  return chunks;
}
