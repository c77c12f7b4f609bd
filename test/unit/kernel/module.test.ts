import { readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { wasmKernels } from "../../../src/kernel/wasm.ts";
import { mixture, runCodec } from "../../contract/kernels-input.ts";
import { kernelInstance, kernelModule } from "./module.ts";

test("the module imports nothing, so a host gives it no powers", async () => {
  expect(WebAssembly.Module.imports(await kernelModule())).toEqual([]);
});

test.each(["kernels.wasm", "kernels-scalar.wasm"])(
  "%s is at most 60 kB, 22 kB of them compressed",
  async (name) => {
    const bytes = await readFile(new URL(`../../../dist/${name}`, import.meta.url));
    expect(bytes.length).toBeLessThanOrEqual(60_000);
    expect(gzipSync(bytes, { level: 9 }).length).toBeLessThanOrEqual(22_000);
  },
);

test("the module starts no code of its own and exports one memory", async () => {
  const exports = WebAssembly.Module.exports(await kernelModule());
  expect(exports.filter(({ kind }) => kind === "memory").map(({ name }) => name)).toEqual(["memory"]);
  expect(exports.filter(({ kind }) => kind === "table")).toEqual([]);
});

test("memory does not grow, so views of it stay valid", async () => {
  const module = await kernelModule();
  const { kernels } = await kernelInstance();
  const before = kernels.memory.buffer;
  const codecs = wasmKernels(module);
  runCodec(codecs.gunzip(), [runCodec(codecs.gzip(), [mixture(3_000_000)])]);
  expect(kernels.memory.buffer).toBe(before);
  expect(before.byteLength).toBeLessThan(6 << 20);
});

test("instances are reused: a thousand codecs one after the other make one", async () => {
  const kernels = wasmKernels(await kernelModule());
  let made = 0;
  const { Instance } = WebAssembly;
  const counting = new Proxy(Instance, {
    construct(target, args) {
      made++;
      return Reflect.construct(target, args);
    },
  });
  WebAssembly.Instance = counting;
  try {
    for (let i = 0; i < 1000; i++) {
      const packed = runCodec(kernels.gzip(), [Uint8Array.of(i & 255)]);
      expect(runCodec(kernels.gunzip(), [packed])).toEqual(Buffer.of(i & 255));
      kernels.gunzip().release();
    }
  } finally {
    WebAssembly.Instance = Instance;
  }
  expect(made).toBe(1);
});
