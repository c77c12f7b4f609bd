/** gzip and zstd on the worker pool: two workers beside one, the calling thread, and the programs that do it natively. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadModule, zstdLoader } from "../cli/host/kernels.ts";
import { nodePool } from "../cli/host/pool.ts";
import { type ByteStream, drain, streamFrom } from "../src/bytes/stream.ts";
import { gzip } from "../src/compression/gzip.ts";
import { zstd } from "../src/compression/zstd.ts";
import type { GzipLevel, Kernels } from "../src/kernel/kernels.ts";
import type { Pool } from "../src/kernel/pool.ts";
import { wasmKernels } from "../src/kernel/wasm.ts";
import { gatherData } from "./kernels-data.ts";
import { type Command, isInstalled } from "./measured.ts";
import { median, type Row, row } from "./row.ts";

interface Input {
  readonly name: string;
  readonly data: Uint8Array;
  /** The data in a file, for programs. */
  readonly path: string;
}

interface Contender {
  readonly name: string;
  compress(input: Input): unknown;
}

/** A compression, who does it on a pool, and the programs that do it natively. */
interface Form {
  readonly name: string;
  pack(stream: ByteStream, kernels: Kernels, pool: Pool): ByteStream;
  readonly programs: readonly Command[];
}

const gzipAt = (level: GzipLevel): Form => ({
  name: `gzip ${level}`,
  pack: (stream, kernels, pool) => gzip(stream, kernels, { level, pool }),
  programs: [
    ["pigz", `-${level}`, "-p", "1", "-c"],
    ["pigz", `-${level}`, "-p", "2", "-c"],
    ["libdeflate-gzip", `-${level}`, "-c"],
  ],
});

const FORMS: readonly Form[] = [
  gzipAt(1),
  gzipAt(6),
  {
    name: "zstd",
    pack: (stream, kernels, pool) => zstd(stream, kernels, { pool }),
    programs: [
      ["zstd", "-3", "-T1", "-q", "-c"],
      ["zstd", "-3", "-T2", "-q", "-c"],
    ],
  },
];

const ROUNDS = 11;
/** So long that what a stream's begin and end cost is no matter. */
const COPIES = 3;
const CHUNK = 128 * 1024;

/** By the wall: what two threads are for. The workers' code is warm: a round goes before those that count. */
export async function* bench(say: (text: string) => void, only: readonly string[] = []): AsyncGenerator<Row> {
  const folder = mkdtempSync(join(tmpdir(), "sealift-bench-"));
  const module = await loadModule();
  const pools = [2, 1, 0].map((size) => nodePool(module, { size, worthAWorker: 0 }));
  try {
    say("gathering data …");
    const inputs = gatherInputs(folder);
    await Promise.all(pools.map((pool) => pool.start()));
    const kernels = wasmKernels(module, zstdLoader());
    for (const form of FORMS.filter(
      ({ name }) => only.length === 0 || only.some((start) => name.startsWith(start)),
    )) {
      const contenders = [...pools.map((pool) => ours(form, kernels, pool)), ...programs(form)];
      for (const input of inputs) yield* await contest(contenders, input, form);
    }
  } finally {
    await Promise.all(pools.map((pool) => pool.dispose()));
    rmSync(folder, { recursive: true, force: true });
  }
}

function gatherInputs(folder: string): readonly Input[] {
  return gatherData().texts.map(({ name, data }) => {
    const path = join(folder, name);
    const long = Buffer.concat(Array<Uint8Array>(COPIES).fill(data));
    writeFileSync(path, long);
    return { name, data: long, path };
  });
}

function ours({ pack }: Form, kernels: Kernels, pool: Pool): Contender {
  const name = ["calling thread", "one worker", "two workers"][pool.size] ?? "";
  return {
    name,
    compress: ({ data }) => drain(pack(streamFrom(cut(data)), kernels, pool)),
  };
}

function* cut(data: Uint8Array): Generator<Uint8Array, void, void> {
  for (let at = 0; at < data.length; at += CHUNK) yield data.subarray(at, at + CHUNK);
}

/** Those installed, with their start and the reading of the file. */
function programs(form: Form): readonly Contender[] {
  return form.programs
    .filter(([program]) => isInstalled(program))
    .map(([program, ...options]) => ({
      name: [program, ...options].join(" "),
      compress({ path }) {
        const { status } = spawnSync(program, [...options, path], { stdio: ["ignore", "ignore", "inherit"] });
        if (status !== 0) throw new Error(`${program} ended with ${status}`);
      },
    }));
}

/** All in turn, round after round: what else the machine does hits each. */
async function contest(contenders: readonly Contender[], input: Input, form: Form): Promise<Row[]> {
  const speeds = contenders.map(() => [] as number[]);
  for (let round = -1; round < ROUNDS; round++) {
    for (const [i, contender] of contenders.entries()) {
      const started = performance.now();
      await contender.compress(input);
      const seconds = (performance.now() - started) / 1000;
      if (round >= 0) speeds[i]?.push(input.data.length / 1e6 / seconds);
    }
  }
  const compared = (name: string, value: (speeds: number[]) => number) => {
    const [two = 0, ...others] = speeds.map(value);
    const label = { bench: "pool", case: `${form.name}, ${input.name}, ${name}`, unit: "MB/s" };
    return others.map((other, i) => row(label, two, { name: contenders[i + 1]?.name ?? "", value: other }));
  };
  // What else the machine does only ever slows: the fastest rounds are those of a quiet one.
  return [
    ...compared("two workers", median),
    ...compared("two workers, fastest", (speeds) => Math.max(...speeds)),
  ];
}
