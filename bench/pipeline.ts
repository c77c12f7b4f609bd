/** `process` beside skopeo, crane, umoci and occystrap, on real images and the same registries, in one run. Linux only. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateImage } from "./generated-image.ts";
import { type Command, isInstalled, type Measured, measure, sealift } from "./measured.ts";
import { type Case, cases, type Places } from "./pipeline-cases.ts";
import { startRegistry } from "./pipeline-registry.ts";
import { median, type Row, row } from "./row.ts";

/** An OCI archive and the name of its image. */
interface Image {
  readonly name: string;
  readonly archive: string;
  readonly ref: string;
}

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);

/**
 * BENCH_IMAGES names OCI archives, `path#ref` and commas between; without it
 * an image with one layer of 121 MB is made. BENCH_ROUNDS are fewer or more rounds.
 */
export async function* bench(say: (text: string) => void, only: readonly string[]): AsyncGenerator<Row> {
  const folder = await mkdtemp(join(tmpdir(), "sealift-bench-"));
  const [from, to] = [await startRegistry(join(folder, "from")), await startRegistry(join(folder, "to"))];
  try {
    yield* startUp();
    for (const image of await images(folder)) {
      const layout = join(folder, `${image.name}-layout`);
      const places: Places = { folder, from: from.address, to: to.address, ...image, layout, round: 0 };
      await measure(
        sealift("copy", `oci-archive://${image.archive}#${image.ref}`, `oci-layout://${layout}#bench`),
      );
      await measure(
        sealift(
          "copy",
          `oci-archive://${image.archive}#${image.ref}`,
          `registry://${from.address}/${image.name}:bench`,
        ),
      );
      for (const one of cases) {
        const name = `${one.name}, ${image.name}`;
        if (only.length === 0 || only.some((start) => name.startsWith(start)))
          yield* contest(name, one, places, say);
      }
    }
  } finally {
    await Promise.all([from.stop(), to.stop()]);
    await rm(folder, { recursive: true, force: true });
  }
}

/** What every use pays before its work begins. */
async function* startUp(): AsyncGenerator<Row> {
  const figures = await interleaved(
    [
      { name: "sealift", command: () => sealift("--version") },
      { name: "node -e 0", command: () => [process.execPath, "-e", "0"] },
    ],
    11,
  );
  yield* rowsOf("sealift --version", figures, ["wall s"]);
}

async function* contest(
  name: string,
  one: Case,
  places: Places,
  say: (text: string) => void,
): AsyncGenerator<Row> {
  say(`${name} …`);
  const contenders = one.contenders.filter(({ program }) => program === undefined || isInstalled(program));
  const runs = contenders.map(({ name, command }) => ({
    name,
    command: (round: number) => command({ ...places, round }),
  }));
  const figures = await interleaved(runs, ROUNDS, () => one.clear(places));
  yield* rowsOf(name, figures, ["wall s", "CPU s", "MB peak RSS"]);
}

interface Run {
  readonly name: string;
  readonly command: (round: number) => Command;
}

/** Each in turn, round after round, the first of them not counted: what else the machine does hits all alike. */
async function interleaved(
  runs: readonly Run[],
  rounds: number,
  clear: () => Promise<void> = async () => {},
): Promise<ReadonlyMap<string, readonly Measured[]>> {
  const figures = new Map<string, Measured[]>(runs.map(({ name }) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const { name, command } of runs) {
      await clear();
      const figure = await measure(command(round));
      if (round > 0) figures.get(name)?.push(figure);
    }
  }
  return figures;
}

const FIGURE = {
  "wall s": ({ seconds }: Measured) => seconds,
  "CPU s": ({ cpu }: Measured) => cpu,
  "MB peak RSS": ({ peak }: Measured) => peak,
} as const;

function* rowsOf(
  name: string,
  figures: ReadonlyMap<string, readonly Measured[]>,
  units: readonly (keyof typeof FIGURE)[],
): Generator<Row> {
  const peers = [...figures.keys()].filter((who) => who !== "sealift");
  for (const unit of units) {
    const value = (who: string) => median((figures.get(who) ?? []).map(FIGURE[unit]));
    const about = { bench: "pipeline", case: name, unit };
    for (const who of peers) yield row(about, value("sealift"), { name: who, value: value(who) });
    if (peers.length === 0) yield row(about, value("sealift"));
  }
}

async function images(folder: string): Promise<readonly Image[]> {
  const given = process.env.BENCH_IMAGES?.split(",") ?? [];
  if (given.length === 0) {
    return [
      { name: "generated", archive: await generateImage(folder, "generated", 121_487_360), ref: "bench" },
    ];
  }
  return given.map((text) => {
    const [archive = "", ref = ""] = text.split("#");
    return { name: ref, archive, ref };
  });
}
