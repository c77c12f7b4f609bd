/**
 * Peak memory of `process` and of the mirror, on a layer of 121 MB and on one of 2 GB: they should be the same.
 * And that of commands which need to know all paths of an image, on images of very many (CASE `paths`).
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateImage } from "./generated-image.ts";
import { type Command, isInstalled, type Measured, measure, sealift, startMirror } from "./measured.ts";
import { benchPaths } from "./memory-paths.ts";
import { median, type Row, row } from "./row.ts";

const SIZES = [
  { name: "121 MB", bytes: 121_487_360, rounds: 3 },
  { name: "2 GB", bytes: 2_000_000_000, rounds: 1 },
] as const;

/** Linux only: the figures come from /proc. Needs about 7 GB of temporary space for some minutes. */
export async function* bench(say: (text: string) => void, only: readonly string[]): AsyncGenerator<Row> {
  const folder = await mkdtemp(join(tmpdir(), "sealift-bench-"));
  const isWanted = (name: string) => only.length === 0 || only.includes(name);
  try {
    for (const size of SIZES) if (isWanted(size.name)) yield* benchSize(folder, size, say);
    if (isWanted("paths")) yield* benchPaths(folder, say);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function* benchSize(
  folder: string,
  size: (typeof SIZES)[number],
  say: (text: string) => void,
): AsyncGenerator<Row> {
  say(`making an image with a layer of ${size.name} …`);
  const archive = await generateImage(folder, "image", size.bytes);
  const store = join(folder, "store");
  const out = join(folder, "out.tar");
  const mirror = await startMirror(store);
  const image = (who: string, round: number) => `${mirror.address}/${who}/round${round}:bench`;
  const pushed = await interleaved(size.rounds, say, {
    sealift: (round) =>
      sealift("process", `oci-archive://${archive}`, `registry://${image("sealift", round)}`),
    skopeo: (round) =>
      skopeo("--dest-tls-verify=false", `oci-archive:${archive}:bench`, `docker://${image("skopeo", round)}`),
  });
  yield rowOf(`oci-archive to registry, layer of ${size.name}`, pushed);
  const filter = ["-f", "normalize-timestamps"];
  const pulled = await interleaved(size.rounds, say, {
    sealift: () => sealift("process", `registry://${image("sealift", 0)}`, `tar://${out}`, ...filter),
    // It cannot normalise: this is the plain copy, less work than ours.
    skopeo: () =>
      skopeo("--src-tls-verify=false", `docker://${image("sealift", 0)}`, `docker-archive:${out}:bench:1`),
    clear: () => rm(out, { force: true }),
  });
  yield rowOf(`registry to tar, normalised, layer of ${size.name}`, pulled);
  yield row({ bench: "memory", case: `serve, layer of ${size.name}`, unit: "MB peak RSS" }, mirror.peak());
  await mirror.stop();
  await Promise.all([archive, store, out].map((path) => rm(path, { recursive: true, force: true })));
}

interface Contest {
  readonly sealift: (round: number) => Command;
  readonly skopeo: (round: number) => Command;
  readonly clear?: () => Promise<void>;
}

interface Figures {
  readonly ours: readonly Measured[];
  readonly theirs: readonly Measured[];
}

/** One of ours, one of theirs, in turn: what else the machine does hits both. */
async function interleaved(rounds: number, say: (text: string) => void, contest: Contest): Promise<Figures> {
  const ours: Measured[] = [];
  const theirs: Measured[] = [];
  const run = async (command: Command, into: Measured[]) => {
    await contest.clear?.();
    const figures = await measure(command);
    say(`  ${figures.peak.toFixed(0)} MB, ${figures.seconds.toFixed(1)} s: ${command.join(" ")}`);
    into.push(figures);
  };
  for (let round = 0; round < rounds; round++) {
    await run(contest.sealift(round), ours);
    if (isInstalled("skopeo")) await run(contest.skopeo(round), theirs);
  }
  return { ours, theirs };
}

function rowOf(name: string, { ours, theirs }: Figures): Row {
  const peak = (figures: readonly Measured[]) => median(figures.map((figure) => figure.peak));
  const peer = theirs.length > 0 ? { name: "skopeo", value: peak(theirs) } : undefined;
  return row({ bench: "memory", case: name, unit: "MB peak RSS" }, peak(ours), peer);
}

function skopeo(...args: string[]): Command {
  return ["skopeo", "--insecure-policy", "copy", "--quiet", ...args];
}
