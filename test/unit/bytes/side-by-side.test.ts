import { describe, expect, it } from "vitest";
import { sideBySide } from "../../../src/bytes/side-by-side.ts";

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

describe("work side by side", () => {
  it("begins the next where any ends, never more than the limit, with results in the items' order", async () => {
    const { work, end, begun, most } = gate();
    const results = sideBySide([1, 2, 3, 4], 2, work);
    await settled();
    expect(begun()).toEqual([1, 2]);
    end(2);
    await settled();
    // The first is still under way: it keeps nobody waiting but itself.
    end(3);
    await settled();
    expect(begun()).toEqual([1, 2, 3, 4]);
    end(4);
    end(1);
    expect(await results).toEqual([10, 20, 30, 40]);
    expect(most()).toBe(2);
  });

  it("does nothing of nothing", async () => {
    expect(await sideBySide([], 4, gate().work)).toEqual([]);
  });

  it("stops beginning after a failure, tells of it at once, and waits for the rest", async () => {
    const { work, end, begun } = gate();
    const heard: unknown[] = [];
    let isOver = false;
    const over = sideBySide([1, 2, 3, 4], 2, work, (error) => heard.push(error))
      .catch((error: unknown) => error)
      .finally(() => (isOver = true));
    await settled();
    end(2, new Error("broken"));
    await settled();
    expect(heard).toEqual([new Error("broken")]);
    expect(isOver).toBe(false);
    end(1);
    expect(await over).toEqual(new Error("broken"));
    expect(begun()).toEqual([1, 2]);
  });

  it("throws the failure that was first, not what others say when they are stopped", async () => {
    const { work, end } = gate();
    const over = sideBySide([1, 2], 2, work, () => end(1, new Error("stopped"))).catch((error) => error);
    await settled();
    end(2, new Error("broken"));
    expect(await over).toEqual(new Error("broken"));
  });
});
