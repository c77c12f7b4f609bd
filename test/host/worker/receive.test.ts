import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { receive } from "../../../edge/host/r2-store-receive.ts";
import { type ByteStream, streamFrom } from "../../../src/bytes/stream.ts";
import { MIB, patternOf } from "./bytes.ts";

const PART = patternOf(MIB - 3);
const PARTS = 150;
const LENGTH = PART.length * PARTS;

function large(): ByteStream {
  return streamFrom(
    (function* () {
      for (let index = 0; index < PARTS; index++) yield PART;
    })(),
  );
}

/** What arrives in a native stream, as a request's body is one. */
function native(): ByteStream {
  const { readable, writable } = new FixedLengthStream(LENGTH);
  void large().pipeTo(writable);
  return readable;
}

test.each([
  ["a stream made in JavaScript", large],
  ["a request's body", native],
])("%s of known length comes as segments of 64 MiB, none of them held", async (_, open) => {
  const whole = createHash("sha256");
  const sizes: number[] = [];
  let longest = 0;
  await receive(open(), LENGTH, async (size, chunks) => {
    let received = 0;
    for await (const chunk of chunks) {
      whole.update(chunk);
      received += chunk.length;
      longest = Math.max(longest, chunk.length);
    }
    expect(received).toBe(size);
    sizes.push(size);
  });
  expect(sizes).toEqual([64 * MIB, 64 * MIB, LENGTH - 128 * MIB]);
  expect(longest).toBeLessThanOrEqual(MIB);
  const expected = createHash("sha256");
  for (let index = 0; index < PARTS; index++) expected.update(PART);
  expect(whole.digest("hex")).toBe(expected.digest("hex"));
});

test("a request's body of unknown length comes as segments of 8 MiB", async () => {
  const sizes: number[] = [];
  await receive(native(), undefined, async (size) => {
    sizes.push(size);
  });
  expect(sizes.slice(0, -1).every((size) => size === 8 * MIB)).toBe(true);
  expect(sizes.reduce((sum, size) => sum + size)).toBe(LENGTH);
});
