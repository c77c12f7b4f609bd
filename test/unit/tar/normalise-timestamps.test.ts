import fc from "fast-check";
import { expect, it } from "vitest";
import { concat, streamOf } from "../../../src/bytes/stream.ts";
import { fallbackKernels } from "../../../src/kernel/fallback.ts";
import { normaliseTimestamps, type TimestampOptions } from "../../../src/tar/normalise-timestamps.ts";
import { MAX_PAX_SIZE } from "../../../src/tar/pax.ts";
import { readTar } from "../../../src/tar/read.ts";
import {
  archive,
  bytes,
  chunked,
  type RawRecord,
  rawHeader,
  rawMember,
  rawPax,
  rawRecord,
  readAll,
  text,
} from "./raw.ts";

const kernels = await fallbackKernels();
const SET: TimestampOptions = { seconds: 0, clamp: false };
const CLAMP: TimestampOptions = { seconds: 1000, clamp: true };

const retimed = (tar: Uint8Array, options: TimestampOptions, sizes = [65536]) =>
  readAll(normaliseTimestamps(chunked(tar, sizes), kernels, options));

/** What the archive says apart from its times, and its times. */
async function described(tar: Uint8Array) {
  const TIMES = ["mtime", "atime", "ctime", "LIBARCHIVE.creationtime"];
  const entries: unknown[] = [];
  const times: (number | string)[][] = [];
  for await (const { body, pax, mtime, ...rest } of readTar(streamOf(tar), kernels)) {
    const attributes = [...pax].filter(([key]) => !TIMES.includes(key));
    entries.push({ ...rest, attributes, content: text(await readAll(body)) });
    times.push([
      mtime,
      ...TIMES.flatMap((key) => (pax.has(key) ? [`${key}=${text(pax.get(key) as Uint8Array)}`] : [])),
    ]);
  }
  return { entries, times };
}

const withTimes = (...records: RawRecord[]) => archive(rawPax(records), rawMember({ mtime: 2000 }, "x"));

it("sets the mtime of every header and changes no other byte", async () => {
  const parts = (mtime: number) =>
    archive(
      rawMember({ name: "a", mtime, mode: "0004755\0" }, "body"),
      rawMember({ name: "d/", type: "5", mtime }),
      rawMember({ name: "v7", format: "v7", mtime, type: "\0" }, "x".repeat(1000)),
      rawMember({ name: "././@LongLink", type: "L", format: "gnu", mtime }, `${"n".repeat(200)}\0`),
      rawMember({ name: "n", format: "gnu", mtime }, "y"),
    );
  expect(await retimed(parts(1_700_000_000), { seconds: 86_400, clamp: false })).toEqual(parts(86_400));
});

it("sets the atime and ctime of the GNU dialect, leaving absent ones absent", async () => {
  const parts = (mtime: number, atime: number, ctime: number) =>
    archive(rawMember({ format: "gnu", mtime, atime, ctime }), rawMember({ format: "gnu", mtime }));
  expect(await retimed(parts(5, 6, 7), { seconds: 9, clamp: false })).toEqual(parts(9, 9, 9));
});

it("sets a PAX mtime to the plain second, and drops access, change and creation times", async () => {
  const tar = withTimes(
    ["SCHILY.xattr.user.a", "1"],
    ["mtime", "1700000000.123456789"],
    ["atime", "1700000001.5"],
    ["ctime", "1700000002"],
    ["LIBARCHIVE.creationtime", "3.25"],
    ["path", "name"],
  );
  const expected = archive(
    rawPax([
      ["SCHILY.xattr.user.a", "1"],
      ["mtime", "0"],
      ["path", "name"],
    ]),
    rawMember({ mtime: 0 }, "x"),
  );
  expect(await retimed(tar, SET)).toEqual(expected);
});

it("leaves out an extended header in which only dropped times stood", async () => {
  const tar = withTimes(["atime", "5"], ["ctime", "6"]);
  expect(await retimed(tar, SET)).toEqual(archive(rawMember({ mtime: 0 }, "x")));
  const emptyAlready = archive(rawPax([]), rawMember({ mtime: 0 }, "x"));
  expect(await retimed(emptyAlready, SET)).toEqual(emptyAlready);
});

it("treats global headers as the others", async () => {
  const tar = archive(
    rawPax(
      [
        ["comment", "c"],
        ["mtime", "77.5"],
        ["atime", "5"],
      ],
      { type: "g", mtime: 4 },
    ),
    rawMember({ mtime: 3 }),
  );
  const expected = archive(
    rawPax(
      [
        ["comment", "c"],
        ["mtime", "0"],
      ],
      { type: "g" },
    ),
    rawMember({}),
  );
  expect(await retimed(tar, SET)).toEqual(expected);
});

it("clamps only what is later, to the last digit of a fraction", async () => {
  const cases: [string, string][] = [
    ["1000", "1000"],
    ["1000.0", "1000.0"],
    ["1000.000000000000000000000", "1000.000000000000000000000"],
    ["1000.000000000000000000001", "1000"],
    ["1001", "1000"],
    ["999.999", "999.999"],
    ["-2000.5", "-2000.5"],
    ["123456789012345678901234567890", "1000"],
  ];
  for (const [before, after] of cases) {
    const tar = (time: string) =>
      archive(
        rawPax(["mtime", "atime", "ctime", "LIBARCHIVE.creationtime"].map((key) => [key, time] as const)),
        rawMember({ mtime: 500 }),
      );
    expect([before, await retimed(tar(before), CLAMP)]).toEqual([before, tar(after)]);
  }
});

it("clamps headers, and passes an archive without later times on byte for byte", async () => {
  const tar = (mtime: number) =>
    archive(
      rawPax(
        [
          ["mtime", "1.5"],
          ["atime", "2"],
        ],
        { mtime: 0 },
      ),
      rawMember({ mtime }),
    );
  expect(await retimed(tar(2000), CLAMP)).toEqual(tar(1000));
  expect(await retimed(tar(999), CLAMP)).toEqual(tar(999));
});

it("keeps a record that takes a global time away", async () => {
  const tar = archive(rawPax([["mtime", "5"]], { type: "g" }), rawPax([["mtime", ""]]), rawMember({}));
  expect(await retimed(tar, CLAMP)).toEqual(tar);
});

it("keeps odd padding, trailing zeros and what follows the end marker", async () => {
  const padding = new Uint8Array(507).fill(0xee);
  const member = concat([rawHeader({ size: 5, mtime: 9 }), bytes("hello"), padding]);
  const extended = concat([
    rawHeader({ type: "x", size: 11 }),
    bytes("11 mtime=3\n"),
    new Uint8Array(501).fill(0xdd),
  ]);
  const tail = concat([bytes("not a tar block"), new Uint8Array(9000)]);
  const tar = concat([archive(extended, member), tail]);
  const expected = concat([
    archive(
      concat([
        rawHeader({ type: "x", size: 11, mtime: 7 }),
        bytes("11 mtime=7\n"),
        new Uint8Array(501).fill(0xdd),
      ]),
      concat([rawHeader({ size: 5, mtime: 7 }), bytes("hello"), padding]),
    ),
    tail,
  ]);
  expect(await retimed(tar, { seconds: 7, clamp: false })).toEqual(expected);
});

it("keeps a missing end marker missing, and a lone zero block at the end lone", async () => {
  for (const zeros of [0, 512, 1024, 10_240]) {
    const tar = concat([rawMember({ name: "a" }, "x"), new Uint8Array(zeros)]);
    expect(await retimed(tar, SET)).toEqual(tar);
  }
});

it("takes a body's length from PAX, so that no body is taken for headers", async () => {
  const inner = archive(rawMember({ mtime: 4000 }));
  const tar = (mtime: number) =>
    archive(rawPax([["size", String(inner.length)]]), rawHeader({ size: 0, mtime }), inner);
  expect(await retimed(tar(3000), SET)).toEqual(tar(0));
});

it("rewrites the record's length where a time changes its digits", async () => {
  const long = "x".repeat(MAX_PAX_SIZE - 60);
  const tar = (time: string) =>
    archive(
      rawPax([
        ["comment", long],
        ["mtime", time],
      ]),
      rawMember({}),
    );
  expect(await retimed(tar("1700000000.123456789"), SET)).toEqual(tar("0"));
  expect(await retimed(tar("5"), { seconds: 1_700_000_000, clamp: false })).not.toEqual(tar("5"));
});

it("refuses to let an extended header grow over what can be read again", async () => {
  const record = (size: number) => rawRecord(["comment", "c".repeat(size)]);
  const mtime = rawRecord(["mtime", "5"]);
  const filler = record(MAX_PAX_SIZE - mtime.length - 16);
  const padding = MAX_PAX_SIZE - mtime.length - filler.length;
  const full = concat([record(MAX_PAX_SIZE - mtime.length - 16 + padding), mtime]);
  expect(full.length).toBe(MAX_PAX_SIZE);
  const tar = archive(rawMember({ type: "x" }, full), rawMember({}));
  expect((await retimed(tar, SET)).length).toBe(tar.length);
  await expect(retimed(tar, { seconds: 10, clamp: false })).rejects.toMatchObject({ code: "LIMIT_EXCEEDED" });
});

it("refuses seconds that no header can hold", () => {
  for (const seconds of [-1, 0.5, Number.NaN, 8 ** 11]) {
    expect(() => normaliseTimestamps(streamOf(new Uint8Array()), kernels, { seconds, clamp: false })).toThrow(
      expect.objectContaining({ code: "USAGE" }),
    );
  }
});

it("leaves what it reads as it was, a Buffer too", async () => {
  const tar = Buffer.from(withTimes(["mtime", "5.25"]));
  const before = new Uint8Array(tar);
  await readAll(normaliseTimestamps(streamOf(tar), kernels, { seconds: 1_700_000_000, clamp: false }));
  expect(new Uint8Array(tar)).toEqual(before);
});

it("fails on a truncated archive and a malformed time", async () => {
  const tar = archive(rawMember({}, "x".repeat(600)));
  await expect(retimed(tar.slice(0, 1100), SET)).rejects.toMatchObject({ code: "TAR_TRUNCATED" });
  await expect(retimed(withTimes(["ctime", "soon"]), SET)).rejects.toMatchObject({ code: "TAR_INVALID" });
  await expect(retimed(withTimes(["ctime", "soon"]), CLAMP)).rejects.toMatchObject({ code: "TAR_INVALID" });
});

const arbitraryTime = fc.oneof(
  fc.integer({ min: -5, max: 3000 }).map(String),
  fc.tuple(fc.integer({ min: 0, max: 3000 }), fc.nat(999_999_999)).map(([whole, part]) => `${whole}.${part}`),
);
const arbitraryRecords = fc.array(
  fc.oneof(
    fc.tuple(fc.constantFrom("mtime", "atime", "ctime", "LIBARCHIVE.creationtime"), arbitraryTime),
    fc.tuple(fc.constantFrom("SCHILY.xattr.user.a", "comment"), fc.string({ maxLength: 600 })),
    fc.tuple(fc.constant("path"), fc.stringMatching(/^[a-zé/]{1,200}$/)),
  ),
  { maxLength: 6 },
);
const arbitraryMember = fc
  .record({
    records: fc.option(arbitraryRecords, { nil: undefined }),
    format: fc.constantFrom("ustar" as const, "gnu" as const, "v7" as const),
    mtime: fc.nat(3000),
    times: fc.option(fc.nat(3000), { nil: undefined }),
    body: fc.string({ maxLength: 1500 }),
  })
  .map(({ records, format, mtime, times, body }) =>
    concat([
      ...(records ? [rawPax(records, { mtime })] : []),
      rawMember(
        { format, mtime, ...(format === "gnu" && times ? { atime: times, ctime: times } : {}) },
        body,
      ),
    ]),
  );
const arbitraryArchive = fc.array(arbitraryMember, { maxLength: 5 }).map((members) => archive(...members));
const arbitraryOptions = fc.record({ seconds: fc.nat(2000), clamp: fc.boolean() });
const arbitrarySizes = fc.array(fc.integer({ min: 1, max: 1500 }), { minLength: 1, maxLength: 8 });

it("for any archive: reads back the same but for times, twice is once, and chunks do not matter", async () => {
  await fc.assert(
    fc.asyncProperty(arbitraryArchive, arbitraryOptions, arbitrarySizes, async (tar, options, sizes) => {
      const once = await retimed(tar, options);
      expect(await retimed(tar, options, sizes)).toEqual(once);
      expect(await retimed(once, options)).toEqual(once);
      const [before, after] = [await described(tar), await described(once)];
      expect(after.entries).toEqual(before.entries);
      for (const [mtime, ...others] of after.times) {
        if (options.clamp) expect(mtime).toBeLessThanOrEqual(options.seconds);
        else
          expect([mtime, others.filter((time) => !String(time).startsWith("mtime"))]).toEqual([
            options.seconds,
            [],
          ]);
      }
    }),
    { numRuns: 150 },
  );
});
