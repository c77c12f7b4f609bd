/** The kernels' bench inside a browser; kernels-browser.ts serves the data and asks for the rows. */
import { wasmKernels } from "../src/kernel/wasm.ts";
import type { Digest } from "../src/oci/digest.ts";
import { compete, contestsOf, type Stopwatch } from "./kernels-contest.ts";
import { type Blob, makeCorpus } from "./kernels-corpus.ts";
import { libraryEngines, platformEngines, sealiftEngine } from "./kernels-engines.ts";
import { platformLayers, sealiftLayers } from "./layer-engines.ts";
import type { Row } from "./row.ts";

/** What the page hands out. */
export interface BenchPage {
  /** Prepares; gives the contests' names. */
  prepare(only: readonly string[]): Promise<readonly string[]>;
  run(host: string, contest: string): Promise<readonly Row[]>;
}

/** No page learns what it used of the processor. */
const stopwatch: Stopwatch = () => ({ wall: performance.now() / 1000 });

let contests: ReturnType<typeof contestsOf> = [];
let engines: readonly Parameters<typeof compete>[2][number][] = [];

const page: BenchPage = {
  async prepare(only) {
    const names = (await (await fetch("/names")).json()) as {
      readonly texts: readonly string[];
      readonly diffId: Digest;
      readonly digest: Digest;
    };
    const load = async (path: string, name: string): Promise<Blob> => ({
      name,
      data: new Uint8Array(await (await fetch(path)).arrayBuffer()),
    });
    const all = (kind: string) => Promise.all(names.texts.map((name, i) => load(`/${kind}/${i}`, name)));
    const data = {
      random: await load("/random", "random"),
      texts: await all("texts"),
      packed: await all("packed"),
      diffId: names.diffId,
      digest: names.digest,
    };
    contests = contestsOf(makeCorpus(data), only);
    const module = await WebAssembly.compile(await (await fetch("/kernels.wasm")).arrayBuffer());
    const kernels = wasmKernels(module);
    engines = [
      sealiftEngine(kernels),
      ...sealiftLayers(kernels),
      ...(await libraryEngines()),
      ...platformEngines(),
      await platformLayers(),
    ];
    return contests.map(({ name }) => name);
  },
  async run(host, name) {
    const contest = contests.find((one) => one.name === name);
    return contest ? compete(host, contest, engines, stopwatch) : [];
  },
};

Object.assign(globalThis, { benchPage: page });
