import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { contentOf } from "../../../src/bytes/content.ts";
import { chunksOf, collect, streamFrom } from "../../../src/bytes/stream.ts";
import { verified } from "../../../src/bytes/verified.ts";
import { fallbackKernels } from "../../../src/kernel/fallback.ts";
import type { Kernels } from "../../../src/kernel/kernels.ts";
import { chunked } from "../tar/raw.ts";

const kernels = await fallbackKernels();

/** What a reader got before the stream failed. */
async function received(stream: ReadableStream<Uint8Array>) {
  let size = 0;
  try {
    for await (const chunk of chunksOf(stream)) size += chunk.length;
    return { size, failed: false };
  } catch {
    return { size, failed: true };
  }
}

describe("a verified stream", () => {
  it("gives exactly the bytes, however they are chunked", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 5000 }),
        fc.integer({ min: 1, max: 999 }),
        async (bytes, size) => {
          const stream = verified(chunked(bytes, [size]), contentOf(kernels, bytes), kernels);
          expect(await collect(stream, 5000)).toEqual(bytes);
        },
      ),
    );
  });

  it("never gives all bytes of wrong content", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 1, maxLength: 3000 }),
        fc.integer({ min: 1, max: 999 }),
        fc.nat(),
        async (bytes, size, at) => {
          const expected = contentOf(kernels, bytes);
          const wrong = bytes.map((byte, i) => (i === at % bytes.length ? byte ^ 1 : byte));
          const got = await received(verified(chunked(wrong, [size]), expected, kernels));
          expect(got.failed).toBe(true);
          expect(got.size).toBeLessThan(bytes.length);
        },
      ),
    );
  });

  it.each([
    ["shorter", -1],
    ["longer", 1],
  ])("fails on content that is %s", async (_, difference) => {
    const bytes = new Uint8Array(1000).fill(1);
    const other = new Uint8Array(1000 + difference).fill(1);
    const stream = verified(chunked(other, [100]), contentOf(kernels, bytes), kernels);
    await expect(collect(stream, 5000)).rejects.toMatchObject({ code: "SIZE_MISMATCH" });
  });

  it("lets go of its hasher at its end, where it fails, and where it is left", async () => {
    let held = 0;
    const counting: Kernels = {
      ...kernels,
      hasher(algorithm) {
        const hasher = kernels.hasher(algorithm);
        held += 1;
        return {
          update: (chunk) => hasher.update(chunk),
          digest: () => hasher.digest(),
          release() {
            held -= 1;
            hasher.release();
          },
        };
      },
    };
    const bytes = new Uint8Array(1000);
    const opened = (content: Uint8Array) =>
      verified(chunked(content, [100]), contentOf(kernels, bytes), counting);
    await collect(opened(bytes), 1000);
    await expect(collect(opened(bytes.map(() => 1)), 1000)).rejects.toThrow();
    for await (const _ of chunksOf(opened(bytes))) {
      expect(held).toBe(1);
      break;
    }
    expect(held).toBe(0);
  });

  it("stops reading where more comes than was announced", async () => {
    let read = 0;
    const endless = streamFrom(
      (function* () {
        for (;;) {
          read++;
          yield new Uint8Array(100);
        }
      })(),
    );
    const expected = contentOf(kernels, new Uint8Array(250));
    await expect(collect(verified(endless, expected, kernels), 1e9)).rejects.toMatchObject({
      code: "SIZE_MISMATCH",
    });
    expect(read).toBeLessThan(5);
  });
});
