import { expect, test } from "vitest";
import { asksForGzip } from "../../../edge/accept-encoding.ts";

test.each([
  "gzip",
  "GZip",
  "x-gzip",
  "gzip, deflate, br, zstd",
  "br;q=1.0, gzip;q=0.8, *;q=0.1",
  "identity;q=0.5, gzip ; q=0.5",
  "*",
  "identity;q=0, *",
])("%j asks for gzip", (header) => {
  expect(asksForGzip(header)).toBe(true);
});

test.each([
  null,
  "",
  "identity",
  "br",
  "gzip;q=0",
  "gzip;q=0.000, *",
  "*;q=0",
  "identity, gzip;q=0.9",
  "gzip;q=2",
  "gzip;q=-1",
  "gzip;level=9",
  "gzipped",
])("%j does not ask for gzip", (header) => {
  expect(asksForGzip(header)).toBe(false);
});
