import { describe, expect, it } from "vitest";
import { parseFilter } from "../../../src/pipeline/filters.ts";
import { readTar } from "../../../src/tar/read.ts";
import { testImage } from "../../images.ts";
import { memoryHost } from "../../memory-host.ts";

const host = await memoryHost();

async function mtimeAfter(spec: string, sourceDateEpoch?: number): Promise<number | undefined> {
  const { image } = await testImage([[{ name: "a", mtime: 1000 }]], host);
  const defaults = sourceDateEpoch === undefined ? {} : { sourceDateEpoch };
  const [layer] = parseFilter(spec, defaults).image(image, host).layers;
  if (!layer) return undefined;
  for await (const { mtime } of readTar(await layer.stream(), host.kernels)) return mtime;
}

describe("normalize-timestamps", () => {
  it.each([
    ["normalize-timestamps", undefined, 0],
    ["normalize-timestamps:ts=1", undefined, 1],
    ["Normalize_Timestamps:timestamp=7", undefined, 7],
    ["normalize-timestamps", 99, 99],
    ["normalize-timestamps:ts=5", 99, 5],
    ["normalize-timestamps:ts=2000,clamp=true", undefined, 1000],
    ["normalize-timestamps:clamp=yes,ts=500", undefined, 500],
  ])("%s with SOURCE_DATE_EPOCH %s sets %s", async (spec, epoch, expected) => {
    expect(await mtimeAfter(spec, epoch)).toBe(expected);
  });
});

describe("a wrong filter", () => {
  it.each([
    ["", /empty/],
    ["normalise", /there are normalize-timestamps, exclude/],
    ["normalize-timestamps:ts", /not key=value/],
    ["normalize-timestamps:ts=soon", /whole number/],
    ["normalize-timestamps:clamp=perhaps", /true or false/],
    ["normalize-timestamps:when=1", /no option "when"/],
  ])("%s is refused with the reason", (spec, message) => {
    const hint = expect.stringContaining("`sealift help filters`");
    expect(() => parseFilter(spec)).toThrow(expect.objectContaining({ code: "USAGE", hint }));
    expect(() => parseFilter(spec)).toThrow(message);
  });
});
