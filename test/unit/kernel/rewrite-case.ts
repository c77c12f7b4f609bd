/** A rewrite in one pass beside the same step by step, over two builds of the kernels and another reader of headers. */
import { readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { expect } from "vitest";
import { gunzip, gzip } from "../../../src/compression/gzip.ts";
import { RewriteRefused } from "../../../src/kernel/failure.ts";
import { fallbackKernels } from "../../../src/kernel/fallback.ts";
import type { Kernels, RewriteOptions } from "../../../src/kernel/kernels.ts";
import { wasmKernels } from "../../../src/kernel/wasm.ts";
import { normaliseTimestamps, type TimestampOptions } from "../../../src/tar/normalise-timestamps.ts";
import { chunked, readAll } from "../tar/raw.ts";

const load = async (name: string) =>
  wasmKernels(
    await WebAssembly.compile(await readFile(new URL(`../../../dist/${name}.wasm`, import.meta.url))),
  );
const builds = { vectors: await load("kernels"), scalar: await load("kernels-scalar") };
/** Headers by the other engine, bytes that get a digest by the only one that may write them. */
const stepwise: Kernels = { ...builds.vectors, tar: (await fallbackKernels()).tar };

type Forms = Pick<RewriteOptions, "input" | "output">;

/** Every way in and out. */
export const FORMS: readonly Forms[] = [
  { input: "none", output: "none" },
  { input: "none", output: "gzip" },
  { input: "gzip", output: "none" },
  { input: "gzip", output: "gzip" },
];

export interface Rewritten {
  readonly bytes: Buffer;
  readonly before: Buffer;
  readonly after: Buffer;
}

/** The rewrite in one pass; undefined if it is refused. */
export function inOnePass(
  kernels: Kernels,
  data: Uint8Array,
  options: TimestampOptions & Forms,
  sizes: readonly number[],
): Rewritten | undefined {
  const [bytes, before, after]: Uint8Array[][] = [[], [], []];
  const keep = (list: Uint8Array[] | undefined) => (view: Uint8Array) => void list?.push(view.slice());
  const rewriter = kernels.rewriter?.({ ...options, before: keep(before), after: keep(after) });
  if (!rewriter) throw new Error("these kernels have no rewriter");
  try {
    for (let at = 0, turn = 0; at < data.length; turn++) {
      const size = sizes[turn % sizes.length] ?? data.length;
      for (const view of rewriter.write(data.subarray(at, at + size))) keep(bytes)(view);
      at += size;
    }
    for (const view of rewriter.end()) keep(bytes)(view);
  } catch (error) {
    if (error instanceof RewriteRefused) return undefined;
    throw error;
  } finally {
    rewriter.release();
  }
  return {
    bytes: Buffer.concat(bytes ?? []),
    before: Buffer.concat(before ?? []),
    after: Buffer.concat(after ?? []),
  };
}

/** Step by step; undefined if that fails. */
async function stepByStep(data: Uint8Array, options: TimestampOptions & Forms) {
  try {
    const stream = chunked(data, [65536]);
    const before = await readAll(options.input === "gzip" ? gunzip(stream, stepwise) : stream);
    const after = await readAll(normaliseTimestamps(chunked(before, [65536]), stepwise, options));
    const bytes = options.output === "gzip" ? await readAll(gzip(chunked(after, [65536]), stepwise)) : after;
    return { bytes, before, after };
  } catch {
    return undefined;
  }
}

/** Data that begins as gzip does is taken for it, as `tar` is otherwise packed for an input of gzip. */
export const packed = (tar: Uint8Array) => new Uint8Array(gzipSync(tar, { level: 1 }));

export interface Comparison extends TimestampOptions {
  readonly forms?: readonly Forms[];
  readonly sizes?: readonly number[];
  /** What is to happen; by default whatever happens step by step. */
  readonly mayRefuse?: boolean;
}

/** Expects of each build the bytes that come of doing it step by step, or a refusal where that fails. */
export async function expectSame(
  data: Uint8Array,
  { forms = FORMS, sizes = [65536], mayRefuse = false, ...options }: Comparison,
  pack: (data: Uint8Array) => Uint8Array = packed,
): Promise<"rewritten" | "refused"> {
  let outcome: "rewritten" | "refused" = "refused";
  for (const form of forms) {
    const input = form.input === "gzip" ? pack(data) : data;
    const expected = await stepByStep(input, { ...options, ...form });
    for (const [build, kernels] of Object.entries(builds)) {
      const actual = inOnePass(kernels, input, { ...options, ...form }, sizes);
      const label = `${build}, ${form.input} to ${form.output}`;
      if (!actual && (mayRefuse || !expected)) continue;
      if (!actual || !expected) {
        expect.fail(`${label}: ${actual ? "accepted what fails" : "refused what does not fail"}`);
      }
      // Megabytes are compared by Buffer, since the matcher takes seconds over them.
      const same = (a: Buffer, b: Uint8Array) => a.equals(b);
      expect({
        label,
        bytes: same(actual.bytes, expected.bytes),
        after: same(actual.after, expected.after),
        before: form.input === "none" || same(actual.before, expected.before),
      }).toEqual({ label, bytes: true, after: true, before: true });
      outcome = "rewritten";
    }
  }
  return outcome;
}
