/** The kernels against every peer in Node; `npm run bench -- kernels sha256 crc32` runs only cases that begin so. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withEngines } from "../cli/host/engines.ts";
import { loadKernels } from "../cli/host/kernels.ts";
import { compete, contestsOf, type Stopwatch } from "./kernels-contest.ts";
import { makeCorpus } from "./kernels-corpus.ts";
import { gatherData } from "./kernels-data.ts";
import { libraryEngines, platformEngines, sealiftEngine } from "./kernels-engines.ts";
import { nativeEngines, nativeSeconds } from "./kernels-engines-native.ts";
import { nodeEngines } from "./kernels-engines-node.ts";
import { platformLayers, sealiftLayers } from "./layer-engines.ts";
import type { Row } from "./row.ts";

const stopwatch: Stopwatch = () => {
  const { user, system } = process.cpuUsage();
  return { wall: performance.now() / 1000, cpu: (user + system) / 1e6 + nativeSeconds };
};

export async function* bench(say: (text: string) => void, only: readonly string[] = []): AsyncGenerator<Row> {
  const folder = mkdtempSync(join(tmpdir(), "sealift-bench-"));
  try {
    say("gathering data …");
    const corpus = makeCorpus(gatherData());
    const engines = [
      sealiftEngine(await loadKernels()),
      ...sealiftLayers(withEngines(await loadKernels(), "auto")),
      ...(await libraryEngines()),
      ...nodeEngines,
      ...platformEngines(),
      await platformLayers(),
      ...nativeEngines(folder),
    ];
    for (const contest of contestsOf(corpus, only)) {
      yield* await compete(`node ${process.versions.node}`, contest, engines, stopwatch);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
