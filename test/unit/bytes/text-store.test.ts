import { expect, test } from "vitest";
import { TextStore } from "../../../src/bytes/text-store.ts";

const TEXTS = [
  "",
  "a",
  "usr/lib",
  "é",
  "名前",
  "\u{1f600}",
  "\ud800 half a pair",
  "\0",
  "x".repeat(3_000_000),
];

test("gives every text back as it was, whichever characters it has and however long it is", () => {
  const store = new TextStore();
  const references = [...TEXTS, ...TEXTS].map((text) => store.add(text));
  expect(references.map((reference) => store.get(reference))).toEqual([...TEXTS, ...TEXTS]);
});

test("tells a text from all others", () => {
  const store = new TextStore();
  const references = TEXTS.map((text) => store.add(text));
  for (const [at, reference] of references.entries()) {
    expect(TEXTS.filter((text) => store.equals(reference, text))).toEqual([TEXTS[at]]);
  }
  expect(store.equals(store.add("usr"), "usr/lib")).toBe(false);
});

test("has 0 for what is empty, and for nothing else", () => {
  const store = new TextStore();
  expect(store.add("first")).not.toBe(0);
  expect([store.add(""), store.addBytes(new Uint8Array())]).toEqual([0, 0]);
});

test("keeps bytes, and in more than one page", () => {
  const store = new TextStore();
  const parts = Array.from({ length: 40 }, (_, index) => new Uint8Array(100_000).fill(index));
  const references = parts.map((bytes) => store.addBytes(bytes));
  for (const [index, reference] of references.entries()) {
    expect(Buffer.compare(store.getBytes(reference), parts[index] as Uint8Array)).toBe(0);
  }
});
