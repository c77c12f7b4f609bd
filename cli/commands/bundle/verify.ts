import type { Command } from "commander";
import { verifyFile } from "../../../src/bundle/verify-file.ts";
import { type Check, type Verdict, verdictExitCode } from "../../../src/trust/verdict.ts";
import { type Colors, outcomeMark, table, wrapped } from "../../output/text.ts";
import { collected, type GlobalOptions } from "../options.ts";
import { runCommand } from "../run.ts";
import { openInput } from "./files.ts";
import { readPublicKeys } from "./keys.ts";

interface VerifyOptions extends GlobalOptions {
  readonly key?: readonly string[];
}

export function addVerify(bundle: Command, exit: (code: number) => void): void {
  bundle
    .command("verify")
    .summary("check every byte of a bundle, and who signed it")
    .description(
      "Check every byte of a bundle: digests, order, headers, padding. With --key also that one of the keys signed it. OCI and docker-save archives, which nobody signs, are checked against their own digests.",
    )
    .argument("<bundle>", "file; - is standard input")
    .option("--key <file>", "public key to trust; may be given several times", collected)
    .addHelpText(
      "after",
      `
Exit codes:
  0  everything holds (and, with --key, is signed by a given key)
  3  something does not hold, or no given key signed it; the first line says
     which
  1  the file cannot be read

Example:
  $ sealift bundle verify hello.bundle --key release.pub
`,
    )
    .action(async (path: string, options: VerifyOptions) => {
      exit(
        await runCommand(options, async ({ host, output }) => {
          const keys = await readPublicKeys(options.key ?? [], host);
          const verdict = await verifyFile(await openInput(path, host), host, { keys });
          await output.result(verdict, (colors, width) => describeVerdict(verdict, colors, width));
          return verdictExitCode(verdict);
        }),
      );
    });
}

/** The sentence, what failed or was skipped and why, and how many checks of each kind passed. */
export function describeVerdict(verdict: Verdict, colors: Colors, width: number): string {
  const good = verdictExitCode(verdict) === 0;
  const sentence = wrapped(`${good ? "✓" : "✗"} ${verdict.sentence}`, width, 2);
  const lines = [good ? colors.green(sentence) : colors.red(sentence)];
  if (verdict.subject.digest) lines.push(`  root ${verdict.subject.digest}`);
  if (verdict.signedBy) lines.push(`  signed by key ${verdict.signedBy}`);
  const notable = verdict.checks.filter(({ outcome }) => outcome !== "pass");
  const rows = [
    ...passCounts(verdict.checks).map(([id, count]) => [` ${outcomeMark("pass", colors)}`, id, `${count}`]),
    ...notable.map((check) => [
      ` ${outcomeMark(check.outcome, colors)}`,
      check.id,
      `${check.object}: ${check.reason}`,
    ]),
  ];
  const uncovered = verdict.notCovered.map((what) => `  not covered by the root: ${what}`);
  const details = [...table(rows).trimEnd().split("\n"), ...uncovered];
  return `${lines.join("\n")}\n\n${details.map((line) => `${wrapped(line, width, 4)}\n`).join("")}`;
}

function passCounts(checks: readonly Check[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const { id, outcome } of checks) if (outcome === "pass") counts.set(id, (counts.get(id) ?? 0) + 1);
  return [...counts];
}
