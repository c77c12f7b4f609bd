import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { zstdDecompressSync } from "node:zlib";
import { createXXHash64 } from "hash-wasm";
import { beforeAll, expect, test } from "vitest";
import { loadKernels } from "../../../cli/host/kernels.ts";
import { fallbackKernels } from "../../../src/kernel/fallback.ts";
import { type Kernels, ZSTD_FRAME_SIZE, type ZstdEncoder } from "../../../src/kernel/kernels.ts";
import { pushed } from "../../../src/kernel/pulled-codec.ts";
import { wasmXxh64 } from "../../../src/kernel/wasm/xxh64.ts";
import { wasmKernels } from "../../../src/kernel/wasm.ts";
import { mixture, noise, prose, runCodec } from "../../contract/kernels-input.ts";
import { bomb, packed } from "../../contract/kernels-zstd.ts";
import { kernelInstance, kernelModule } from "./module.ts";

let kernels: Kernels;
let encoder: ZstdEncoder;
beforeAll(async () => {
  kernels = await loadKernels();
  encoder = await kernels.zstd.encoder();
});

const zstdModule = async (name: string) =>
  WebAssembly.compile(await readFile(new URL(`../../../dist/${name}.wasm`, import.meta.url)));

test("xxh64 has the low half of hash-wasm's at every length", async () => {
  const oracle = await createXXHash64();
  const xxh64 = wasmXxh64(await kernelInstance());
  const data = noise(70_000, 9);
  const lengths = [...Array(200).keys(), 65_535, 65_536, 65_537, 65_568, 69_999];
  for (const length of lengths) {
    const part = data.subarray(0, length);
    const expected = Buffer.from(oracle.init().update(part).digest("binary")).readUInt32BE(4);
    expect(xxh64(part), `${length} bytes`).toBe(expected);
  }
});

test("a frame states its content's size and checksum, and libzstd reads it", async () => {
  const data = mixture(ZSTD_FRAME_SIZE, 4);
  for (const size of [0, 1, 100, 256, 65_792, 1_000_000, ZSTD_FRAME_SIZE]) {
    const content = data.subarray(0, size);
    const frame = encoder.frame(content);
    expect([...frame.subarray(0, 4)]).toEqual([0x28, 0xb5, 0x2f, 0xfd]);
    expect((frame[4] as number) & 0x04).toBe(0x04);
    expect(statedSize(frame)).toBe(size);
    expect(zstdDecompressSync(frame).equals(content)).toBe(true);
    expect(runCodec(pushed(await kernels.zstd.decoder()), [frame]).equals(content)).toBe(true);
    const wrong = frame.slice();
    wrong[wrong.length - 1] = (wrong[wrong.length - 1] as number) ^ 1;
    expect(() => zstdDecompressSync(wrong)).toThrow(/checksum/i);
  }
  expect(() => encoder.frame(new Uint8Array(ZSTD_FRAME_SIZE + 1))).toThrow("more than a frame's content");
});

/** RFC 8878 §3.1.1.1; undefined where the header leaves it out. */
function statedSize(frame: Uint8Array): number | undefined {
  const view = new DataView(frame.buffer, frame.byteOffset);
  const descriptor = view.getUint8(4);
  const single = (descriptor & 0x20) !== 0;
  const at = single ? 5 : 6;
  if (descriptor >> 6 === 0) return single ? view.getUint8(at) : undefined;
  return descriptor >> 6 === 1 ? view.getUint16(at, true) + 256 : view.getUint32(at, true);
}

test("a frame's bytes do not depend on the frames before it", async () => {
  const contents = [mixture(500_000, 2), noise(300_000), prose(800_000), new Uint8Array(ZSTD_FRAME_SIZE)];
  const load = { encoder: () => zstdModule("zstd-encoder") };
  for (const content of [...contents, ...contents.reverse()]) {
    const fresh = await wasmKernels(await kernelModule(), load).zstd.encoder();
    expect(Buffer.from(encoder.frame(content)).equals(fresh.frame(content))).toBe(true);
  }
});

test("the modules ask a host for nothing that could leave their memory", async () => {
  const names = async (name: string) =>
    WebAssembly.Module.imports(await zstdModule(name)).map(({ module, name }) => `${module}.${name}`);
  expect(await names("zstd-decoder")).toEqual(["env.emscripten_notify_memory_growth"]);
  expect(await names("zstd-encoder")).toEqual(["a.a", "a.b", "a.c", "a.d", "a.e"]);
});

test("each module is loaded at its first use, once, and again after a failure", async () => {
  let loads = 0;
  const decoder = async () => {
    loads++;
    if (loads === 1) throw new Error("the line went dead");
    return zstdModule("zstd-decoder");
  };
  const { zstd } = wasmKernels(await kernelModule(), { decoder });
  expect(loads).toBe(0);
  await expect(zstd.decoder()).rejects.toThrow("the line went dead");
  for (let i = 0; i < 3; i++) {
    expect(runCodec(pushed(await zstd.decoder()), [packed(prose(100))]).equals(prose(100))).toBe(true);
  }
  expect(loads).toBe(2);
});

test("a host may give less memory for windows", async () => {
  const load = { decoder: () => zstdModule("zstd-decoder"), maxWindow: 8 << 20 };
  const { zstd } = wasmKernels(await kernelModule(), load);
  expect(runCodec(pushed(await zstd.decoder()), [bomb(1, (23 - 10) << 3)])).toHaveLength(131_072);
  const reader = pushed(await zstd.decoder());
  expect(() => runCodec(reader, [bomb(1, (24 - 10) << 3)])).toThrow(/needs a window of 16777216 bytes/);
});

test("a host without modules says so", async () => {
  for (const { zstd } of [wasmKernels(await kernelModule()), await fallbackKernels()]) {
    await expect(zstd.decoder()).rejects.toMatchObject({ code: "UNSUPPORTED" });
    await expect(zstd.encoder()).rejects.toMatchObject({ code: "UNSUPPORTED" });
  }
});

test("memory that a large window took is given back", async () => {
  const sizes: number[] = [];
  const { Instance } = WebAssembly;
  const made: WebAssembly.Instance[] = [];
  WebAssembly.Instance = new Proxy(Instance, {
    construct(target, args) {
      const instance = Reflect.construct(target, args);
      made.push(instance);
      return instance;
    },
  });
  try {
    const { zstd } = wasmKernels(await kernelModule(), { decoder: () => zstdModule("zstd-decoder") });
    made.length = 0;
    for (const window of [20, 20, 27, 20, 20]) {
      runCodec(pushed(await zstd.decoder()), [bomb(2, (window - 10) << 3)]);
      const { memory } = (made.at(-1) as WebAssembly.Instance).exports;
      sizes.push((memory as WebAssembly.Memory).buffer.byteLength);
    }
  } finally {
    WebAssembly.Instance = Instance;
  }
  expect(made).toHaveLength(2);
  expect(Math.max(...sizes)).toBeGreaterThan(128 << 20);
  expect(sizes.at(-1)).toBeLessThan(32 << 20);
});

test("what the encoder module is, to the byte", async () => {
  const bytes = await readFile(new URL("../../../dist/zstd-encoder.wasm", import.meta.url));
  expect(createHash("sha256").update(bytes).digest("hex")).toBe(
    "80260eee5795ee8072bb5821e203730c74dca3909938f5ac1128da67f96223df",
  );
});
