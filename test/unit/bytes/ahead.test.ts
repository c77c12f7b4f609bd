import { describe, expect, it } from "vitest";
import { ahead } from "../../../src/bytes/ahead.ts";

/** Work that ends when it is told to, and counts how much of it is under way. */
function gate() {
  const ends = new Map<number, (error?: Error) => void>();
  let underWay = 0;
  let most = 0;
  const work = (item: number) =>
    new Promise<number>((resolve, reject) => {
      most = Math.max(most, ++underWay);
      ends.set(item, (error) => {
        underWay -= 1;
        if (error) reject(error);
        else resolve(item * 10);
      });
    });
  return {
    work,
    end: (item: number, error?: Error) => ends.get(item)?.(error),
    begun: () => [...ends.keys()],
    most: () => most,
  };
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

describe("work ahead", () => {
  it("is under way so many times at once, and its results come in the items' order", async () => {
    const { work, end, begun, most } = gate();
    const results: number[] = [];
    const reading = (async () => {
      for await (const result of ahead([1, 2, 3, 4], 2, work)) results.push(result);
    })();
    await settled();
    expect(begun()).toEqual([1, 2]);
    end(2);
    await settled();
    expect(results).toEqual([]);
    end(1);
    await settled();
    for (const item of [4, 3, 4]) {
      end(item);
      await settled();
    }
    await reading;
    expect(results).toEqual([10, 20, 30, 40]);
    expect(most()).toBe(2);
  });

  it("stops beginning after a failure, tells of it at once, and waits for the rest", async () => {
    const { work, end, begun } = gate();
    const heard: unknown[] = [];
    const reading = (async () => {
      for await (const _ of ahead([1, 2, 3, 4], 2, work, (error) => heard.push(error)));
    })();
    const over = reading.catch((error: unknown) => error);
    await settled();
    end(2, new Error("broken"));
    await settled();
    expect(heard).toEqual([new Error("broken")]);
    end(1);
    expect(await over).toEqual(new Error("broken"));
    expect(begun()).toEqual([1, 2]);
  });

  it("throws the failure that was first, not what those before it say when they are stopped", async () => {
    const { work, end } = gate();
    const stop = () => end(1, new Error("stopped"));
    const reading = (async () => {
      for await (const _ of ahead([1, 2], 2, work, stop));
    })();
    const over = reading.catch((error: unknown) => error);
    await settled();
    end(2, new Error("broken"));
    expect(await over).toEqual(new Error("broken"));
  });
});
