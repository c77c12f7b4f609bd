import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { fallbackKernels } from "../../../src/kernel/fallback.ts";
import { wasmKernels } from "../../../src/kernel/wasm.ts";
import { noise } from "../../contract/kernels-input.ts";
import { kernelModule } from "./module.ts";

test("a state saved by one engine goes on in the other", async () => {
  const engines = [wasmKernels(await kernelModule()), await fallbackKernels()] as const;
  const data = noise(300);
  const expected = new Uint8Array(createHash("sha256").update(data).digest());
  for (let saved = 0; saved <= data.length; saved++) {
    const [mine, other] = saved % 2 === 0 ? engines : [engines[1], engines[0]];
    const states = [mine, other].map((engine) => {
      const hasher = engine.resumableSha256();
      hasher.update(data.subarray(0, saved));
      return hasher.save();
    });
    expect(states[0]).toEqual(states[1]);
    const resumed = other.resumableSha256(states[0]);
    resumed.update(data.subarray(saved));
    expect(resumed.digest()).toEqual(expected);
  }
});

test("a state holds nothing of the input but its unfinished block", async () => {
  const hasher = wasmKernels(await kernelModule()).resumableSha256();
  hasher.update(new Uint8Array(60).fill(0xaa));
  hasher.update(new Uint8Array(10).fill(0xbb));
  expect(hasher.save().subarray(40)).toEqual(Uint8Array.from({ length: 64 }, (_, i) => (i < 6 ? 0xbb : 0)));
});
