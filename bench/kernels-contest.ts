/** The kernels' contests: which tasks on which data, all engines in turn, a warm-up round, then medians. */
import type { Corpus } from "./kernels-corpus.ts";
import { type Engine, type Input, NoSuchLevel, type Task, type Tasks } from "./kernels-engines.ts";
import { median, type Row, row } from "./row.ts";

/** Seconds since any moment: on the wall, and of the processor where a host tells. */
export type Stopwatch = () => { readonly wall: number; readonly cpu?: number };

interface Contest {
  readonly name: string;
  readonly task: Task;
  readonly args: readonly unknown[];
  /** Of uncompressed data. */
  readonly bytes: number;
  readonly rounds: number;
}

/** The levels of DEFLATE that are contested, and how often: the highest one is slow. */
const LEVELS = [
  { level: 1, rounds: 5 },
  { level: 6, rounds: 5 },
  { level: 9, rounds: 3 },
] as const;

/** All contests, or those whose name begins with one of `only`. */
export function contestsOf(corpus: Corpus, only: readonly string[]): readonly Contest[] {
  const { random, streams, files, texts, packed, layer } = corpus;
  const sum = (inputs: readonly Input[]) => inputs.reduce((total, { data }) => total + data.length, 0);
  const one = (task: Task, label: string): Contest => ({
    name: `${label}, one stream`,
    task,
    args: [random],
    bytes: random.data.length,
    rounds: 9,
  });
  const contests: Contest[] = [
    one("sha256", "sha256"),
    { name: "sha256, four streams", task: "sha256Many", args: [streams], bytes: sum(streams), rounds: 9 },
    { name: "sha256, small files", task: "sha256Many", args: [files], bytes: sum(files), rounds: 9 },
    one("sha512", "sha512"),
    one("crc32", "crc32"),
  ];
  packed.forEach((input, i) => {
    const bytes = texts[i]?.data.length ?? 0;
    contests.push(
      { name: `inflate, stream, ${input.name}`, task: "gunzipStream", args: [input], bytes, rounds: 9 },
      { name: `inflate, one buffer, ${input.name}`, task: "gunzip", args: [input], bytes, rounds: 9 },
    );
  });
  for (const { level, rounds } of LEVELS) {
    for (const input of texts) {
      const name = `gzip ${level}, ${input.name}`;
      contests.push({ name, task: "gzip", args: [input, level], bytes: input.data.length, rounds });
    }
  }
  contests.push({
    name: "normalise a gzip layer, whole pass",
    task: "normaliseLayer",
    args: [layer],
    bytes: texts.at(-1)?.data.length ?? 0,
    rounds: 7,
  });
  return contests.filter(({ name }) => only.length === 0 || only.some((start) => name.startsWith(start)));
}

/** Runs a contest; a row for each peer, of speed on the wall, of speed by the processor's time, of size. */
export async function compete(
  host: string,
  contest: Contest,
  engines: readonly Engine[],
  stopwatch: Stopwatch,
): Promise<readonly Row[]> {
  const contenders = await contendersOf(contest, engines);
  const figures = contenders.map(() => ({ wall: [] as number[], cpu: [] as number[] }));
  for (let round = -1; round < contest.rounds; round++) {
    for (const [i, { work }] of contenders.entries()) {
      const before = stopwatch();
      await work();
      const after = stopwatch();
      if (round < 0) continue;
      figures[i]?.wall.push(contest.bytes / 1e6 / (after.wall - before.wall));
      if (after.cpu !== undefined && before.cpu !== undefined)
        figures[i]?.cpu.push(contest.bytes / 1e6 / (after.cpu - before.cpu));
    }
  }
  const rowsOf = (unit: string, value: (i: number) => number) => {
    const label = { bench: "kernels", case: `${host}: ${contest.name}`, unit };
    const ours = value(0);
    if (contenders.length === 1) return [row(label, ours)];
    return contenders.slice(1).map(({ name }, i) => row(label, ours, { name, value: value(i + 1) }));
  };
  const rows = rowsOf("MB/s", (i) => median(figures[i]?.wall ?? []));
  if (figures[0]?.cpu.length) rows.push(...rowsOf("MB/s of CPU", (i) => median(figures[i]?.cpu ?? [])));
  if (contest.task === "gzip") rows.push(...rowsOf("bytes", (i) => contenders[i]?.size ?? 0));
  return rows;
}

interface Contender {
  readonly name: string;
  readonly size: number;
  work(): unknown;
}

/** The engines that can do the task, after one run whose results must agree. */
async function contendersOf({ name, task, args }: Contest, engines: readonly Engine[]) {
  const contenders: Contender[] = [];
  let expected: string | undefined;
  for (const engine of engines) {
    const act = engine[task] as ((...args: readonly unknown[]) => unknown) | undefined;
    if (!act) continue;
    const work = () => act(...args);
    let result: unknown;
    try {
      result = await work();
    } catch (error) {
      if (error instanceof NoSuchLevel) continue;
      throw error;
    }
    const said = fingerprint(task, result as ReturnType<Tasks[Task]>);
    expected ??= said;
    if (said !== expected) throw new Error(`${name}: ${engine.name} disagrees with ${engines[0]?.name}`);
    contenders.push({ name: engine.name, size: result instanceof Uint8Array ? result.length : 0, work });
  }
  return contenders;
}

function fingerprint(task: Task, result: ReturnType<Tasks[Task]>): string {
  if (task === "gzip") return "";
  if (typeof result === "number") return String(result);
  if (!(result instanceof Uint8Array)) return result.map((hash) => hash.join()).join(";");
  // Of decompressed data a sample is enough here: that it is right is the contract suite's to say.
  const step = Math.max(1, Math.floor(result.length / 4096));
  return `${result.length}:${Array.from({ length: Math.min(result.length, 4096) }, (_, i) => result[i * step]).join()}`;
}
