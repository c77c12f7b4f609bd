/** What a layer costs that is the first: each time in a process that is new, with its code not optimised yet, its threads not started. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gatherData } from "./kernels-data.ts";
import { median, type Row, row } from "./row.ts";

const SIZES = [1, 10] as const;
const TASKS = ["gunzip", "gzip", "gzip, two workers"] as const;
const ROUNDS = 9;
const script = fileURLToPath(new URL("cold-start-process.ts", import.meta.url));

/** What a process says: milliseconds for the first layer, and the least of those behind it. */
export interface ColdStart {
  readonly first: number;
  readonly warm: number;
}

export async function* bench(say: (text: string) => void): AsyncGenerator<Row> {
  const folder = mkdtempSync(join(tmpdir(), "sealift-bench-"));
  try {
    say("gathering data …");
    const [, tar] = gatherData().texts;
    for (const megabytes of SIZES) {
      const file = join(folder, `${megabytes}`);
      writeFileSync(file, tar?.data.subarray(0, megabytes * 1e6) ?? "");
      for (const task of TASKS) yield* await contest(task, file, megabytes);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function contest(task: string, file: string, megabytes: number): Promise<readonly Row[]> {
  const times: ColdStart[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const { stdout } = await promisify(execFile)(process.execPath, [script, task, file]);
    times.push(JSON.parse(stdout));
  }
  const label = { bench: "cold-start", case: `${task}, first layer of ${megabytes} MB`, unit: "ms" };
  const first = median(times.map(({ first }) => first));
  return [row(label, first, { name: "a later one", value: median(times.map(({ warm }) => warm)) })];
}
