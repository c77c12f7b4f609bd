/** Work of which so much is under way at once: with results one by one, or all at its end. */
import { describe, expect, it } from "vitest";
import { ahead } from "../../../src/bytes/ahead.ts";
import { sideBySide } from "../../../src/bytes/side-by-side.ts";
import { turn } from "../../turn.ts";

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
    async end(item: number, error?: Error) {
      ends.get(item)?.(error);
      await turn();
    },
    begun: () => [...ends.keys()],
    most: () => most,
  };
}

type AtOnce = typeof sideBySide<number, number>;
type Arguments = Parameters<AtOnce>;

/** What has come so far, and how it ends. */
function run(way: (came: number[], ...args: Arguments) => Promise<unknown>, ...args: Arguments) {
  const came: number[] = [];
  let isOver = false;
  const over = way(came, ...args)
    .then(() => came)
    .catch((error: unknown) => error)
    .finally(() => {
      isOver = true;
    });
  return { came, over, isOver: () => isOver };
}

const oneByOne = async (came: number[], ...args: Arguments) => {
  for await (const result of ahead(...args)) came.push(result);
};
const together = async (came: number[], ...args: Arguments) => {
  came.push(...(await sideBySide(...args)));
};

describe.each([
  ["ahead", oneByOne],
  ["side by side", together],
])("work %s", (_, way) => {
  it("is under way so many times at once, with results in the items' order", async () => {
    const { work, end, begun, most } = gate();
    const { over } = run(way, [1, 2, 3, 4], 2, work);
    await turn();
    expect(begun()).toEqual([1, 2]);
    for (const item of [2, 1, 4, 3, 4]) await end(item);
    expect(await over).toEqual([10, 20, 30, 40]);
    expect(most()).toBe(2);
  });

  it("of nothing is nothing", async () => {
    expect(await run(way, [], 4, gate().work).over).toEqual([]);
  });

  it("stops beginning after a failure, tells of it at once, and waits for the rest", async () => {
    const { work, end, begun } = gate();
    const heard: unknown[] = [];
    const { over, isOver } = run(way, [1, 2, 3, 4], 2, work, (error) => heard.push(error));
    await turn();
    await end(2, new Error("broken"));
    expect(heard).toEqual([new Error("broken")]);
    expect(isOver()).toBe(false);
    await end(1);
    expect(await over).toEqual(new Error("broken"));
    expect(begun()).toEqual([1, 2]);
  });

  it("throws the failure that was first, not what others say when they are stopped", async () => {
    const { work, end } = gate();
    const { over } = run(way, [1, 2], 2, work, () => void end(1, new Error("stopped")));
    await turn();
    await end(2, new Error("broken"));
    expect(await over).toEqual(new Error("broken"));
  });
});

it("ahead, the first keeps those behind it waiting: what is done is handed on in its turn", async () => {
  const { work, end, begun } = gate();
  const { came, over } = run(oneByOne, [1, 2, 3], 2, work);
  await turn();
  await end(2);
  expect([came, begun()]).toEqual([[], [1, 2]]);
  await end(1);
  expect([came, begun()]).toEqual([
    [10, 20],
    [1, 2, 3],
  ]);
  await end(3);
  await over;
});

it("side by side, the next begins where any ends", async () => {
  const { work, end, begun } = gate();
  const { over } = run(together, [1, 2, 3, 4], 2, work);
  await turn();
  await end(2);
  await end(3);
  expect(begun()).toEqual([1, 2, 3, 4]);
  for (const item of [4, 1]) await end(item);
  await over;
});
