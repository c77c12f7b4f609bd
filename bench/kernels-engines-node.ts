/** Node's own engines, and the native programs that show where the ceiling is. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, openSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { crc32, createGunzip, createGzip, gunzipSync, gzipSync } from "node:zlib";
import type { Engine, Input } from "./kernels-engines.ts";
import { normaliseByPeer, type Peer } from "./layer-engines.ts";
import { isInstalled } from "./measured.ts";

export const nodeEngines: readonly Engine[] = [
  {
    name: "node:crypto",
    sha256: (input) => hash("sha256", input),
    sha256Many: (inputs) => inputs.map((input) => hash("sha256", input)),
    sha512: (input) => hash("sha512", input),
  },
  {
    name: "node:zlib",
    crc32: ({ chunks }) => chunks.reduce((sum, chunk) => crc32(chunk, sum), 0),
    gunzip: ({ data }) => gunzipSync(data),
    gzip: ({ data }, level) => gzipSync(data, { level }),
    normaliseLayer: (input) => normaliseByPeer(input, nodePeer),
    async gunzipStream({ chunks }) {
      const stream = createGunzip();
      const written = (async () => {
        for (const chunk of chunks)
          if (!stream.write(chunk)) await new Promise((resolve) => stream.once("drain", resolve));
        stream.end();
      })();
      let length = 0;
      for await (const part of stream) length += part.length;
      await written;
      return length;
    },
  },
];

/** Streams as Node has them, their work on its threads. */
const nodePeer: Peer = {
  hash() {
    const hash = createHash("sha256");
    return { update: (chunk) => hash.update(chunk), hex: () => hash.digest("hex") };
  },
  unpacked: (chunks) => Readable.from(chunks).pipe(createGunzip({ chunkSize: STREAM_CHUNK })),
  packed: (tar) => Readable.from(tar).pipe(createGzip({ level: 6, chunkSize: STREAM_CHUNK })),
};

/** Larger than Node's default of 16 kB, with which its streams take longer. */
const STREAM_CHUNK = 128 * 1024;

function hash(algorithm: string, { chunks }: Input): Uint8Array {
  const hasher = createHash(algorithm);
  for (const chunk of chunks) hasher.update(chunk);
  return new Uint8Array(hasher.digest());
}

/** What the native programs have used of the processor so far, in seconds. */
export let nativeSeconds = 0;

/** Programs on this machine, their start and the file's reading included; `folder` takes their input. */
export function nativeEngines(folder: string): readonly Engine[] {
  const files = new Map<Input, string>();
  const fileOf = (input: Input, suffix: string) => {
    let path = files.get(input);
    if (!path) {
      path = join(folder, `input${files.size}${suffix}`);
      files.set(input, path);
      writeFileSync(path, input.data);
    }
    return path;
  };
  const gzipLike = (program: string, ...options: string[]): Engine => ({
    name: `${program} (process)`,
    gunzipStream(input) {
      run([program, "-dc", fileOf(input, ".gz")], "/dev/null");
      return lengthIn(input);
    },
    gzip(input, level) {
      const output = join(folder, "output");
      run([program, `-${level}`, "-c", ...options, fileOf(input, "")], output);
      return new Uint8Array(statSync(output).size);
    },
  });
  const all: Record<string, Engine> = {
    "libdeflate-gzip": gzipLike("libdeflate-gzip"),
    pigz: gzipLike("pigz", "-p", "1"),
    sha256sum: {
      name: "sha256sum (process)",
      sha256(input) {
        const output = join(folder, "output");
        run(["sha256sum", fileOf(input, "")], output);
        return new Uint8Array(Buffer.from(readFileSync(output, "latin1").slice(0, 64), "hex"));
      },
    },
  };
  return Object.entries(all).flatMap(([program, engine]) => (isInstalled(program) ? [engine] : []));
}

/** A gzip file's last four bytes (RFC 1952 §2.3.1). */
function lengthIn({ data }: Input): number {
  return new DataView(data.buffer, data.byteOffset + data.length - 4).getUint32(0, true);
}

/** Runs a program; the shell knows to the millisecond what it used. */
function run(command: readonly string[], output: string): void {
  const file = openSync(output, "w");
  const script = 'TIMEFORMAT="%U %S"; time "$@"';
  const { status, stderr } = spawnSync("bash", ["-c", script, "bash", ...command], {
    stdio: ["ignore", file, "pipe"],
    encoding: "utf8",
  });
  closeSync(file);
  if (status !== 0) throw new Error(`${command.join(" ")} ended with ${status}: ${stderr}`);
  for (const seconds of stderr.trim().split(" ")) nativeSeconds += Number(seconds);
}
