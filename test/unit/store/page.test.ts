import { expect, test } from "vitest";
import { pageOf } from "../../../src/store/page.ts";

test("a page has the names after `last`, whether or not that name exists", () => {
  const names = ["c", "a", "b", "d"];
  expect(pageOf(names)).toEqual(["a", "b", "c", "d"]);
  expect(pageOf(names, { last: "b" })).toEqual(["c", "d"]);
  expect(pageOf(names, { last: "bb", limit: 1 })).toEqual(["c"]);
  expect(pageOf(names, { last: "z" })).toEqual([]);
});
