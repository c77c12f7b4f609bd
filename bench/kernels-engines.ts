/** Who competes in the kernels' bench, on any host: each engine is a record of the tasks it can do. */
import { sha256, sha512 } from "@noble/hashes/sha2.js";
import { Gunzip, gunzipSync, gzipSync } from "fflate";
import { createCRC32, createSHA256, createSHA512 } from "hash-wasm";
import { Inflate, gzip as pakoGzip, ungzip } from "pako";
import type { Codec, GzipLevel, Kernels } from "../src/kernel/kernels.ts";
import type { Digest } from "../src/oci/digest.ts";

/** Data to work on, whole and as a stream would bring it. */
export interface Input {
  readonly name: string;
  readonly data: Uint8Array<ArrayBuffer>;
  readonly chunks: readonly Uint8Array<ArrayBuffer>[];
}

/** What it takes to check a layer: the digests it must have. */
export interface LayerInput extends Input {
  readonly digest: Digest;
  readonly diffId: Digest;
}

/** Each result is compared with the others' before anything is measured, but for compressed bytes. */
export interface Tasks {
  sha256(input: Input): Uint8Array;
  /** Every input's hash, in their order; how is the engine's own affair. */
  sha256Many(inputs: readonly Input[]): readonly Uint8Array[];
  sha512(input: Input): Uint8Array;
  crc32(input: Input): number;
  /** Gives how many bytes came out: a stream's reader need not keep them. */
  gunzipStream(input: Input): number;
  gunzip(input: Input): Uint8Array;
  gzip(input: Input, level: number): Uint8Array;
  /** Gives the new diff_id. */
  normaliseLayer(input: LayerInput): Uint8Array;
}

export type Task = keyof Tasks;

type Awaitable<T> = T extends (...args: infer A) => infer R ? (...args: A) => R | Promise<R> : never;

/** Ours stands first in a list of engines. */
export type Engine = { readonly name: string } & { readonly [T in Task]?: Awaitable<Tasks[T]> };

/** The WebAssembly kernels, as the core uses them. */
export function sealiftEngine(kernels: Kernels): Engine {
  const hash = (algorithm: "sha256" | "sha512", { chunks }: Input) => {
    const hasher = kernels.hasher(algorithm);
    for (const chunk of chunks) hasher.update(chunk);
    return hasher.digest();
  };
  return {
    name: "sealift",
    sha256: (input) => hash("sha256", input),
    sha256Many: (inputs) => kernels.sha256Many(inputs.map(({ data }) => data)),
    sha512: (input) => hash("sha512", input),
    crc32: ({ chunks }) => chunks.reduce((crc, chunk) => kernels.crc32(chunk, crc), 0),
    gunzipStream({ chunks }) {
      let length = 0;
      run(kernels.gunzip(), chunks, (view) => {
        length += view.length;
      });
      return length;
    },
    gunzip({ data }) {
      // RFC 1952 §2.3.1: the length, modulo 2^32, ends the file.
      const output = new Uint8Array(
        new DataView(data.buffer, data.byteOffset + data.length - 4).getUint32(0, true),
      );
      let length = 0;
      run(kernels.gunzip(), [data], (view) => {
        output.set(view, length);
        length += view.length;
      });
      return output;
    },
    gzip({ chunks }, level) {
      const parts: Uint8Array[] = [];
      run(kernels.gzip({ level: level as GzipLevel }), chunks, (view) => parts.push(view.slice()));
      return joined(parts);
    },
  };
}

function run(codec: Codec, chunks: Iterable<Uint8Array>, emit: (view: Uint8Array) => void): void {
  for (const chunk of chunks) codec.write(chunk, emit);
  codec.end(emit);
}

/** The libraries that run wherever JavaScript does. */
export async function libraryEngines(): Promise<readonly Engine[]> {
  return [await hashWasm(), ...scriptEngines];
}

async function hashWasm(): Promise<Engine> {
  const hashes = { sha256: await createSHA256(), sha512: await createSHA512(), crc32: await createCRC32() };
  const hash = (name: keyof typeof hashes, { chunks }: Input) => {
    const hasher = hashes[name].init();
    for (const chunk of chunks) hasher.update(chunk);
    return hasher.digest("binary");
  };
  return {
    name: "hash-wasm",
    sha256: (input) => hash("sha256", input),
    sha256Many: (inputs) => inputs.map((input) => hash("sha256", input)),
    sha512: (input) => hash("sha512", input),
    crc32: (input) => new DataView(hash("crc32", input).buffer).getUint32(0),
  };
}

const fflate: Engine = {
  name: "fflate",
  crc32: fflateCrc(),
  gunzipStream({ chunks }) {
    let length = 0;
    const stream = new Gunzip((part) => {
      length += part.length;
    });
    for (const chunk of chunks) stream.push(chunk);
    stream.push(new Uint8Array(), true);
    return length;
  },
  gunzip: ({ data }) => gunzipSync(data),
  gzip: ({ data }, level) => gzipSync(data, { level: level as 6 }),
};

/** Its CRC is not exported: the same algorithm, one table, a byte at a time. */
function fflateCrc(): (input: Input) => number {
  const table = Int32Array.from({ length: 256 }, (_, byte) => {
    let remainder = byte;
    for (let bit = 0; bit < 8; bit++) remainder = (remainder & 1 ? -0x12477ce0 : 0) ^ (remainder >>> 1);
    return remainder;
  });
  return ({ chunks }) => {
    let state = -1;
    for (const chunk of chunks) {
      let crc = state;
      for (let at = 0; at < chunk.length; ++at) {
        crc = (table[(crc & 255) ^ (chunk[at] as number)] as number) ^ (crc >>> 8);
      }
      state = crc;
    }
    return ~state >>> 0;
  };
}

const noble: Engine = {
  name: "@noble/hashes",
  sha256({ chunks }) {
    const hash = sha256.create();
    for (const chunk of chunks) hash.update(chunk);
    return hash.digest();
  },
  sha512({ chunks }) {
    const hash = sha512.create();
    for (const chunk of chunks) hash.update(chunk);
    return hash.digest();
  },
};

const pako: Engine = {
  name: "pako",
  gunzipStream({ chunks }) {
    let length = 0;
    const stream = new Inflate();
    stream.onData = (part) => {
      length += part.length;
    };
    for (const chunk of chunks) stream.push(chunk);
    return length;
  },
  gunzip: ({ data }) => ungzip(data),
  gzip: ({ data }, level) => pakoGzip(data, { level: level as 6 }),
};

/** The libraries without WebAssembly, which run where compiling it is forbidden as well. */
export const scriptEngines: readonly Engine[] = [fflate, noble, pako];

/** What browsers, workers and Node bring along. */
export function platformEngines(): readonly Engine[] {
  const { subtle } = crypto;
  const digest = async (algorithm: string, { data }: Input) =>
    new Uint8Array(await subtle.digest(algorithm, data));
  const streamed = async (
    { chunks }: Input,
    transform: GenericTransform,
    take: (part: Uint8Array) => void,
  ) => {
    const source = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const chunk of chunks) controller.enqueue(chunk);
        controller.close();
      },
    });
    const reader = source.pipeThrough(transform).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      take(value);
    }
  };
  return [
    {
      name: "crypto.subtle, whole",
      sha256: (input) => digest("SHA-256", input),
      sha256Many: (inputs) => Promise.all(inputs.map((input) => digest("SHA-256", input))),
      sha512: (input) => digest("SHA-512", input),
    },
    {
      name: "DecompressionStream",
      async gunzipStream(input) {
        let length = 0;
        await streamed(input, new DecompressionStream("gzip") as unknown as GenericTransform, (part) => {
          length += part.length;
        });
        return length;
      },
    },
    {
      name: "CompressionStream",
      /** It has one level, zlib's 6. */
      async gzip(input, level) {
        if (level !== 6) throw new NoSuchLevel();
        const parts: Uint8Array[] = [];
        await streamed(input, new CompressionStream("gzip") as unknown as GenericTransform, (part) => {
          parts.push(part);
        });
        return joined(parts);
      },
    },
  ];
}

type GenericTransform = ReadableWritablePair<Uint8Array, Uint8Array>;

/** Thrown by an engine that is asked to compress at a level it does not have. */
export class NoSuchLevel extends Error {}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
