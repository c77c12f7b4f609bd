import { describe, expect, it } from "vitest";
import { chunksOf, collect, streamFrom } from "../../../src/bytes/stream.ts";

const pieces = () => [Uint8Array.of(1), Uint8Array.of(2), Uint8Array.of(3)];

describe("a stream that is being read", () => {
  it("gives nobody else a piece, and goes on for its reader", async () => {
    const stream = streamFrom(pieces());
    const chunks = chunksOf(stream);
    expect((await chunks.next()).value).toEqual(Uint8Array.of(1));
    await expect(collect(stream, 10)).rejects.toThrow("it is being read");
    await expect(stream.getReader().read()).rejects.toThrow("it is being read");
    expect((await chunks.next()).value).toEqual(Uint8Array.of(2));
  });

  it("cannot be cancelled from beside its reader", async () => {
    const stream = streamFrom(pieces());
    const chunks = chunksOf(stream);
    await chunks.next();
    await expect(stream.cancel()).rejects.toThrow("it is being read");
    expect((await chunks.next()).value).toEqual(Uint8Array.of(2));
  });

  it("by a reader of its own is read by nobody else", async () => {
    const stream = streamFrom(pieces());
    const reader = stream.getReader();
    await expect(collect(stream, 10)).rejects.toThrow(TypeError);
    expect((await reader.read()).value).toEqual(Uint8Array.of(1));
  });
});

describe("a stream that was read", () => {
  it("is empty, and may be cancelled", async () => {
    const stream = streamFrom(pieces());
    expect(await collect(stream, 10)).toEqual(Uint8Array.of(1, 2, 3));
    expect(await collect(stream, 10)).toEqual(new Uint8Array());
    await stream.cancel();
  });

  it("in part is ended: its source is told, once", async () => {
    const ended: string[] = [];
    const source = async function* () {
      try {
        yield* pieces();
      } finally {
        ended.push("source");
      }
    };
    const stream = streamFrom(source());
    for await (const _ of chunksOf(stream)) break;
    await stream.cancel();
    expect(ended).toEqual(["source"]);
  });
});
