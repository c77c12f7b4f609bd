import { expect, test } from "vitest";
import { ROOT } from "../../../src/image/name-table.ts";
import { NodeTable } from "../../../src/image/node-table.ts";
import { randomNumbers } from "../../contract/kernels-data.ts";

test("finds each folder's children by name and has them in the order they came, as maps would", () => {
  const table = new NodeTable();
  const folders = new Map<number, Map<string, number>>([[ROOT, new Map()]]);
  const below = randomNumbers(1);
  for (let step = 0; step < 20_000; step++) {
    const all = [...folders.keys()];
    const folder = step < 40 ? ROOT : (all[below(Math.min(all.length, 40))] as number);
    const children = folders.get(folder) as Map<string, number>;
    const name = `n${below(400)}`;
    const known = children.get(name);
    expect(table.child(folder, name)).toBe(known);
    if (known !== undefined) {
      table.remove(known);
      children.delete(name);
      folders.delete(known);
    } else {
      const node = table.add(folder, name, 0);
      children.set(name, node);
      if (folders.size < 40) folders.set(node, new Map());
    }
  }
  for (const [folder, children] of folders) {
    expect([...table.children(folder)]).toEqual([...children.values()]);
    for (const [name, node] of children) expect(table.child(folder, name)).toBe(node);
  }
});

test("knows what was removed by its path still", () => {
  const table = new NodeTable();
  const folder = table.add(ROOT, "usr", 0);
  const file = table.add(folder, "file", 0);
  table.remove(folder);
  table.add(ROOT, "usr", 1);
  expect([table.path(file), table.path(folder), table.child(ROOT, "usr")]).toEqual(["usr/file", "usr", 3]);
});
