import { expect, test } from "vitest";
import { collect, collectSized, streamFrom, streamOf } from "../../../src/bytes/stream.ts";

test("a stream is read whole, up to its limit", async () => {
  const parts = () => [Uint8Array.of(1, 2), Uint8Array.of(), Uint8Array.of(3)];
  expect([...(await collect(streamFrom(parts()), 3))]).toEqual([1, 2, 3]);
  await expect(collect(streamFrom(parts()), 2, "the list")).rejects.toMatchObject({
    code: "LIMIT_EXCEEDED",
    message: "Cannot read the list: it is larger than 2 bytes",
  });
  expect(await collect(streamFrom([]), 0)).toHaveLength(0);
});

test("what is kept of a large buffer does not keep the buffer", async () => {
  const buffer = new Uint8Array(1 << 20).fill(7);
  const document = await collect(streamOf(buffer.subarray(100, 500)), 1000);
  expect(document).toEqual(new Uint8Array(400).fill(7));
  expect(document.buffer.byteLength).toBe(400);
  const whole = await collect(streamOf(buffer), 1 << 20);
  expect(whole.buffer).toBe(buffer.buffer);
});

test("a stream of a known size is read into one buffer, chunk by chunk", async () => {
  const chunks = function* () {
    for (const byte of [1, 2, 3]) yield new Uint8Array(2).fill(byte);
  };
  expect([...(await collectSized(streamFrom(chunks()), 6))]).toEqual([1, 1, 2, 2, 3, 3]);
  await expect(collectSized(streamFrom(chunks()), 5)).rejects.toThrow(RangeError);
});
