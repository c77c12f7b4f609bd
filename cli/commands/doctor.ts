import type { Command } from "commander";
import { KERNEL_VERSION } from "../../src/kernel/kernels.ts";
import { timeEngines } from "../host/engine-times.ts";
import { engineChoice, withEngines } from "../host/engines.ts";
import { loadKernels } from "../host/kernels.ts";
import { table } from "../output/text.ts";
import type { GlobalOptions } from "./options.ts";
import { runCommand } from "./run.ts";

/** `doctor engines`: what computes what on this machine, and how fast. */
export function addDoctor(program: Command, exit: (code: number) => void): void {
  const doctor = program
    .command("doctor")
    .summary("show how this machine is used")
    .description("Show what Sealift uses on this machine.")
    .addHelpText("after", "\nExample:\n  $ sealift doctor engines\n");
  doctor
    .command("engines")
    .summary("show and time what hashes and decompresses")
    .description(
      "Time, for each task, the WebAssembly kernels and this machine's own engine, and show which is used. Compressing is the kernels' alone, so that the same layer has the same digest everywhere.",
    )
    .addHelpText(
      "after",
      `
SEALIFT_ENGINE=wasm has the kernels do everything, SEALIFT_ENGINE=native
has this machine's engine do whatever it may. SEALIFT_WORKERS=N sets how many
threads compress beside the main one; the bytes are the same.

Example:
  $ sealift doctor engines
`,
    )
    .action(async (options: GlobalOptions) => {
      exit(
        await runCommand(options, async ({ host, output }) => {
          const choice = engineChoice(process.env);
          const kernels = await loadKernels();
          const engines = await timeEngines(kernels, withEngines(kernels, choice));
          const workers = await host.pool.start();
          const result = { choice, kernels: kernels.engine, kernelVersion: KERNEL_VERSION, workers, engines };
          await output.result(result, (colors) => {
            const rows = engines.map(({ task, engine, speed, used }) => [
              task,
              engine,
              `${speed} MB/s`,
              used ? colors.green("used") : "",
            ]);
            return `${table(rows, [2])}${compressing(workers)}\n`;
          });
        }),
      );
    });
}

function compressing(workers: number): string {
  if (workers === 0) return "compressing: the main thread alone";
  return `compressing: ${workers} ${workers === 1 ? "worker" : "workers"}`;
}
