/** What every worker pool keeps, as checks that run wherever a pool does: in vitest, and in a page. */
import fc from "fast-check";
import { type ByteStream, chunksOf, concat, streamFrom } from "../../../src/bytes/stream.ts";
import { gzip } from "../../../src/compression/gzip.ts";
import { zstd } from "../../../src/compression/zstd.ts";
import { isSealiftError, reasonOf } from "../../../src/error.ts";
import {
  GZIP_CHUNK_SIZE,
  type GzipLevel,
  type Kernels,
  ZSTD_FRAME_SIZE,
} from "../../../src/kernel/kernels.ts";
import type { Pool } from "../../../src/kernel/pool.ts";
import { cutAt, cutEvery, cutPoints, mixture, noise, prose } from "../kernels-input.ts";
import { openTestLine } from "./jobs.ts";

const MOST_WORKERS = 8;

export interface PoolUnderTest {
  /** With zstd's encoder. */
  readonly kernels: Kernels;
  /** A pool that starts workers at its first job, with the tests' jobs; size 0 is the calling thread. */
  make(size: number): Promise<Pool>;
  /** Unpacks gzip by other code than ours. */
  unpack(bytes: Uint8Array): Promise<Uint8Array>;
}

/** The checks by name; a check that does not hold throws. None depends on who is faster. */
export function poolChecks(load: () => Promise<PoolUnderTest>): ReadonlyMap<string, () => Promise<void>> {
  const checks = new Map<string, () => Promise<void>>();
  let pools: Pool[] = [];
  let kernels: Kernels;
  let unpack: PoolUnderTest["unpack"];
  let make: PoolUnderTest["make"];

  const check = (name: string, run: () => Promise<void>) =>
    checks.set(name, async () => {
      ({ kernels, unpack, make } = await load());
      try {
        await run();
      } finally {
        for (const pool of pools) await pool.dispose();
        pools = [];
      }
    });
  const poolOf = async (size: number) => {
    const pool = await make(size);
    pools.push(pool);
    return pool;
  };
  const serial = (data: Uint8Array, level: GzipLevel = 6) => {
    const parts: Uint8Array[] = [];
    const codec = kernels.gzip({ level });
    codec.write(data, (view) => void parts.push(view.slice()));
    codec.end((view) => void parts.push(view.slice()));
    return concat(parts);
  };
  const packed = (chunks: Iterable<Uint8Array>, pool: Pool, level: GzipLevel = 6) =>
    whole(gzip(streamFrom(chunks), kernels, { pool, level }));

  check("the bytes are the serial codec's at levels 1, 6 and 9", async () => {
    const pool = await poolOf(2);
    const data = mixture(5 * GZIP_CHUNK_SIZE + 4321, 41);
    for (const level of [1, 6, 9] as const) {
      const bytes = await packed(cutEvery(data, 100_003), pool, level);
      equal(bytes, serial(data, level), `level ${level}`);
      equal(await unpack(bytes), data);
    }
  });

  check("the bytes are the same with no worker and with any number of them", async () => {
    const data = mixture(4 * GZIP_CHUNK_SIZE + 99, 42);
    const expected = serial(data, 1);
    for (let size = 0; size <= MOST_WORKERS; size++) {
      const pool = await poolOf(size);
      equal(await packed(cutEvery(data, 64 * 1024), pool, 1), expected, `${size} workers`);
      await pool.dispose();
    }
  });

  check("the bytes do not depend on how the stream was cut", async () => {
    const pool = await poolOf(2);
    const data = mixture(2 * GZIP_CHUNK_SIZE + 300_000, 43);
    const expected = serial(data);
    await fc.assert(
      fc.asyncProperty(cutPoints, async (points) => {
        equal(await packed(cutAt(data, points), pool), expected);
      }),
      { numRuns: 10 },
    );
  });

  check("sizes around a chunk's end, none and one byte included, are as the serial codec's", async () => {
    const pool = await poolOf(2);
    const data = mixture((2 << 20) + 5, 44);
    for (const length of [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 2 << 20, (2 << 20) + 5]) {
      const part = data.subarray(0, length);
      equal(await packed([part], pool), serial(part), `${length} bytes`);
    }
  });

  check("data that grows when compressed comes through", async () => {
    const data = noise(3 * GZIP_CHUNK_SIZE, 45);
    equal(await packed([data], await poolOf(2)), serial(data));
  });

  check("zstd's frames are the serial encoder's, with no worker and with any number of them", async () => {
    const data = mixture(2 * ZSTD_FRAME_SIZE + 12_345, 48);
    for (const length of [0, 1, ZSTD_FRAME_SIZE, ZSTD_FRAME_SIZE + 1, data.length]) {
      const part = data.subarray(0, length);
      const expected = await whole(zstd(streamFrom([part]), kernels));
      for (const size of [0, 1, 2, 3]) {
        const pool = await poolOf(size);
        const bytes = await whole(zstd(streamFrom(cutEvery(part, 300_000)), kernels, { pool }));
        equal(bytes, expected, `${length} bytes, ${size} workers`);
        await pool.dispose();
      }
    }
  });

  check("gzip and zstd at once share the workers, and each gets its own bytes", async () => {
    const pool = await poolOf(2);
    const data = mixture(2 * ZSTD_FRAME_SIZE + 777, 49);
    const [gzipped, frames] = await Promise.all([
      packed(cutEvery(data, 70_000), pool),
      whole(zstd(streamFrom(cutEvery(data, 70_000)), kernels, { pool })),
    ]);
    equal(gzipped, serial(data));
    equal(frames, await whole(zstd(streamFrom([data]), kernels)));
    equal(pool.pending, 0);
  });

  check("cancelling zstd midway leaves nothing pending, and cancels what it reads", async () => {
    const pool = await poolOf(2);
    let open = true;
    const endless = streamFrom(
      (function* () {
        try {
          for (;;) yield noise(300_000);
        } finally {
          open = false;
        }
      })(),
    );
    const reader = zstd(endless, kernels, { pool }).getReader();
    await reader.read();
    const waiting = reader.read();
    await reader.cancel();
    equal((await waiting).done, true);
    equal(open, false);
    await allDone(pool);
  });

  check("streams at once, more than there are workers, each get their own bytes", async () => {
    const pool = await poolOf(3);
    const all = Array.from({ length: 7 }, (_, i) => mixture(400_000 * (i + 1), 50 + i));
    const results = await Promise.all(all.map((data) => packed(cutEvery(data, 70_000), pool)));
    for (const [i, data] of all.entries()) {
      equal(results[i], serial(data));
      equal(await unpack(results[i] as Uint8Array), data);
    }
    equal(pool.pending, 0);
  });

  check("a stream that nobody reads on does not keep another from its end", async () => {
    const pool = await poolOf(2);
    const long = gzip(streamFrom(cutEvery(prose(7 << 20, 46), 1 << 20)), kernels, { pool });
    const left = chunksOf(long);
    await left.next();
    const data = mixture(4 << 20, 47);
    equal(await packed([data], pool), serial(data));
    await left.return();
  });

  check("what is pending is bounded, whatever the stream's length and however many there are", async () => {
    const pool = await poolOf(2);
    const limit = 2 * pool.size;
    let most = 0;
    const counted = function* (length: number) {
      const chunk = prose(100_000, 48);
      for (let at = 0; at < length; at += chunk.length) {
        most = Math.max(most, pool.pending);
        yield chunk;
      }
    };
    await packed(counted(30 << 20), pool, 1);
    atMost(most, limit);
    const streams = 6;
    await Promise.all(Array.from({ length: streams }, () => packed(counted(4 << 20), pool, 1)));
    atMost(most, limit + streams - 1);
  });

  check("a line has room for its share, and always for one job", async () => {
    const pool = await poolOf(2);
    const lines = Array.from({ length: 6 }, () => openTestLine(pool, "note"));
    const [first, second, third] = lines as [(typeof lines)[0], (typeof lines)[0], (typeof lines)[0]];
    const fill = (line: typeof first) => {
      while (line.hasRoom) line.push({ what: "filled" });
      return line.pending;
    };
    equal(fill(first), 4);
    equal(fill(second), 1);
    await fails(async () => first.push({ what: "too much" }), "INTERNAL", "no room");
    await first.next();
    await first.next();
    await first.next();
    // The first now has one pending, so the second may have its half.
    equal(fill(second), 2);
    equal(fill(third), 1);
    for (const line of lines) line.close();
  });

  check("results come in the order of the jobs", async () => {
    const pool = await poolOf(2);
    const line = pool.open("deflate");
    const lengths = [900_000, 10, 400_000, 1];
    for (const length of lengths) line.push({ level: 6, bytes: copy(length), dictionary: 0, last: false });
    for (const length of lengths) equal((await line.next()).length, length);
    equal(line.pending, 0);
  });

  check("a chunk larger than the format's is refused, and the worker goes on", async () => {
    const pool = await poolOf(1);
    const line = pool.open("deflate");
    line.push({ level: 6, bytes: copy(GZIP_CHUNK_SIZE + 1), dictionary: 0, last: true });
    await fails(() => line.next(), "INTERNAL", "a chunk of");
    line.push({ level: 6, bytes: copy(40_000), dictionary: 33_000, last: true });
    await fails(() => line.next(), "INTERNAL", "a chunk of");
    line.push({ level: 6, bytes: copy(10), dictionary: 0, last: true });
    equal((await line.next()).length, 10);
  });

  check("buffers go with the jobs, and come back with their results", async () => {
    const pool = await poolOf(1);
    const line = pool.open("deflate");
    const bytes = new Uint8Array(100_000);
    line.push({ level: 6, bytes, dictionary: 0, last: true });
    const result = await line.next();
    equal(bytes.length, 0);
    equal(result.bytes.buffer.byteLength, 100_000);
    atMost(result.bytes.length, 1000);
  });

  check("a job that fails is that job's error alone", async () => {
    const pool = await poolOf(1);
    const line = openTestLine(pool, "fail");
    line.push({});
    await fails(() => line.next(), "INTERNAL", "does not like its input");
    const other = openTestLine(pool, "note");
    other.push({ what: "after" });
    equal((await other.next()).all.join(), "after");
  });

  check("what waits in a closed line is never done, and what its worker has is dropped", async () => {
    const pool = await poolOf(1);
    await pool.start();
    const line = openTestLine(pool, "note");
    line.push({ what: "begun" });
    line.push({ what: "next" });
    const behind = openTestLine(pool, "note");
    behind.push({ what: "waiting" });
    const pending = line.next();
    line.close();
    behind.close();
    await fails(() => pending, "ABORTED");
    await fails(async () => line.push({ what: "late" }), "ABORTED");
    const other = openTestLine(pool, "note");
    other.push({ what: "another" });
    equal((await other.next()).all.join(), "begun,next,another");
    equal(pool.pending, 0);
  });

  check("cancelling a stream midway leaves nothing pending, and cancels what it reads", async () => {
    const pool = await poolOf(2);
    let open = true;
    const endless = streamFrom(
      (function* () {
        try {
          for (;;) yield noise(300_000);
        } finally {
          open = false;
        }
      })(),
    );
    const reader = gzip(endless, kernels, { pool }).getReader();
    await reader.read();
    const waiting = reader.read();
    await reader.cancel();
    equal((await waiting).done, true);
    equal(open, false);
    await allDone(pool);
    equal(await packed([prose(3 << 20)], pool), serial(prose(3 << 20)));
  });

  check("a source that fails fails the stream, and leaves nothing pending", async () => {
    const pool = await poolOf(2);
    const failing = function* () {
      for (let i = 0; i < 7; i++) yield noise(1 << 20, i);
      throw new Error("the disk is gone");
    };
    await fails(() => packed(failing(), pool), undefined, "the disk is gone");
    await allDone(pool);
  });

  check("a worker that crashes fails its job; the next ones have a new worker", async () => {
    const pool = await poolOf(1);
    const line = openTestLine(pool, "crash");
    const after = openTestLine(pool, "note");
    for (let i = 0; i < 3; i++) {
      line.push({});
      after.push({ what: `after ${i}` });
      await fails(() => line.next(), "INTERNAL", "Cannot do crash job: its worker ended: ");
      equal((await after.next()).all.join(), `after ${i}`);
    }
    const data = mixture(2 << 20, 49);
    equal(await packed([data], pool), serial(data));
  });

  check("disposing while busy fails what is pending", async () => {
    const pool = await poolOf(2);
    await pool.start();
    const line = pool.open("deflate");
    while (line.hasRoom) line.push({ level: 9, bytes: copy(1 << 20), dictionary: 0, last: false });
    const pending = line.next();
    const disposed = pool.dispose();
    await fails(() => pending, "ABORTED");
    await disposed;
    equal(pool.pending, 0);
  });

  check("starting gives the number of workers there are", async () => {
    const pool = await poolOf(3);
    equal(await pool.start(), 3);
    equal(await (await poolOf(0)).start(), 0);
  });

  return checks;
}

function equal(actual: unknown, expected: unknown, what = ""): void {
  const same =
    actual instanceof Uint8Array && expected instanceof Uint8Array
      ? actual.length === expected.length && actual.every((byte, at) => byte === expected[at])
      : actual === expected;
  if (!same) throw new Error(`${what} is ${shown(actual)}, not ${shown(expected)}`);
}

function atMost(actual: number, limit: number): void {
  if (actual > limit) throw new Error(`${actual} is more than ${limit}`);
}

function shown(value: unknown): string {
  return value instanceof Uint8Array ? `${value.length} bytes, ${value.subarray(0, 40)} …` : String(value);
}

async function fails(task: () => Promise<unknown>, code?: "INTERNAL" | "ABORTED", text = ""): Promise<void> {
  const failure = await task().then(
    () => undefined,
    (error: unknown) => error ?? "nothing",
  );
  if (failure === undefined) throw new Error("it did not fail");
  if ((code && !isSealiftError(failure, code)) || !reasonOf(failure).includes(text)) throw failure;
}

/** Bytes in a buffer of their own, to be given away. */
function copy(length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(prose(length));
}

async function whole(stream: ByteStream): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunksOf(stream)) parts.push(chunk);
  return concat(parts);
}

/** Resolves when workers have finished the two jobs that each has at most; what waited is gone at once. */
async function allDone(pool: Pool): Promise<void> {
  atMost(pool.pending, 2 * pool.size);
  while (pool.pending > 0) await new Promise((resolve) => setTimeout(resolve, 1));
}
