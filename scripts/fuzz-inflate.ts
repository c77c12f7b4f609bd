/**
 * Damaged and random DEFLATE streams, given to the kernel and to zlib: both must
 * take or refuse each, and make the same of what they take. Every fourth that is
 * taken is made gzip and entered at each of its access points, too; every tenth
 * stream is entered as if it were an access point, with a window and state of noise.
 *
 *   node scripts/fuzz-inflate.ts [streams] [seed]     (a million take three minutes)
 *
 * A stream is random bytes, or a real one of any level, strategy and window with
 * bits flipped, bytes set, a part cut out or written twice, or its end missing.
 * A trap, a memory that grows, or output beyond DEFLATE's 1032 to 1 ends the run.
 */
import { readFile } from "node:fs/promises";
import { constants, crc32, deflateRawSync, inflateRawSync } from "node:zlib";
import { isSealiftError } from "../src/error.ts";
import type { AccessPoint } from "../src/kernel/kernels.ts";
import { wasmKernels } from "../src/kernel/wasm.ts";
import { cutEvery, mixture, noise, prose, randomNumbers, runCodec } from "../test/contract/kernels-input.ts";

const streams = Number(process.argv[2] ?? 100_000);
const seed = Number(process.argv[3] ?? 1);
const module = await WebAssembly.compile(await readFile(new URL("../dist/kernels.wasm", import.meta.url)));
const { gunzipWithPoints, gunzipFrom, ...rest } = wasmKernels(module);
if (!gunzipWithPoints || !gunzipFrom) throw new Error("The kernels find no access points");
const kernels = { ...rest, gunzipWithPoints, gunzipFrom };
const next = randomNumbers(seed);

/** What a stream unpacks to, and how many of its bytes that takes; undefined where zlib refuses. */
function byZlib(data: Uint8Array): { output: Buffer; used: number } | undefined {
  try {
    const { buffer, engine } = inflateRawSync(data, { info: true }) as unknown as {
      buffer: Buffer;
      engine: { bytesWritten: number };
    };
    return { output: buffer, used: engine.bytesWritten };
  } catch {
    return undefined;
  }
}

function byKernel(data: Uint8Array, size: number): Buffer | undefined {
  try {
    return runCodec(kernels.inflate(), cutEvery(data, size));
  } catch (error) {
    if (isSealiftError(error, "GZIP_INVALID", "GZIP_TRUNCATED")) return undefined;
    throw error;
  }
}

/** The gzip of what a stream unpacks to, around the stream. */
function member(stream: Uint8Array, output: Uint8Array): Uint8Array {
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc32(output));
  trailer.writeUInt32LE(output.length, 4);
  return Buffer.concat([Buffer.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255), stream, trailer]);
}

let entered = 0;

/** Whether reading from each access point on gives the rest of the output. */
function isReadFromPoints(stream: Uint8Array, output: Buffer, size: number): boolean {
  const packed = member(stream, output);
  const points: AccessPoint[] = [];
  const report = (point: AccessPoint) => void points.push({ ...point, window: point.window.slice() });
  const whole = runCodec(kernels.gunzipWithPoints({ spacing: 1, report }), cutEvery(packed, size));
  entered += points.length;
  return (
    whole.equals(output) &&
    points.every((point) => {
      const rest = packed.subarray(Math.floor(point.position / 8));
      return runCodec(kernels.gunzipFrom(point), cutEvery(rest, size)).equals(output.subarray(point.offset));
    })
  );
}

/** Bytes that were never an access point's: an error of ours or some output, and not too much. */
function isHarmlessAsPoint(data: Uint8Array, size: number): boolean {
  const window = noise(next(32 * 1024 + 1), next(2 ** 31));
  const point = { position: next(8), offset: 0, window, crc: next(2 ** 32), length: next(2 ** 32) };
  let produced = 0;
  const codec = kernels.gunzipFrom(point);
  try {
    for (const chunk of cutEvery(data, size)) codec.write(chunk, (view) => (produced += view.length));
    codec.end(() => {});
  } catch (error) {
    if (!isSealiftError(error, "GZIP_INVALID", "GZIP_TRUNCATED")) throw error;
  } finally {
    codec.release();
  }
  return produced <= 1032 * data.length + 258;
}

const { Z_DEFAULT_STRATEGY, Z_FILTERED, Z_HUFFMAN_ONLY, Z_RLE, Z_FIXED } = constants;
const strategies = [Z_DEFAULT_STRATEGY, Z_FILTERED, Z_HUFFMAN_ONLY, Z_RLE, Z_FIXED];

/** Streams to damage: small ones reach every state of the decoder soonest. */
const whole = Array.from({ length: 400 }, (_, i) => {
  const length = 1 + next(i % 10 === 0 ? 20_000 : 600);
  const data = [prose, noise, mixture][i % 3]?.(length, i + seed) ?? new Uint8Array(length);
  const strategy = strategies[next(5)] ?? Z_DEFAULT_STRATEGY;
  return deflateRawSync(data, { level: next(10), strategy, windowBits: 9 + next(7), memLevel: 1 + next(9) });
});

function damaged(): Uint8Array {
  const source = new Uint8Array(whole[next(whole.length)] as Buffer);
  // Mostly near the beginning, where the codes stand that all the rest hangs on.
  const place = () => (next(2) === 0 ? next(Math.min(source.length, 90)) : next(source.length));
  for (let times = 1 + next(3); times > 0; times--) {
    const at = place();
    const kind = next(5);
    if (kind < 2) source[at] = (source[at] as number) ^ (1 << next(8));
    else if (kind === 2) source[at] = next(256);
    else if (kind === 3) source.copyWithin(at, place());
    else return source.subarray(0, at);
  }
  return source;
}

let taken = 0;
for (let i = 0; i < streams; i++) {
  const data = next(3) === 0 ? noise(1 + next(200), next(2 ** 31)) : damaged();
  const size = 1 + next(data.length + 10);
  const expected = byZlib(data);
  // Node ignores what follows a stream's end; the kernel calls it damage.
  const input = expected ? data.subarray(0, expected.used) : data;
  const output = byKernel(input, size);
  const equal = expected ? output?.equals(expected.output) : output === undefined;
  if (!equal || (output && output.length > 1032 * input.length + 258)) {
    console.error(`stream ${i} of seed ${seed}, in pieces of ${size}: ${Buffer.from(data).toString("hex")}`);
    process.exit(1);
  }
  if (expected) taken++;
  const isPoint = i % 10 !== 0 || isHarmlessAsPoint(data, size);
  if (!isPoint || (expected && i % 4 === 0 && !isReadFromPoints(input, expected.output, size))) {
    console.error(`stream ${i} of seed ${seed}, by access points: ${Buffer.from(data).toString("hex")}`);
    process.exit(1);
  }
  if (expected && expected.used < data.length && byKernel(data, size) !== undefined) {
    console.error(`stream ${i} of seed ${seed}: data behind the end was taken`);
    process.exit(1);
  }
}
console.log(
  `${streams} streams: ${taken} taken, ${streams - taken} refused, all as zlib does; ${entered} points entered`,
);
