import { expect, test } from "vitest";
import { streamFrom } from "../../../src/bytes/stream.ts";
import { tocEntries } from "../../../src/image/toc-document.ts";

const encoder = new TextEncoder();

async function entriesOf(text: string | Uint8Array, size = 1 << 20): Promise<unknown[]> {
  const bytes = typeof text === "string" ? encoder.encode(text) : text;
  const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
    bytes.slice(at * size, (at + 1) * size),
  );
  const entries: unknown[] = [];
  for await (const batch of tocEntries(streamFrom(chunks))) entries.push(...batch);
  return entries;
}

const TOC = {
  version: 1,
  entries: [
    { name: 'a "quoted", [name] {with} \\ all', type: "reg", xattrs: { entries: "[,]" } },
    { name: "ä名\u2028", chunks: [[1], [2, [3]]] },
    {},
  ],
  after: { entries: [1, 2], version: [2] },
};

test.each([1, 2, 3, 7, 64])("reads what an engine's reader does, in pieces of %d bytes", async (size) => {
  for (const indent of [undefined, "\t"]) {
    expect(await entriesOf(JSON.stringify(TOC, null, indent), size)).toEqual(TOC.entries);
  }
});

test("finds the entries wherever they stand, and none where there are none", async () => {
  expect(await entriesOf('{"x": {"entries": [1]}, "entries" : [ 2 , 3 ] , "version": 1}')).toEqual([2, 3]);
  expect(await entriesOf('{"entr\\u0069es": [4], "version": 1}')).toEqual([4]);
  expect(await entriesOf('\ufeff{"version": 1, "entries": [ ]}')).toEqual([]);
});

test("gives many entries some at a time", async () => {
  const entries = Array.from({ length: 5_000 }, (_, index) => ({
    name: `name-${index}`,
    text: "x".repeat(40),
  }));
  const batches: (readonly unknown[])[] = [];
  const json = encoder.encode(JSON.stringify({ version: 1, entries }));
  for await (const batch of tocEntries(streamFrom([json]))) batches.push(batch);
  expect(batches.flat()).toEqual(entries);
  expect(batches.length).toBeGreaterThan(3);
});

const LONG = `{"a": "${"x".repeat(100_000)}"}`;

test.each([
  ["a comma before the first", '{"version": 1, "entries": [, {}]}', /it is not JSON/],
  ["a comma behind the last", '{"version": 1, "entries": [{},]}', /it is not JSON/],
  ["a comma behind the last of many", `{"version": 1, "entries": [${LONG},]}`, /it is not JSON/],
  ["two commas between many", `{"version": 1, "entries": [${LONG},,${LONG}]}`, /it is not JSON/],
  ["nothing between two", '{"version": 1, "entries": [{} {}]}', /it is not JSON/],
  ["another bracket at its end", '{"version": 1, "entries": [{}}}', /it is not JSON/],
  ["no end", '{"version": 1, "entries": [{}', /it is not JSON/],
  ["something behind its end", '{"version": 1, "entries": []} x', /it is not JSON/],
  ["a byte order mark among entries", `{"version": 1, "entries": [${LONG},\ufeff1]}`, /it is not JSON/],
  ["its entries twice", '{"version": 1, "entries": [1], "entries": [2]}', /it has its entries twice/],
  ["no entries", '{"version": 1}', /entries/],
  ["entries that are no list", '{"version": 1, "entries": {"0": {}}}', /entries: .*Array/],
  ["another version", '{"version": 2, "entries": [{}]}', /version: /],
  ["a list around it", '[{"version": 1, "entries": []}]', /Cannot read table of contents: /],
] as const)("refuses a table with %s", async (_, text, message) => {
  await expect(entriesOf(text)).rejects.toThrow(message);
  await expect(entriesOf(text, 1)).rejects.toMatchObject({ code: "LAYOUT_INVALID" });
});

test("refuses what is not UTF-8, in an entry and around it", async () => {
  const text = encoder.encode('{"version": 1, "entries": ["?"], "x": "?"}');
  for (const at of [text.indexOf(0x3f), text.lastIndexOf(0x3f)]) {
    const broken = text.slice();
    broken[at] = 0xff;
    await expect(entriesOf(broken)).rejects.toThrow(/it is not UTF-8/);
  }
});

test("fails as its stream does, before what is wrong with it", async () => {
  const json = async function* () {
    yield encoder.encode('{"version": 2, "entries": [}');
    yield encoder.encode("more");
    throw new Error("another digest");
  };
  const read = async () => {
    for await (const _ of tocEntries(streamFrom(json())));
  };
  await expect(read()).rejects.toThrow("another digest");
});
