import { describe, expect, it } from "vitest";
import { type Content, contentOf } from "../../../src/bytes/content.ts";
import { collect, streamFrom } from "../../../src/bytes/stream.ts";
import { ContentCursor } from "../../../src/registry/content-cursor.ts";
import { turn } from "../../turn.ts";
import { sampleBytes, testHost } from "./support.ts";

const bytes = sampleBytes(1000);
const { kernels } = testHost();

/** Content in chunks of 300 bytes, which tells how often it was opened, and how often that was ended. */
function watched(size = bytes.length) {
  const seen = { opened: 0, ended: 0 };
  const content: Content = {
    ...contentOf(kernels, bytes),
    size,
    async open() {
      seen.opened += 1;
      return streamFrom(
        (function* () {
          try {
            for (let at = 0; at < bytes.length; at += 300) yield bytes.subarray(at, at + 300);
          } finally {
            seen.ended += 1;
          }
        })(),
        () => (seen.ended += 1),
      );
    },
  };
  const cursor = new ContentCursor(content);
  const read = async (offset: number, length: number) =>
    expect(await collect(await cursor.take(offset, length), 1000)).toEqual(
      bytes.slice(offset, offset + length),
    );
  return { seen, cursor, read };
}

describe("a cursor", () => {
  it("reads consecutive pieces from one opening", async () => {
    const { seen, cursor, read } = watched();
    for (const [offset, length] of [
      [0, 100],
      [100, 550],
      [650, 350],
    ] as const)
      await read(offset, length);
    await cursor.close();
    expect(seen).toEqual({ opened: 1, ended: 1 });
  });

  it("opens the content anew for a piece that is read again, and lets go of what it had", async () => {
    const { seen, cursor, read } = watched();
    await read(0, 400);
    await read(350, 100);
    expect(seen).toEqual({ opened: 2, ended: 1 });
    await cursor.close();
    expect(seen).toEqual({ opened: 2, ended: 2 });
  });

  it("leaves a piece that was not read to its end to whoever still holds it", async () => {
    const { seen, cursor, read } = watched();
    const held = (await cursor.take(0, 400)).getReader();
    expect((await held.read()).value).toEqual(bytes.slice(0, 300));
    await read(300, 100);
    expect(seen.opened).toBe(2);
    await cursor.close();
  });

  it("that is prepared has opened the content once, however often it is told to", async () => {
    const { seen, cursor, read } = watched();
    cursor.prepare();
    cursor.prepare();
    await read(0, 10);
    cursor.prepare();
    await read(10, 10);
    expect(seen.opened).toBe(1);
    // What was prepared is used up.
    await read(0, 10);
    expect(seen.opened).toBe(2);
    await cursor.close();
  });

  it("lets go of what was prepared and never read", async () => {
    const { seen, cursor } = watched();
    cursor.prepare();
    await cursor.close();
    expect(seen).toEqual({ opened: 1, ended: 1 });
  });

  it("tells of content that cannot be opened when a piece is asked for, and not before", async () => {
    const open = async () => {
      throw new Error("it is gone");
    };
    const cursor = new ContentCursor({ ...contentOf(kernels, bytes), open });
    cursor.prepare();
    await turn();
    await expect(cursor.take(0, 10)).rejects.toThrow("it is gone");
    await cursor.close();
  });

  it("fails with SIZE_MISMATCH where the content ends before the piece does", async () => {
    const { cursor } = watched(2000);
    await expect(collect(await cursor.take(900, 200), 1000)).rejects.toMatchObject({ code: "SIZE_MISMATCH" });
    await expect(cursor.take(1500, 10)).rejects.toMatchObject({ code: "SIZE_MISMATCH" });
    await cursor.close();
  });
});
