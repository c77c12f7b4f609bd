/** How fast each engine does each task here: short runs in turn, the best of each, for `doctor`. */
import { createHash } from "node:crypto";
import { createGunzip, gzipSync } from "node:zlib";
import type { Kernels } from "../../src/kernel/kernels.ts";
import { withEngines } from "./engines.ts";

export interface EngineTime {
  readonly task: string;
  readonly engine: "wasm" | "native";
  /** 10^6 bytes of uncompressed data per second. */
  readonly speed: number;
  /** Whether it is this engine that does the task. */
  readonly used: boolean;
}

const MB = 1e6;
const SIZE = 4 * MB;
const CHUNK = 64 * 1024;
/** The first are slow: engines optimise code that has run for a while. */
const ROUNDS = 6;
const ENGINES = ["wasm", "native"] as const;

interface Task {
  readonly name: string;
  /** What of the port does it. */
  readonly member: "hasher" | "sha256Many" | "crc32" | "gunzip";
  wasm(): unknown;
  native(): unknown;
}

/** Times the kernels and Node's engines; `chosen` is the kernels with those engines that are in use. Takes about a second. */
export async function timeEngines(kernels: Kernels, chosen: Kernels): Promise<EngineTime[]> {
  const times: EngineTime[] = [];
  for (const task of tasks(kernels)) {
    const best = { wasm: 0, native: 0 };
    for (let round = 0; round < ROUNDS; round++) {
      for (const engine of ENGINES) {
        const started = performance.now();
        await task[engine]();
        best[engine] = Math.max(best[engine], SIZE / MB / ((performance.now() - started) / 1000));
      }
    }
    const inUse = chosen[task.member] === kernels[task.member] ? "wasm" : "native";
    for (const engine of ENGINES) {
      times.push({ task: task.name, engine, speed: Math.round(best[engine]), used: engine === inUse });
    }
  }
  return times;
}

function tasks(kernels: Kernels): readonly Task[] {
  const data = sample();
  const packed = gzipSync(data);
  const files = cut(data, 8192);
  const native = withEngines(kernels, "native");
  return [
    { name: "sha256", member: "hasher", wasm: () => hash(kernels, data), native: () => hash(native, data) },
    {
      name: "sha256 of small files",
      member: "sha256Many",
      wasm: () => kernels.sha256Many(files),
      native: () => native.sha256Many(files),
    },
    {
      name: "sha512",
      member: "hasher",
      wasm: () => hash(kernels, data, "sha512"),
      native: () => hash(native, data, "sha512"),
    },
    { name: "crc32", member: "crc32", wasm: () => kernels.crc32(data), native: () => native.crc32(data) },
    {
      name: "reading gzip",
      member: "gunzip",
      wasm: () => gunzip(kernels, packed),
      native: () => nodeGunzip(packed),
    },
  ];
}

function hash(kernels: Kernels, data: Uint8Array, algorithm: "sha256" | "sha512" = "sha256"): void {
  const hasher = kernels.hasher(algorithm);
  for (const chunk of cut(data, CHUNK)) hasher.update(chunk);
  hasher.digest();
}

function gunzip(kernels: Kernels, packed: Uint8Array): void {
  const codec = kernels.gunzip();
  for (const chunk of cut(packed, CHUNK)) codec.write(chunk, () => {});
  codec.end(() => {});
}

async function nodeGunzip(packed: Uint8Array): Promise<void> {
  const stream = createGunzip();
  stream.end(packed);
  for await (const _ of stream);
}

/** Half noise, half words: compresses about as software does. */
function sample(): Uint8Array {
  const data = new Uint8Array(SIZE);
  for (let at = 0; at < SIZE; at += 32) {
    const block = createHash("sha256").update(String(at)).digest();
    data.set(
      at & 4096
        ? block
        : new TextEncoder().encode(`line ${at & 0xff00} of the text there is\n`).subarray(0, 32),
      at,
    );
  }
  return data;
}

function cut(data: Uint8Array, size: number): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < data.length; at += size) parts.push(data.subarray(at, at + size));
  return parts;
}
