/** Peak memory and time of commands that need to know all paths of an image, on images of 120,000. */
import { join } from "node:path";
import { manyPathsEstargz, manyPathsImage } from "./many-paths.ts";
import { type Command, type Measured, measure, sealift } from "./measured.ts";
import { median, type Row, row } from "./row.ts";

const PATHS = 120_000;
/** Of these a table of contents has nearly the 64 MiB that are read of one. */
const LISTED = 130_000;
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3);

/** Two rows for each command: its memory, and its time. */
export async function* benchPaths(folder: string, say: (text: string) => void): AsyncGenerator<Row> {
  say(`making images of ${PATHS} paths …`);
  const a = `oci-archive://${await manyPathsImage(folder, "a", PATHS, 0)}`;
  const b = `oci-archive://${await manyPathsImage(folder, "b", PATHS, 1)}`;
  const listed = `oci-archive://${await manyPathsEstargz(folder, "listed", LISTED)}`;
  const squashed = `oci-archive://${join(folder, "squashed.tar")}`;
  const cases: Readonly<Record<string, Command>> = {
    "process -f squash": sealift("process", a, squashed, "-f", "squash"),
    "process -f squash:from=1": sealift("process", a, squashed, "-f", "squash:from=1"),
    "diff --files-only": sealift("diff", "--files-only", a, b),
    "ls -R": sealift("ls", "-R", "--no-cache", a),
    "ls -R --long --json": sealift("ls", "-R", "--long", "--json", "--no-cache", a),
    "ls -R, by a table of contents": sealift("ls", "-R", "--no-cache", listed),
    "check, with a table of contents": sealift("check", listed),
    check: sealift("check", a),
  };
  const figures = new Map<string, Measured[]>(Object.keys(cases).map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, command] of Object.entries(cases)) {
      // A difference, and a finding, is 1.
      const measured = await measure(command, [0, 1]);
      say(`  ${measured.peak.toFixed(0)} MB, ${measured.seconds.toFixed(1)} s: ${name}`);
      figures.get(name)?.push(measured);
    }
  }
  for (const [name, measured] of figures) {
    const of = { bench: "memory", case: `${name}, ${PATHS} paths` };
    yield row({ ...of, unit: "MB peak RSS" }, median(measured.map(({ peak }) => peak)));
    yield row({ ...of, unit: "s" }, median(measured.map(({ seconds }) => seconds)));
  }
}
