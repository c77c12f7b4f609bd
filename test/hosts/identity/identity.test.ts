/**
 * The bytes of a layer are the same wherever they are written: by every engine,
 * by both builds of the kernels, in every way (digests.ts). The golden digests are
 * frozen with KERNEL_VERSION: a change here gives layers other digests than before,
 * which is a breaking change.
 */
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nodePool } from "../../../cli/host/pool.ts";
import { fallbackKernels } from "../../../src/kernel/fallback.ts";
import { KERNEL_VERSION } from "../../../src/kernel/kernels.ts";
import { wasmKernels } from "../../../src/kernel/wasm.ts";
import { findFirefox } from "../../host/web/browsers.ts";
import { installedNodes } from "../nodes.ts";
import { identityDigests, identityDigestsWithPools, layersRefusedByOnePass } from "./digests.ts";
import {
  chromiumEngine,
  type Digests,
  type Engine,
  firefoxEngine,
  pathOfBuild,
  processEngine,
  workerdEngine,
} from "./engines.ts";

const BUILDS = ["kernels.wasm", "kernels-scalar.wasm"];
const { SEALIFT_DENO: deno, SEALIFT_BUN: bun } = process.env;
const firefox = findFirefox();
const otherNodes = [...installedNodes()].filter(([version]) => version !== process.version);

/** Undefined, with what is missing in the name, where an engine is not on this machine. */
const ENGINES: [name: string, start: (() => Promise<Engine>) | undefined][] = [
  ...otherNodes.map(([version, path]): [string, () => Promise<Engine>] => [
    `Node ${version}`,
    () => processEngine(path),
  ]),
  named("Deno", deno, (path) => processEngine(path, ["run", "--allow-read"])),
  named("Bun", bun, (path) => processEngine(path)),
  ["workerd", workerdEngine],
  ["Chromium", chromiumEngine],
  named("Firefox", firefox, firefoxEngine),
];

function named(
  name: string,
  path: string | undefined,
  start: (path: string) => Promise<Engine>,
): [string, (() => Promise<Engine>) | undefined] {
  return path ? [name, () => start(path)] : [`${name} (not installed)`, undefined];
}

let golden: { readonly kernelVersion: number; readonly digests: Digests };
beforeAll(async () => {
  golden = JSON.parse(await readFile(new URL("../../golden/identity.json", import.meta.url), "utf8"));
});

test("the golden digests are those of this version of the kernels", () => {
  expect(golden.kernelVersion).toBe(KERNEL_VERSION);
});

test.each(BUILDS)("Node, in the test's own process, writes the golden bytes with %s", async (build) => {
  const module = await WebAssembly.compile(await readFile(pathOfBuild(build)));
  const makePool = (size: number) => nodePool(module, { size, worthAWorker: 0 });
  expect(await identityDigestsWithPools(wasmKernels(module), makePool)).toEqual(golden.digests);
});

test("no layer is refused by the rewrite in one pass, so the ways that go by it do", async () => {
  const module = await WebAssembly.compile(await readFile(pathOfBuild("kernels.wasm")));
  expect(await layersRefusedByOnePass(wasmKernels(module))).toEqual([]);
});

describe.each(ENGINES)("%s", (_, start) => {
  let engine: Engine;
  beforeAll(async () => {
    if (start) engine = await start();
  }, 400_000);
  afterAll(() => engine?.close());

  test.skipIf(!start).each(BUILDS)("writes the golden bytes with %s", async (build) => {
    expect(await engine.digests(build)).toEqual(golden.digests);
  });
});

test("the fallback has the tar's bytes, and none of the compressed ones: it may not write what gets a digest", async () => {
  const fallback = await identityDigests({ kernels: await fallbackKernels() });
  // An end marker is too short for two compressors to differ.
  const trivial = ["nothing", "an empty archive"];
  for (const [form, digest] of Object.entries(golden.digests)) {
    const [layer = "", kind] = form.split(": ");
    if (kind === "tar") expect.soft(fallback[form], form).toBe(digest);
    else if (!trivial.includes(layer)) expect.soft(fallback[form], form).not.toBe(digest);
  }
});
