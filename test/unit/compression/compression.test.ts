import { gunzipSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ByteStream, concat, streamFrom, streamOf } from "../../../src/bytes/stream.ts";
import { decompress } from "../../../src/compression/decompress.ts";
import { gunzip, gzip } from "../../../src/compression/gzip.ts";
import { compressionOf, sniffCompression } from "../../../src/compression/sniff.ts";
import { fallbackKernels } from "../../../src/kernel/fallback.ts";
import type { Codec, Kernels } from "../../../src/kernel/kernels.ts";
import { bytes, chunked, readAll, text } from "../tar/raw.ts";

const kernels = await fallbackKernels();
const ZSTD = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x20, 0x00, 0x01, 0x00, 0x00);
const compressed = (content: string | Uint8Array) => new Uint8Array(gzipSync(content));

/** A stream that says whether it was cancelled. */
function watched(chunks: Iterable<Uint8Array>) {
  const state = { cancelled: false, pulled: 0 };
  const iterator = chunks[Symbol.iterator]();
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        state.pulled++;
        const { done, value } = iterator.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel() {
        state.cancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  return { stream, state };
}

/** Kernels that count the codecs they have given out and not got back. */
function counting(): { kernels: Kernels; held: () => number } {
  let held = 0;
  const count = (codec: Codec): Codec => {
    held++;
    return {
      write: (chunk, emit) => codec.write(chunk, emit),
      end: (emit) => codec.end(emit),
      release() {
        held--;
        codec.release();
      },
    };
  };
  return {
    kernels: {
      ...kernels,
      gunzip: (options) => count(kernels.gunzip(options)),
      gzip: () => count(kernels.gzip()),
    },
    held: () => held,
  };
}

function* forever(chunk: Uint8Array) {
  for (;;) yield chunk;
}

describe("sniffing", () => {
  it("tells gzip, zstd and neither by the first bytes", () => {
    expect(compressionOf(compressed("x"))).toBe("gzip");
    expect(compressionOf(ZSTD)).toBe("zstd");
    expect(compressionOf(Uint8Array.of(0x5e, 0x2a, 0x4d, 0x18, 0))).toBe("zstd");
    for (const head of [[], [0x1f], [0x1f, 0x8c], [0x28, 0xb5, 0x2f], [0x75, 0x73, 0x74, 0x61, 0x72]]) {
      expect(compressionOf(Uint8Array.from(head))).toBe("none");
    }
  });

  it("loses no byte, however the chunks are cut", async () => {
    for (const content of [compressed("hello"), ZSTD, bytes("plain"), bytes("abc"), new Uint8Array()]) {
      for (const sizes of [[1], [2, 1], [3], [100]]) {
        const { compression, stream } = await sniffCompression(chunked(content, sizes));
        expect(compression).toBe(compressionOf(content));
        expect(await readAll(stream)).toEqual(content);
      }
    }
  });

  it("cancels the source with the stream, read or not", async () => {
    const unread = watched(forever(bytes("chunk")));
    await (await sniffCompression(unread.stream)).stream.cancel();
    expect(unread.state.cancelled).toBe(true);
    for (const reads of [1, 2]) {
      const begun = watched(forever(bytes("chunk")));
      const reader = (await sniffCompression(begun.stream)).stream.getReader();
      for (let read = 0; read < reads; read++) await reader.read();
      await reader.cancel();
      expect(begun.state.cancelled).toBe(true);
    }
  });
});

describe("gzip", () => {
  const content = bytes("some words that repeat, ".repeat(20_000));

  it("writes what zlib reads, and reads what zlib writes", async () => {
    const packed = await readAll(gzip(chunked(content, [50_000]), kernels));
    expect(new Uint8Array(gunzipSync(packed))).toEqual(content);
    expect(await readAll(gunzip(chunked(compressed(content), [777]), kernels))).toEqual(content);
  });

  it("gives the same bytes whatever the chunks are", async () => {
    const small = content.subarray(0, 5000);
    const whole = await readAll(gzip(streamOf(small), kernels));
    const foreign = compressed(small);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1 }), async (sizes) => {
        expect(await readAll(gzip(chunked(small, sizes), kernels))).toEqual(whole);
        expect(await readAll(gunzip(chunked(foreign, sizes), kernels))).toEqual(small);
      }),
      { numRuns: 30 },
    );
  });

  it("asks for no more input than its reader asks for output", async () => {
    const { stream, state } = watched(forever(compressed(new Uint8Array(1 << 20))));
    const reader = gunzip(stream, kernels).getReader();
    expect(state.pulled).toBe(0);
    await reader.read();
    expect(state.pulled).toBeLessThan(4);
    await reader.cancel();
    expect(state.cancelled).toBe(true);
  });

  it("hands a bomb out piece by piece: 64 MB from 64 KB come in chunks of sensible size", async () => {
    const bomb = compressed(new Uint8Array(64 << 20));
    const sizes = new Set<number>();
    let total = 0;
    for await (const chunk of gunzip(streamOf(bomb), kernels) as ByteStream & AsyncIterable<Uint8Array>) {
      sizes.add(chunk.length);
      total += chunk.length;
    }
    expect(total).toBe(64 << 20);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(256 * 1024);
  });

  it("breaks a bomb off at the limit it is given", async () => {
    const bomb = compressed(new Uint8Array(1 << 20));
    await expect(readAll(gunzip(streamOf(bomb), kernels, { maxOutput: 1000 }))).rejects.toMatchObject({
      code: "LIMIT_EXCEEDED",
    });
  });

  it("says GZIP_TRUNCATED and GZIP_INVALID for what is", async () => {
    const packed = compressed(content);
    await expect(readAll(gunzip(streamOf(packed.slice(0, -1)), kernels))).rejects.toMatchObject({
      code: "GZIP_TRUNCATED",
    });
    const wrong = packed.slice();
    wrong[packed.length - 6] = (wrong[packed.length - 6] as number) ^ 1;
    await expect(readAll(gunzip(streamOf(wrong), kernels))).rejects.toMatchObject({ code: "GZIP_INVALID" });
  });

  it("gives its codec back at the end, on an error and on a cancel, and takes none before it is read", async () => {
    const { kernels: counted, held } = counting();
    await readAll(gzip(streamOf(content), counted));
    await readAll(gunzip(streamOf(compressed("x")), counted));
    await readAll(gunzip(streamOf(bytes("not gzip")), counted)).catch(() => {});
    const failing = streamFrom(
      (function* () {
        yield compressed("x").subarray(0, 5);
        throw new Error("the line went dead");
      })(),
    );
    await expect(readAll(gunzip(failing, counted))).rejects.toThrow("the line went dead");
    const reader = gunzip(chunked(compressed(content), [10]), counted).getReader();
    await reader.read();
    await reader.cancel();
    await gzip(streamOf(content), counted).cancel();
    expect(held()).toBe(0);
  });

  it("cancels a source that was never read", async () => {
    const { stream, state } = watched([bytes("x")]);
    await gzip(stream, kernels).cancel();
    expect(state.cancelled).toBe(true);
  });
});

describe("decompress", () => {
  it("goes by the first bytes where nothing is declared", async () => {
    expect(text(await readAll(decompress(streamOf(compressed("hello")), kernels)))).toBe("hello");
    expect(text(await readAll(decompress(streamOf(bytes("hello")), kernels)))).toBe("hello");
    expect(await readAll(decompress(streamOf(new Uint8Array()), kernels))).toEqual(new Uint8Array());
  });

  it("takes a declaration that holds", async () => {
    expect(text(await readAll(decompress(streamOf(compressed("hello")), kernels, "gzip")))).toBe("hello");
    expect(text(await readAll(decompress(streamOf(bytes("hello")), kernels, "none")))).toBe("hello");
  });

  it("refuses a media type that contradicts the bytes, saying what both are", async () => {
    for (const [content, declared, words] of [
      [bytes("plain"), "gzip", /says gzip.*say not compressed/],
      [compressed("x"), "none", /says not compressed.*say gzip/],
      [compressed("x"), "zstd", /says zstd.*say gzip/],
      [ZSTD, "gzip", /says gzip.*say zstd/],
    ] as const) {
      const { stream, state } = watched(forever(concat([content])));
      await expect(readAll(decompress(stream, kernels, declared))).rejects.toMatchObject({
        code: "MANIFEST_INVALID",
        message: expect.stringMatching(words),
      });
      expect(state.cancelled).toBe(true);
    }
  });

  it("says where a host brought nothing that reads zstd, and lets go of the stream", async () => {
    for (const declared of [undefined, "zstd"] as const) {
      const { stream, state } = watched(forever(ZSTD));
      await expect(readAll(decompress(stream, kernels, declared))).rejects.toMatchObject({
        code: "UNSUPPORTED",
        message: expect.stringContaining("zstd"),
      });
      expect(state.cancelled).toBe(true);
    }
  });
});
