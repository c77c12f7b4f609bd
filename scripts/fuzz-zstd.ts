/**
 * Damaged and random zstd streams, given to our decoder and to the libzstd of
 * this Node (22.15 or newer). What we take libzstd must take, and both must make
 * the same of it; what it takes we must take, but for content that nobody wrote:
 * in 32 bits its reader of bits sees some damage that in 64 bits it overlooks.
 *
 *   node scripts/fuzz-zstd.ts [streams] [seed]     (a hundred thousand take about a minute)
 *
 * A stream is random bytes behind a frame's magic, or a real one of any level and
 * window with bits flipped, bytes set, a part cut out or written twice, its end
 * missing, or a whole one before it. A trap, output beyond a block for four bytes,
 * or an error of another kind ends the run.
 */
import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { loadKernels } from "../cli/host/kernels.ts";
import { isSealiftError } from "../src/error.ts";
import { pushed } from "../src/kernel/pulled-codec.ts";
import { cutEvery, mixture, noise, prose, randomNumbers, runCodec } from "../test/contract/kernels-input.ts";

const streams = Number(process.argv[2] ?? 20_000);
const seed = Number(process.argv[3] ?? 1);
const kernels = await loadKernels();
const next = randomNumbers(seed);
const { ZSTD_c_compressionLevel, ZSTD_c_checksumFlag, ZSTD_c_contentSizeFlag, ZSTD_c_windowLog } = constants;
const BLOCK = 131_072;
const OPTIONS = { maxOutputLength: 1 << 28, info: true };

/** What `info` gives. */
interface Information {
  readonly buffer: Buffer;
  readonly engine: { readonly bytesWritten: number };
}

/** What a stream unpacks to, frame by frame, since Node stops behind the first; undefined where libzstd refuses. */
function byNode(data: Uint8Array): Buffer | undefined {
  const parts: Buffer[] = [];
  let at = 0;
  try {
    do {
      const { buffer, engine } = zstdDecompressSync(data.subarray(at), OPTIONS) as unknown as Information;
      parts.push(buffer);
      at += engine.bytesWritten;
    } while (at < data.length);
  } catch {
    return undefined;
  }
  return Buffer.concat(parts);
}

async function byUs(data: Uint8Array, size: number): Promise<Buffer | undefined> {
  const codec = pushed(await kernels.zstd.decoder());
  try {
    return runCodec(codec, cutEvery(data, size));
  } catch (error) {
    if (isSealiftError(error, "ZSTD_INVALID", "ZSTD_TRUNCATED", "LIMIT_EXCEEDED")) return undefined;
    throw error;
  }
}

/** Streams to damage: small ones reach every state of the decoder soonest. */
const whole = Array.from({ length: 400 }, (_, i) => {
  const length = 1 + next(i % 10 === 0 ? 200_000 : 900);
  const data = [prose, noise, mixture][i % 3]?.(length, i + seed) ?? new Uint8Array(length);
  const packed = zstdCompressSync(data, {
    params: {
      [ZSTD_c_compressionLevel]: next(28) - 5,
      [ZSTD_c_checksumFlag]: next(2),
      [ZSTD_c_contentSizeFlag]: next(2),
      [ZSTD_c_windowLog]: 10 + next(12),
    },
  });
  return { data, packed };
});

/** A stream, and what stood in it before it was damaged. */
interface Stream {
  readonly data: Uint8Array;
  readonly original: Uint8Array;
}

function damaged(): Stream {
  const { data, packed } = whole[next(whole.length)] as (typeof whole)[number];
  const bytes = new Uint8Array(packed);
  // Mostly near the beginning, where the headers and tables stand that all the rest hangs on.
  const place = () => (next(2) === 0 ? next(Math.min(bytes.length, 90)) : next(bytes.length));
  for (let times = 1 + next(3); times > 0; times--) {
    const at = place();
    const kind = next(5);
    if (kind < 2) bytes[at] = (bytes[at] as number) ^ (1 << next(8));
    else if (kind === 2) bytes[at] = next(256);
    else if (kind === 3) bytes.copyWithin(at, place());
    else return { data: bytes.subarray(0, at), original: data };
  }
  return { data: bytes, original: data };
}

function stream(): Stream {
  const kind = next(6);
  if (kind === 0) {
    const data = Buffer.concat([Buffer.of(0x28, 0xb5, 0x2f, 0xfd), noise(next(200), next(2 ** 31))]);
    return { data, original: new Uint8Array() };
  }
  const last = damaged();
  if (kind > 1) return last;
  const first = whole[next(whole.length)] as (typeof whole)[number];
  return {
    data: Buffer.concat([first.packed, last.data]),
    original: Buffer.concat([first.data, last.original]),
  };
}

let taken = 0;
let stricter = 0;
for (let i = 0; i < streams; i++) {
  const { data, original } = stream();
  const size = 1 + next(data.length + 10);
  const expected = byNode(data);
  const output = await byUs(data, size);
  const strict = expected && !output && !expected.equals(original);
  const equal = expected ? output?.equals(expected) : output === undefined;
  if (!(equal || strict) || (output && output.length > BLOCK * (data.length / 4 + 1))) {
    console.error(`stream ${i} of seed ${seed}, in pieces of ${size}: ${Buffer.from(data).toString("hex")}`);
    console.error(`libzstd ${expected?.length ?? "refuses"}, we ${output?.length ?? "refuse"}`);
    process.exit(1);
  }
  if (output) taken++;
  if (strict) stricter++;
}
console.log(
  `${streams} streams: ${taken} taken and ${streams - taken} refused, all but ${stricter} as libzstd does`,
);
