import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { concat } from "../../../src/bytes/stream.ts";
import { wasmKernels } from "../../../src/kernel/wasm.ts";
import { MAX_PAX_SIZE } from "../../../src/tar/pax.ts";
import { mixture, noise } from "../../contract/kernels-input.ts";
import {
  archive,
  bytes,
  padded,
  type RawRecord,
  rawHeader,
  rawMember,
  rawPax,
  rawRecord,
  withChecksum,
} from "../tar/raw.ts";
import { kernelInstance, kernelModule } from "./module.ts";
import { expectSame, inOnePass, packed } from "./rewrite-case.ts";

const SET = { seconds: 0, clamp: false };
const CLAMP = { seconds: 1000, clamp: true };
const LATE = { seconds: 1_700_000_000, clamp: false };

/** All three ways of setting times, each whole and in pieces; what happened must be the same each time. */
async function outcomeOf(tar: Uint8Array, pieces = [1, 511, 700, 3]) {
  const outcomes = new Set<string>();
  for (const options of [SET, CLAMP, LATE]) {
    outcomes.add(await expectSame(tar, options));
    if (tar.length < 20_000) outcomes.add(await expectSame(tar, { ...options, sizes: pieces }));
  }
  return [...outcomes].join(" and ");
}

const member = (name = "file") => rawMember({ name, mtime: 2000 }, "body");
const pax = (...records: RawRecord[]) => rawPax(records, { mtime: 3000 });
const TIMES: RawRecord[] = [
  ["mtime", "1700000000.123456789"],
  ["atime", "1700000001.5"],
  ["ctime", "999.5"],
  ["LIBARCHIVE.creationtime", "3.25"],
];

describe("a rewrite in one pass writes what the steps write", () => {
  test.each<[string, Uint8Array]>([
    ["nothing at all", new Uint8Array()],
    ["an archive without members", archive()],
    ["plain members", archive(member("a"), rawMember({ type: "5", name: "d/", mtime: 5 }), member("b"))],
    ["times in PAX", archive(pax(...TIMES, ["path", "x"]), member())],
    ["only times in PAX", archive(pax(["atime", "5"], ["ctime", "6"]), member())],
    ["PAX without records", archive(pax(), member())],
    ["a global header", archive(rawPax([["comment", "c"], ...TIMES], { type: "g", mtime: 9 }), member())],
    ["global headers, one after the other and between members", globals()],
    ["a time taken away", archive(rawPax([["mtime", "5"]], { type: "g" }), pax(["mtime", ""]), member())],
    [
      "a body whose size stands in PAX",
      archive(pax(["size", "1024"]), rawHeader({}), new Uint8Array(1024).fill(1)),
    ],
    ["a size that PAX takes away again", archive(pax(["size", "9"], ["size", ""]), member())],
    ["GNU long names", gnuLong()],
    ["GNU times", archive(rawMember({ format: "gnu", mtime: 5, atime: 6, ctime: 7 }, "x"))],
    [
      "Go's prefix under GNU's magic",
      archive(withField(rawHeader({ format: "gnu", mtime: 5 }), 345, "a/b/c")),
    ],
    [
      "v7",
      archive(
        rawMember({ format: "v7", type: "\0", mtime: 5 }, "x"),
        rawMember({ format: "v7", type: "\0", name: "d/" }),
      ),
    ],
    ["base-256 times and sizes", archive(base256())],
    ["a link with a size and no body", archive(rawMember({ type: "2", size: 700, linkname: "x" }), member())],
    ["types that POSIX does not know", archive(rawMember({ type: "V", mtime: 8 }, "label"), member())],
    [
      "an extended attribute that is not text",
      archive(pax(["SCHILY.xattr.user.a", noise(700)], ...TIMES), member()),
    ],
    [
      "odd padding",
      concat([rawHeader({ size: 5, mtime: 9 }), bytes("hello"), noise(507), rawPax(TIMES), member()]),
    ],
    ["a record longer than its time was", archive(pax(["mtime", "5"]), member())],
    ["no end marker", member()],
    ["half an end marker", concat([member(), new Uint8Array(512)])],
    ["an end marker and a half", concat([member(), new Uint8Array(700)])],
    ["what follows the end marker", concat([archive(member()), noise(5000)])],
    ["another archive behind the end", concat([archive(member()), archive(member())])],
    [
      "the largest body's worth of chunks",
      archive(rawMember({ mtime: 9 }, mixture(3_300_000)), pax(...TIMES), member()),
    ],
  ])("on %s", async (_, tar) => {
    expect(await outcomeOf(tar)).toBe("rewritten");
  });

  test.each([-1024, -512, 0, 512])(
    "on extended headers that lie across a chunk's end (%i)",
    async (shift) => {
      for (const length of [1, 3000, 40_000]) {
        const before = rawMember({ mtime: 9 }, mixture((1 << 20) - 1536 + shift));
        const records = pax(["comment", "c".repeat(length)], ...TIMES, [
          "SCHILY.xattr.user.b",
          "b".repeat(length),
        ]);
        const tar = archive(before, records, member());
        for (const options of [SET, LATE]) expect(await expectSame(tar, options)).toBe("rewritten");
      }
    },
  );

  test("on the largest extended header, when it shrinks, and when it grows as far as it may", async () => {
    const filled = (size: number, ...records: RawRecord[]) => {
      const rest = records.map(rawRecord).reduce((sum, { length }) => sum + length, 0);
      const all = concat([...records, ["comment", "c".repeat(size - rest - 17)] as const].map(rawRecord));
      expect(all.length).toBe(size);
      return archive(rawMember({ type: "x" }, all), member());
    };
    const largest = filled(MAX_PAX_SIZE, ...TIMES);
    expect(await expectSame(largest, SET)).toBe("rewritten");
    expect(await expectSame(filled(MAX_PAX_SIZE - 9, ["mtime", "5"]), LATE)).toBe("rewritten");
    expect(await expectSame(filled(MAX_PAX_SIZE - 8, ["mtime", "5"]), LATE)).toBe("refused");
    expect(
      await expectSame(archive(rawMember({ type: "x" }, new Uint8Array(MAX_PAX_SIZE + 1)), member()), SET),
    ).toBe("refused");
  });

  test("on gzip of several members, with zeros behind, and however it is cut", async () => {
    const tar = archive(member("a"), pax(...TIMES), rawMember({ mtime: 7 }, mixture(200_000)));
    const pack = (data: Uint8Array) =>
      concat([
        gzipSync(data.subarray(0, 700)),
        gzipSync(new Uint8Array()),
        gzipSync(data.subarray(700), { level: 9 }),
        new Uint8Array(100),
      ]);
    for (const sizes of [[65536], [1, 2, 3, 5000], [100_000]])
      expect(await expectSame(tar, { ...SET, sizes }, pack)).toBe("rewritten");
  });

  test("on a chunk that is full at the very end", async () => {
    for (const size of [1 << 20, 2 << 20]) {
      const tar = rawMember({ mtime: 9 }, mixture(size - 512));
      expect(tar.length).toBe(size);
      expect(await expectSame(tar, SET)).toBe("rewritten");
    }
  });
});

describe("a rewrite in one pass refuses what the steps refuse", () => {
  const twice = (type: string) => rawMember({ name: "././@LongLink", type, format: "gnu" }, "n\0");
  test.each<[string, Uint8Array]>([
    ["a wrong checksum", archive(member().map((byte, at) => (at === 0 ? byte ^ 1 : byte)))],
    ["an end inside a header", member().slice(0, 100)],
    ["an end inside a body", rawMember({}, "x".repeat(600)).slice(0, 1100)],
    ["an end inside an extended header", pax(...TIMES).slice(0, 600)],
    ["an end behind an extended header", pax(...TIMES)],
    ["an extended header without a member", archive(pax(...TIMES))],
    ["a lone zero block", concat([member(), new Uint8Array(512), member()])],
    ["a sparse member", archive(rawMember({ type: "S", format: "gnu" }))],
    ["a sparse member in PAX", archive(pax(["GNU.sparse.major", "1"]), member())],
    ["two extended headers of a kind", archive(pax(...TIMES), pax(...TIMES), member())],
    ["two long names", archive(twice("L"), twice("L"), member())],
    ["a GNU and a PAX name", archive(twice("L"), pax(["path", "x"]), member())],
    ["a PAX and a GNU link", archive(pax(["linkpath", "x"]), twice("K"), member())],
    [
      "a global header behind an extended one",
      archive(pax(...TIMES), rawPax(TIMES, { type: "g" }), member()),
    ],
    ["a global path", archive(rawPax([["path", "x"]], { type: "g" }), member())],
    ["a global size", archive(rawPax([["size", ""]], { type: "g" }), member())],
    ["a time that is none", archive(pax(["ctime", "soon"]), member())],
    ["a size that is none", archive(pax(["size", "-1"]), member())],
    ["an owner that is none", archive(pax(["uid", "1.5"]), member())],
    ["a name with a NUL", archive(pax(["path", "a\0b"]), member())],
    ["a record without a keyword", archive(rawMember({ type: "x" }, "5 =x\n"), member())],
    ["a record without a length", archive(rawMember({ type: "x" }, "comment=x\n"), member())],
    ["a record whose length is wrong", archive(rawMember({ type: "x" }, "12 mtime=3\n"), member())],
    ["a record of length 0", archive(rawMember({ type: "x" }, "0 mtime=3\n"), member())],
    ["a record without a value's sign", archive(rawMember({ type: "x" }, "8 mtime\n"), member())],
    ["a negative size", archive(rawHeader({ size: new Uint8Array(12).fill(0xff) }))],
    ["a v7 directory with a body", archive(rawMember({ format: "v7", type: "\0", name: "d/" }, "x"))],
    ["a v7 directory by its prefix", archive(rawMember({ type: "\0", name: "\0", prefix: "d" }, "x"))],
  ])("%s", async (_, tar) => {
    expect(await outcomeOf(tar)).toBe("refused");
  });

  test("more global headers than are held", async () => {
    const large = rawPax([["comment", "c".repeat(600_000)]], { type: "g" });
    expect(await expectSame(archive(large, member()), SET)).toBe("rewritten");
    expect(await expectSame(archive(large, large, member()), SET)).toBe("refused");
  });

  test("seconds that no header holds", () => {
    return Promise.all(
      [-1, 0.5, Number.NaN, 8 ** 11].map(async (seconds) => {
        expect(await expectSame(archive(member()), { seconds, clamp: false })).toBe("refused");
      }),
    );
  });

  test("damaged and incomplete gzip", async () => {
    const forms = [{ input: "gzip", output: "gzip" }] as const;
    const tar = archive(pax(...TIMES), rawMember({ mtime: 7 }, mixture(3000)));
    const whole = packed(tar);
    for (let at = 0; at < whole.length; at += 5) {
      await expectSame(tar, { ...SET, forms }, () => whole.map((byte, i) => (i === at ? byte ^ 4 : byte)));
      expect(await expectSame(tar, { ...SET, forms }, () => whole.subarray(0, at))).toBe("refused");
    }
    expect(await expectSame(tar, { ...SET, forms }, () => concat([whole, bytes("x")]))).toBe("refused");
  });
});

const arbitraryTime = fc.oneof(
  fc.integer({ min: -5, max: 3000 }).map(String),
  fc.tuple(fc.integer({ min: 0, max: 3000 }), fc.nat(999_999_999)).map(([whole, part]) => `${whole}.${part}`),
  fc.constantFrom(
    "",
    "1000.0",
    "1000.00000000000000000001",
    "0123456789012345678901234567890.",
    "-0",
    "00007",
  ),
);
const arbitraryRecord: fc.Arbitrary<RawRecord> = fc.oneof(
  fc.tuple(fc.constantFrom("mtime", "atime", "ctime", "LIBARCHIVE.creationtime"), arbitraryTime),
  fc.tuple(fc.constantFrom("SCHILY.xattr.user.a", "comment"), fc.uint8Array({ maxLength: 1200 })),
  fc.tuple(fc.constantFrom("path", "linkpath", "uname"), fc.stringMatching(/^[a-zé/]{0,200}$/)),
  fc.tuple(fc.constantFrom("uid", "gid"), fc.nat().map(String)),
);
const arbitraryParts = fc
  .record({
    records: fc.option(fc.array(arbitraryRecord, { maxLength: 6 }), { nil: undefined }),
    long: fc.option(fc.string({ minLength: 101, maxLength: 1300 }), { nil: undefined }),
    global: fc.option(fc.tuple(fc.constantFrom("mtime", "comment"), fc.constantFrom("5", "7.5", "")), {
      nil: undefined,
      freq: 5,
    }),
    format: fc.constantFrom("ustar" as const, "gnu" as const, "v7" as const),
    type: fc.constantFrom("0", "0", "0", "\0", "1", "2", "5", "7", "V"),
    mtime: fc.nat(3000),
    times: fc.option(fc.nat(3000), { nil: undefined }),
    body: fc.uint8Array({ maxLength: 1500 }),
  })
  .map(({ records, long, global, format, type, mtime, times, body }) =>
    concat([
      ...(global ? [rawPax([global], { type: "g", mtime })] : []),
      ...(long ? [rawMember({ type: "K", format: "gnu", mtime }, long)] : []),
      ...(records ? [rawPax(records, { mtime })] : []),
      rawMember(
        { format, type, mtime, ...(format === "gnu" && times ? { atime: times, ctime: times } : {}) },
        ["0", "\0", "7", "V"].includes(type) ? body : "",
      ),
    ]),
  );
const arbitraryTar = fc
  .tuple(fc.array(arbitraryParts, { maxLength: 5 }), fc.constantFrom(0, 512, 1024, 1500, 10_240))
  .map(([parts, zeros]) => concat([...parts, new Uint8Array(zeros)]));
const arbitraryOptions = fc.record({
  seconds: fc.constantFrom(0, 9, 1000, 1_700_000_000),
  clamp: fc.boolean(),
});
const arbitrarySizes = fc.array(fc.integer({ min: 1, max: 1500 }), { minLength: 1, maxLength: 8 });

describe("for any archive a rewrite in one pass does what the steps do", () => {
  test("however it is cut", async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryTar, arbitraryOptions, arbitrarySizes, async (tar, options, sizes) => {
        await expectSame(tar, { ...options, sizes });
      }),
      { numRuns: 150 },
    );
  });

  test("when bytes of it are changed, checksums made right again", async () => {
    const changes = fc.array(
      fc.tuple(fc.nat(), fc.constantFrom(0, 10, 32, 47, 48, 55, 61, 83, 103, 120, 128, 255)),
      {
        minLength: 1,
        maxLength: 4,
      },
    );
    const forms = [{ input: "none", output: "none" }] as const;
    await fc.assert(
      fc.asyncProperty(
        arbitraryTar,
        changes,
        fc.boolean(),
        arbitraryOptions,
        async (tar, changes, fix, options) => {
          const changed = tar.slice();
          for (const [place, byte] of changes) {
            if (changed.length === 0) break;
            const at = place % changed.length;
            changed[at] = byte;
            const block = at - (at % 512);
            // Payloads have no checksum; what looks like a header gets a right one.
            if (fix && changed[block + 155] === 32) withChecksum(changed.subarray(block, block + 512));
          }
          await expectSame(changed, { ...options, forms, mayRefuse: true });
        },
      ),
      { numRuns: 1500 },
    );
  });
});

test("a rewriter does not go on after its end, a refusal or its release", async () => {
  const kernels = wasmKernels(await kernelModule());
  const make = () => kernels.rewriter?.({ ...SET, input: "none", output: "none" });
  const [ended, refused, released] = [make(), make(), make()];
  Array.from(ended?.end() ?? []);
  expect(() => Array.from(refused?.write(new Uint8Array(512).fill(1)) ?? [])).toThrow();
  released?.release();
  for (const rewriter of [ended, refused, released]) {
    expect(() => Array.from(rewriter?.write(Uint8Array.of(1)) ?? [])).toThrow(
      expect.objectContaining({ code: "INTERNAL" }),
    );
  }
});

test("rewriters in turn on one instance leave nothing to each other", async () => {
  const kernels = wasmKernels(await kernelModule());
  const tar = archive(pax(...TIMES), member());
  const options = { ...SET, input: "gzip", output: "gzip" } as const;
  const expected = inOnePass(kernels, packed(tar), options, [1000]);
  const disturbances = [
    pax(...TIMES),
    member().slice(0, 700),
    archive(rawPax([["mtime", "5"]], { type: "g" })),
  ];
  for (const other of disturbances) {
    inOnePass(kernels, packed(other), options, [1000]);
    expect(inOnePass(kernels, packed(tar), options, [1000])).toEqual(expected);
  }
});

test("a bomb comes out a chunk at a time", async () => {
  const kernels = wasmKernels(await kernelModule());
  const rewriter = kernels.rewriter?.({ ...SET, input: "gzip", output: "none" });
  const bomb = packed(rawMember({}, new Uint8Array(20 << 20)));
  const lengths: number[] = [];
  for (const view of rewriter?.write(bomb) ?? []) lengths.push(view.length);
  rewriter?.release();
  expect(Math.max(...lengths)).toBe(1 << 20);
});

test("memory does not grow", async () => {
  const { kernels } = await kernelInstance();
  const before = kernels.memory.buffer;
  inOnePass(
    wasmKernels(await kernelModule()),
    archive(member()),
    { ...SET, input: "none", output: "gzip" },
    [100],
  );
  expect(kernels.memory.buffer).toBe(before);
});

function globals(): Uint8Array {
  const global = (...records: RawRecord[]) => rawPax(records, { type: "g", mtime: 4 });
  return archive(
    global(["comment", "a"]),
    global(["mtime", "7.5"]),
    member("a"),
    global(["mtime", ""]),
    member("b"),
  );
}

function gnuLong(): Uint8Array {
  const long = (type: string, text: string) =>
    rawMember({ name: "././@LongLink", type, format: "gnu", mtime: 9 }, `${text}\0`);
  return archive(
    long("K", "l".repeat(300)),
    long("L", "n".repeat(600)),
    rawMember({ name: "n", format: "gnu", mtime: 9, type: "2", linkname: "l" }),
    long("L", "n".repeat(2000)),
    member(),
  );
}

function base256(): Uint8Array {
  const size = Uint8Array.of(0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x58);
  const block = rawHeader({ format: "gnu", size });
  block.set([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xf0], 136);
  return concat([withChecksum(block), padded(noise(600))]);
}

function withField(block: Uint8Array, at: number, text: string): Uint8Array {
  block.set(bytes(text), at);
  return withChecksum(block);
}
