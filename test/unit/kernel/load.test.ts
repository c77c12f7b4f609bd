import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loadKernels } from "../../../cli/host/kernels.ts";

const built = fileURLToPath(new URL("../../../dist/kernels.wasm", import.meta.url));

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sealift-kernels-"));
});
afterEach(() => rm(folder, { recursive: true }));

const from = (...path: string[]) => pathToFileURL(join(folder, ...path)).href;

test("the kernels are found beside a bundle, above its chunks, and from the source", async () => {
  await mkdir(join(folder, "dist"));
  await copyFile(built, join(folder, "dist", "kernels.wasm"));
  for (const path of [
    ["dist", "cli.js"],
    ["dist", "chunks", "node-1a2b.js"],
    ["cli", "host", "kernels.ts"],
  ]) {
    expect((await loadKernels(from(...path))).engine).toBe("wasm-1");
  }
});

test("missing kernels are an error that says how to build them", async () => {
  await expect(loadKernels(from("a", "b", "c.js"))).rejects.toMatchObject({
    code: "NOT_FOUND",
    message: "Cannot load the kernels: kernels.wasm is missing",
    hint: "Run `npm run build` first.",
  });
});

test("where vectors are unknown, the build without them is loaded", async () => {
  // A module this engine refuses, as one without vectors refuses the first.
  await writeFile(join(folder, "kernels.wasm"), "not a module");
  await copyFile(built.replace("kernels.wasm", "kernels-scalar.wasm"), join(folder, "kernels-scalar.wasm"));
  expect((await loadKernels(from("cli.js"))).engine).toBe("wasm-1");
});

test("a damaged file is an error that says how to build it again", async () => {
  await writeFile(join(folder, "kernels.wasm"), "not a module");
  await writeFile(join(folder, "kernels-scalar.wasm"), "nor this");
  await expect(loadKernels(from("cli.js"))).rejects.toMatchObject({
    code: "IO",
    hint: "Run `npm run build` again.",
  });
});
