/** How fast each engine does each task here: short runs in turn, the best of each, for `doctor`. */
import { createHash } from "node:crypto";
import * as zlib from "node:zlib";
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
  readonly member: "hasher" | "sha256Many" | "crc32" | "gunzip" | "zstd";
  wasm(): unknown;
  /** Absent where this Node has none. */
  native?: (() => unknown) | undefined;
}

/** Times the kernels and Node's engines; `chosen` is the kernels with those engines that are in use. Takes about a second. */
export async function timeEngines(kernels: Kernels, chosen: Kernels): Promise<EngineTime[]> {
  const times: EngineTime[] = [];
  for (const task of await tasks(kernels)) {
    const best = { wasm: 0, native: 0 };
    const engines = ENGINES.filter((engine) => task[engine]);
    for (let round = 0; round < ROUNDS; round++) {
      for (const engine of engines) {
        const started = performance.now();
        await task[engine]?.();
        best[engine] = Math.max(best[engine], SIZE / MB / ((performance.now() - started) / 1000));
      }
    }
    const inUse = chosen[task.member] === kernels[task.member] ? "wasm" : "native";
    for (const engine of engines) {
      times.push({ task: task.name, engine, speed: Math.round(best[engine]), used: engine === inUse });
    }
  }
  return times;
}

async function tasks(kernels: Kernels): Promise<readonly Task[]> {
  const data = sample();
  const packed = zlib.gzipSync(data);
  const frame = await zstdFrame(kernels, data);
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
    {
      name: "reading zstd",
      member: "zstd",
      wasm: () => unzstd(kernels, frame),
      // Node's stream ends behind the first frame and says nothing of what follows, so it is never used.
      native: zlib.zstdDecompressSync && (() => zlib.zstdDecompressSync(frame)),
    },
    {
      name: "writing zstd",
      member: "zstd",
      wasm: () => zstdFrame(kernels, data),
      native: zlib.zstdCompressSync && (() => zlib.zstdCompressSync(data)),
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

async function unzstd(kernels: Kernels, packed: Uint8Array): Promise<void> {
  const codec = await kernels.zstd.decoder();
  for (const chunk of cut(packed, CHUNK)) for (const _ of codec.write(chunk));
  for (const _ of codec.end());
}

async function zstdFrame(kernels: Kernels, data: Uint8Array): Promise<Uint8Array> {
  return (await kernels.zstd.encoder()).frame(data);
}

async function nodeGunzip(packed: Uint8Array): Promise<void> {
  const stream = zlib.createGunzip();
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
