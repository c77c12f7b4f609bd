import { describe, expect, it } from "vitest";
import { contentOf } from "../../../src/bytes/content.ts";
import { type EarlyReader, GrowingContent } from "../../../src/bytes/growing-content.ts";
import { memorySpool } from "../../../src/bytes/spool.ts";
import { spoolContent } from "../../../src/bytes/spooled-content.ts";
import { collect, concat, streamFrom } from "../../../src/bytes/stream.ts";
import { fallbackKernels } from "../../../src/kernel/fallback.ts";
import { turn } from "../../turn.ts";

const kernels = await fallbackKernels();
const LIMIT = 1 << 16;
const chunks = [1, 2, 3, 4].map((seed) => new Uint8Array(100).fill(seed));

/** Chunks that come one by one, when `more` is called. */
function byHand() {
  const waiting: (() => void)[] = [];
  let allowed = 0;
  return {
    more() {
      allowed += 1;
      for (const goOn of waiting.splice(0)) goOn();
    },
    stream: streamFrom(
      (async function* () {
        for (const [index, chunk] of chunks.entries()) {
          while (allowed <= index) await new Promise<void>((resolve) => waiting.push(resolve));
          yield chunk;
        }
      })(),
    ),
  };
}

/** An early reader that tells what it was given. */
function reader(from: number): EarlyReader & { readonly given: GrowingContent[] } {
  const given: GrowingContent[] = [];
  return { from, given, begin: (content) => given.push(content) };
}

describe("content that is being spooled", () => {
  it("is given once to who waits for so many bytes, and not before they are there", async () => {
    const early = reader(200);
    const source = byHand();
    const spooling = spoolContent(memorySpool(LIMIT), kernels, source.stream, early);
    source.more();
    await turn();
    expect(early.given).toEqual([]);
    for (let count = 1; count < chunks.length; count++) source.more();
    await spooling;
    expect(early.given).toHaveLength(1);
  });

  it("of less is given to nobody", async () => {
    const early = reader(401);
    await spoolContent(memorySpool(LIMIT), kernels, streamFrom(chunks), early);
    expect(early.given).toEqual([]);
  });

  it("is read while it is written, and ends when all is there", async () => {
    const early = reader(100);
    const source = byHand();
    const spooling = spoolContent(memorySpool(LIMIT), kernels, source.stream, early);
    source.more();
    await turn();
    const [growing] = early.given as [GrowingContent];
    const stream = growing.open().getReader();
    expect((await stream.read()).value).toEqual(chunks[0]);
    const second = stream.read();
    source.more();
    expect((await second).value).toEqual(chunks[1]);
    expect(growing.digest).toBeUndefined();
    source.more();
    source.more();
    const { digest } = await spooling;
    expect(growing.digest).toBe(digest);
    expect(digest).toBe(contentOf(kernels, concat(chunks)).digest);
    // Whoever begins late, or again, has it from the start.
    expect(await collect(growing.open(), LIMIT)).toEqual(concat(chunks));
  });

  it("fails for its reader with what it fails with itself", async () => {
    const early = reader(100);
    const failing = streamFrom(
      (async function* () {
        yield chunks[0] as Uint8Array;
        await turn();
        throw new Error("the source broke");
      })(),
    );
    const spooling = spoolContent(memorySpool(LIMIT), kernels, failing, early);
    spooling.catch(() => {});
    await turn();
    await expect(collect((early.given[0] as GrowingContent).open(), LIMIT)).rejects.toThrow(
      "the source broke",
    );
    await expect(spooling).rejects.toThrow("the source broke");
  });

  it("leaves nothing in the spool where it fails", async () => {
    const spool = memorySpool(100);
    const failing = streamFrom(
      (function* () {
        yield chunks[0] as Uint8Array;
        throw new Error("the source broke");
      })(),
    );
    await expect(spoolContent(spool, kernels, failing)).rejects.toThrow("the source broke");
    const next = await spoolContent(spool, kernels, streamFrom(chunks.slice(0, 1)));
    expect(next.size).toBe(100);
  });

  it("is read from the spool where that has none of it before it is closed", async () => {
    let closed = false;
    const slot = { readable: () => (closed ? 400 : 0), open: () => streamFrom(chunks) };
    const growing = new GrowingContent(slot as unknown as ConstructorParameters<typeof GrowingContent>[0]);
    const whole = collect(growing.open(), LIMIT);
    growing.grown();
    closed = true;
    growing.end(contentOf(kernels, concat(chunks)).digest);
    expect(await whole).toEqual(concat(chunks));
  });
});
