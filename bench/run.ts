/** `npm run bench -- NAME [CASE…] [--json]`: runs bench/NAME.ts; with --json one row a line, else a table. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Bench, Row } from "./row.ts";

const { values, positionals } = parseArgs({ options: { json: { type: "boolean" } }, allowPositionals: true });
const [name = "", ...only] = positionals;
const path = join(import.meta.dirname, `${name}.ts`);
if (!/^[a-z-]+$/.test(name) || !existsSync(path)) {
  console.error(
    `There is no bench "${name}". Usage: npm run bench -- NAME [CASE…] [--json], NAME being a file of bench/.`,
  );
  process.exit(2);
}

const { bench } = (await import(path)) as { bench: Bench };
const say = (text: string) => console.error(text);
for await (const row of bench(say, only)) console.log(values.json ? JSON.stringify(row) : sentence(row));

function sentence({ case: name, unit, sealift, peer, peerValue, ratio }: Row): string {
  const ours = `${name.padEnd(44)} sealift ${sealift} ${unit}`;
  return peer ? `${ours}   ${peer} ${peerValue} ${unit}   ratio ${ratio}` : ours;
}
