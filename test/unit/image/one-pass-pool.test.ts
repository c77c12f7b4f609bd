/** A layer rewritten in one pass whose tar a pool's workers compress. */
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { loadModule } from "../../../cli/host/kernels.ts";
import { nodePool } from "../../../cli/host/pool.ts";
import { digestOf } from "../../../src/bytes/content.ts";
import { streamFrom } from "../../../src/bytes/stream.ts";
import { storedBlob } from "../../../src/image/stored-blob.ts";
import { storedLayer } from "../../../src/image/stored-layer.ts";
import { type Answer, serveJobs } from "../../../src/kernel/job-server.ts";
import type { Pool } from "../../../src/kernel/pool.ts";
import { workerPool } from "../../../src/kernel/worker-pool.ts";
import { MEDIA_TYPE } from "../../../src/oci/media-type.ts";
import { mixture } from "../../contract/kernels-input.ts";
import { archive, rawMember, rawPax } from "../tar/raw.ts";
import {
  type CountingHost,
  countingHost,
  gzipLayer,
  kernels,
  type MakeLayer,
  normalised,
  outcome,
  savedLayer,
  stored,
  uncompressedLayer,
} from "./one-pass-case.ts";

const module = await loadModule();
/** Nine chunks of gzip and a part of one: more than two workers may have pending. */
const tar = archive(
  rawMember({ name: "a", mtime: 9 }, mixture(9_700_000)),
  rawPax([["mtime", "7.5"]], { mtime: 9 }),
  rawMember({ name: "b", mtime: 9 }, "b"),
);

let pools: Pool[] = [];
afterEach(async () => {
  for (const pool of pools) await pool.dispose();
  pools = [];
});

function kept(pool: Pool): Pool {
  pools.push(pool);
  return pool;
}

const poolOf = (size: number) => kept(nodePool(module, { size, worthAWorker: 0 }));

/** On this thread, but for that: the worker is lost at its `at`th job. */
function losingPool(at: number): Pool {
  let jobs = 0;
  return kept(
    workerPool({
      size: 1,
      modules: { kernels: module },
      worthAWorker: 0,
      startWorker(onAnswer, onFailure) {
        const serve = serveJobs((answer: Answer) => queueMicrotask(() => onAnswer(answer)));
        return {
          post(request) {
            if (request.type === "job" && ++jobs === at) queueMicrotask(() => onFailure("it was lost"));
            else serve(request);
          },
          end() {},
        };
      },
    }),
  );
}

async function nothingPending(pool: Pool): Promise<void> {
  await expect.poll(() => pool.pending).toBe(0);
}

/** A layer that fails where `end` says, and tells whether what it reads was closed. */
function watchedLayer(chunks: (blob: Uint8Array) => Iterable<Uint8Array>) {
  const blob = new Uint8Array(gzipSync(tar));
  const state = { open: false };
  const make: MakeLayer = (host) => {
    const descriptor = {
      mediaType: MEDIA_TYPE.ociLayerGzip,
      digest: digestOf(kernels, blob),
      size: blob.length,
    };
    const open = async () =>
      streamFrom(
        (function* () {
          state.open = true;
          try {
            yield* chunks(blob);
          } finally {
            state.open = false;
          }
        })(),
      );
    const diffId = async () => digestOf(kernels, tar);
    return storedLayer({ blob: storedBlob(descriptor, { open }, host), diffId }, host);
  };
  return { make, state };
}

function* cut(blob: Uint8Array): Generator<Uint8Array, void, void> {
  for (let at = 0; at < blob.length; at += 100_000) yield blob.subarray(at, at + 100_000);
}

describe("a layer rewritten in one pass with workers", () => {
  it.each([
    ["gzip", gzipLayer],
    ["uncompressed", uncompressedLayer],
    ["saved as a tar", savedLayer],
  ])("is, %s, what it is without them, as blob and as tar", async (_, make) => {
    for (const form of ["blob", "tar"] as const) {
      const expected = await outcome(make(tar), form, await countingHost());
      for (const size of [1, 2, 3]) {
        const host = await countingHost(false, poolOf(size));
        expect(await outcome(make(tar), form, host), `${size} workers`).toEqual(expected);
        expect(host.passes.length).toBeGreaterThan(0);
        // What workers compress leaves the pass as a tar.
        expect(host.passes.map(({ output }) => output)).not.toContain("gzip");
        expect(host.held()).toBe(0);
      }
    }
  });

  it("is right for layers at once, more than there are workers", async () => {
    const pool = poolOf(2);
    const expected = await outcome(gzipLayer(tar), "blob", await countingHost());
    const hosts = await Promise.all(Array.from({ length: 5 }, () => countingHost(false, pool)));
    const all = await Promise.all(hosts.map((host) => outcome(gzipLayer(tar), "blob", host)));
    expect(all).toEqual(hosts.map(() => expected));
    await nothingPending(pool);
  });

  const damaged = tar.map((byte, at) => (at === 0 ? 0x41 : byte));
  const blob = new Uint8Array(gzipSync(tar));
  it.each<[string, MakeLayer]>([
    ["its tar is damaged", gzipLayer(damaged)],
    ["its tar is damaged far behind", gzipLayer(tar.subarray(0, 9_000_000))],
    ["its diff_id is another's", stored(blob, digestOf(kernels, blob))],
    ["its gzip is cut off", stored(blob.subarray(0, blob.length - 4), digestOf(kernels, tar))],
  ])("fails as it does step by step when %s, and leaves nothing", async (_, make) => {
    const pool = poolOf(2);
    const host = await countingHost(false, pool);
    const said = await outcome(make, "blob", host);
    expect(said).toBeTypeOf("string");
    expect(said).toBe(await outcome(make, "blob", await countingHost(true)));
    expect(host.held()).toBe(0);
    await nothingPending(pool);
  });
});

describe("a rewrite that cannot go on", () => {
  /** The host's pool and the kernels do the next layer as if nothing had been. */
  async function expectUsable(host: CountingHost): Promise<void> {
    const expected = await outcome(gzipLayer(tar), "blob", await countingHost());
    expect(await outcome(gzipLayer(tar), "blob", host)).toEqual(expected);
    expect(host.held()).toBe(0);
  }

  it("because its source fails says so, and leaves nothing pending", async () => {
    const pool = poolOf(2);
    const host = await countingHost(false, pool);
    const { make, state } = watchedLayer(function* (blob) {
      yield* cut(blob.subarray(0, blob.length >> 1));
      throw new Error("disk on fire");
    });
    expect(await outcome(make, "blob", host)).toMatch(/disk on fire/);
    expect([state.open, host.held()]).toEqual([false, 0]);
    await nothingPending(pool);
    await expectUsable(host);
  });

  it("because the spool takes no more closes what it reads, and leaves nothing pending", async () => {
    const pool = poolOf(2);
    const host = await countingHost(false, pool);
    let written = 0;
    const full = {
      async create() {
        const slot = await host.spool.create();
        return {
          ...slot,
          async write(chunk: Uint8Array) {
            written += chunk.length;
            if (written > 1_000_000) throw new Error("no space left");
            await slot.write(chunk);
          },
        };
      },
    };
    const { make, state } = watchedLayer(cut);
    const layer = await normalised(make, { ...host, spool: full });
    await expect(layer.blob()).rejects.toThrow("no space left");
    await layer.release();
    expect([state.open, host.held()]).toEqual([false, 0]);
    await nothingPending(pool);
    await expectUsable(host);
  });

  it.each([1, 2, 7])(
    "because a worker is lost at its job %i says so; the next layer has another",
    async (at) => {
      const pool = losingPool(at);
      const host = await countingHost(false, pool);
      const { make, state } = watchedLayer(cut);
      expect(await outcome(make, "blob", host)).toMatch(
        /Cannot do deflate job: its worker ended: it was lost/,
      );
      expect([state.open, host.held()]).toEqual([false, 0]);
      await nothingPending(pool);
      await expectUsable(host);
    },
  );

  it("because the pool is disposed of says so", async () => {
    const pool = poolOf(2);
    const host = await countingHost(false, pool);
    const { make, state } = watchedLayer(function* (blob) {
      for (const [at, chunk] of [...cut(blob)].entries()) {
        if (at === 20) void pool.dispose();
        yield chunk;
      }
    });
    expect(await outcome(make, "blob", host)).toMatch(/cancelled/);
    expect([state.open, host.held()]).toEqual([false, 0]);
  });
});
