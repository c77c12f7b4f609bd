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
    ["normalize-timestamps:ts=-1", /filter normalize-timestamps: time -1: it is not from 0 to 8589934591/],
    ["normalize-timestamps:ts=999999999999999,config=true", /not from 0 to 8589934591/],
    ["exclude", /needs pattern=/],
    ["exclude:pattern=", /pattern is empty/],
    ["exclude:pattern=a,[", /filter exclude: pattern "\[": its \[ is not closed/],
    ["exclude:pattern={a", /its \{ is not closed/],
    ["exclude:glob=a", /no option "glob"; it takes pattern/],
    ["search", /needs pattern=/],
    ["search:pattern=[", /filter search: pattern "\[": its \[ is not closed/],
    ["search:pattern=(,regex=true", /filter search: pattern "\(": Invalid regular expression/],
    ["search:pattern=a,regex=perhaps", /regex is not true or false/],
    ["search:pattern=a,script_friendly=2", /script-friendly is not true or false/],
    ["inspect", /needs file=/],
    ["inspect:file=", /file is empty/],
    ["inspect:path=x", /no option "path"; it takes file/],
    ["squash:from=x", /from is not a whole number of layers: "x"/],
    ["squash:from=-1", /from is not a number of layers: -1/],
    ["squash:to=1", /no option "to"; it takes from/],
    ["annotate", /needs KEY=VALUE/],
    ["annotate:key", /"key" is not key=value/],
    ["recompress", /needs format=/],
    ["recompress:format=xz", /format is not gzip, zstd or none: "xz"/],
    ["recompress:format=gzip,level=7", /level 7 of gzip: it has 1, 6, 9/],
    ["recompress:format=gzip,level=high", /level is not a whole number: "high"/],
    ["recompress:format=none,level=1", /level 1 of none: it has none/],
    ["only-platform", /needs platform=/],
    ["only-platform:platform=linux", /filter only-platform: platform "linux"/],
    ["only-platform:os=linux", /no option "os"; it takes platform/],
  ])("%s is refused with the reason", (spec, message) => {
    const hint = expect.stringContaining("`sealift help filters`");
    expect(() => parseFilter(spec)).toThrow(expect.objectContaining({ code: "USAGE", hint }));
    expect(() => parseFilter(spec)).toThrow(message);
  });
});
