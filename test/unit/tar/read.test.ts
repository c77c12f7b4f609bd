import fc from "fast-check";
import { expect, it } from "vitest";
import { concat, streamOf } from "../../../src/bytes/stream.ts";
import { verified } from "../../../src/bytes/verified.ts";
import { fallbackKernels } from "../../../src/kernel/fallback.ts";
import { parseDigest } from "../../../src/oci/digest.ts";
import { MAX_PAX_SIZE } from "../../../src/tar/pax.ts";
import { readTar, type TarEntry } from "../../../src/tar/read.ts";
import { archive, bytes, chunked, padded, rawHeader, rawMember, rawPax, readAll, text } from "./raw.ts";

const kernels = await fallbackKernels();

async function entriesOf(tar: Uint8Array, sizes = [4096]) {
  const entries: (Omit<TarEntry, "body"> & { content: string })[] = [];
  for await (const { body, ...header } of readTar(chunked(tar, sizes), kernels)) {
    entries.push({ ...header, content: text(await readAll(body)) });
  }
  return entries;
}

const codeOf = (tar: Uint8Array) =>
  entriesOf(tar).then(
    () => "none",
    (error) => error.code,
  );

it("reads ustar members with all their fields", async () => {
  const tar = archive(
    rawMember(
      {
        name: "b.txt",
        prefix: "some/dir",
        mode: "0000755\0",
        uid: "0001750\0",
        gid: "0000144\0",
        mtime: 1e9,
        uname: "me",
        gname: "us",
      },
      "hello",
    ),
    rawMember({ name: "d/", type: "5" }),
    rawMember({ name: "s", type: "2", linkname: "b.txt" }),
    rawMember({ name: "h", type: "1", linkname: "b.txt" }),
    rawMember({ name: "f", type: "6" }),
  );
  const [file, directory, symlink, hardlink, fifo] = await entriesOf(tar);
  expect(file).toEqual({
    name: "some/dir/b.txt",
    type: "file",
    size: 5,
    mode: 0o755,
    uid: 1000,
    gid: 100,
    uname: "me",
    gname: "us",
    mtime: 1e9,
    linkname: "",
    devmajor: 0,
    devminor: 0,
    pax: new Map(),
    content: "hello",
  });
  expect([directory, symlink, hardlink, fifo].map((entry) => [entry?.type, entry?.linkname])).toEqual([
    ["directory", ""],
    ["symlink", "b.txt"],
    ["hardlink", "b.txt"],
    ["fifo", ""],
  ]);
});

it("reads v7 archives, where a directory is a name that ends in a slash", async () => {
  const tar = archive(
    rawMember({ name: "d/", type: "\0", format: "v7" }),
    rawMember({ name: "d/f", type: "\0", format: "v7" }, "x"),
  );
  expect((await entriesOf(tar)).map(({ name, type, content }) => [name, type, content])).toEqual([
    ["d/", "directory", ""],
    ["d/f", "file", "x"],
  ]);
});

it("reads GNU long names and long links", async () => {
  const name = `${"n".repeat(300)}/file`;
  const link = "l".repeat(700);
  const tar = archive(
    rawMember({ name: "././@LongLink", type: "K", format: "gnu" }, `${link}\0`),
    rawMember({ name: "././@LongLink", type: "L", format: "gnu" }, `${name}\0`),
    rawMember({ name: name.slice(0, 100), type: "2", linkname: link.slice(0, 100), format: "gnu" }),
    rawMember({ name: "next", format: "gnu" }),
  );
  expect((await entriesOf(tar)).map((entry) => [entry.name, entry.linkname])).toEqual([
    [name, link],
    ["next", ""],
  ]);
});

it("does not take the GNU dialect's times for a ustar prefix", async () => {
  const [entry] = await entriesOf(archive(rawMember({ name: "f", format: "gnu", atime: 5, ctime: 6 })));
  expect(entry?.name).toBe("f");
});

it("applies PAX records to the member they precede, and to no other", async () => {
  const tar = archive(
    rawPax([
      ["path", "ünï/çødé"],
      ["uid", "3000000000"],
      ["gid", "12"],
      ["uname", "Ü"],
      ["gname", "Ğ"],
      ["mtime", "1700000000.25"],
    ]),
    rawMember({ name: "short", uname: "u" }, "1"),
    rawMember({ name: "plain", uname: "u" }, "2"),
    rawPax([["linkpath", "a\nb=c"]]),
    rawMember({ name: "link", type: "2", linkname: "x" }),
  );
  const [first, second, third] = await entriesOf(tar);
  expect(first).toMatchObject({
    name: "ünï/çødé",
    uid: 3e9,
    gid: 12,
    uname: "Ü",
    gname: "Ğ",
    mtime: 1700000000.25,
  });
  expect(second).toMatchObject({ name: "plain", uid: 0, uname: "u", pax: new Map() });
  expect(third).toMatchObject({ name: "link", linkname: "a\nb=c" });
});

it("keeps extended attributes as bytes, in order", async () => {
  const capability = Uint8Array.of(1, 0, 0, 2, 0xff, 0x0a, 0x3d, 0);
  const tar = archive(
    rawPax([
      ["SCHILY.xattr.user.b", "2"],
      ["SCHILY.xattr.security.capability", capability],
      ["SCHILY.xattr.user.a", "1"],
      ["SCHILY.xattr.user.empty", ""],
    ]),
    rawMember({}, "x"),
  );
  const [entry] = await entriesOf(tar);
  expect([...(entry?.pax ?? [])]).toEqual([
    ["SCHILY.xattr.user.b", bytes("2")],
    ["SCHILY.xattr.security.capability", capability],
    ["SCHILY.xattr.user.a", bytes("1")],
    ["SCHILY.xattr.user.empty", bytes("")],
  ]);
});

it("applies global records to all that follows; a member's own win, an empty value takes one away", async () => {
  const tar = archive(
    rawPax(
      [
        ["comment", "c"],
        ["uname", "everyone"],
        ["gname", "all"],
      ],
      { type: "g" },
    ),
    rawMember({ name: "a" }),
    rawPax([
      ["uname", "me"],
      ["gname", ""],
    ]),
    rawMember({ name: "b", gname: "field" }),
    rawMember({ name: "c" }),
  );
  const owners = (await entriesOf(tar)).map(({ uname, gname }) => [uname, gname]);
  expect(owners).toEqual([
    ["everyone", "all"],
    ["me", "field"],
    ["everyone", "all"],
  ]);
});

it("takes the last of two records of one keyword", async () => {
  const [entry] = await entriesOf(
    archive(
      rawPax([
        ["path", "first"],
        ["path", "last"],
      ]),
      rawMember({}),
    ),
  );
  expect(entry?.name).toBe("last");
});

it("takes a PAX size for the body, whatever the header says", async () => {
  const tar = archive(
    rawPax([["size", "3"]]),
    concat([rawHeader({ size: 0 }), padded("abc")]),
    rawMember({ name: "after" }),
  );
  expect((await entriesOf(tar)).map(({ name, content }) => [name, content])).toEqual([
    ["file", "abc"],
    ["after", ""],
  ]);
});

it("reads no body for what has none, whatever size its header shows", async () => {
  const tar = archive(
    rawHeader({ name: "d", type: "5", size: 4096 }),
    rawHeader({ name: "h", type: "1", linkname: "x", size: 4096 }),
    rawHeader({ name: "s", type: "2", linkname: "x", size: 4096 }),
    rawMember({ name: "after" }),
  );
  expect((await entriesOf(tar)).map(({ name, size }) => [name, size])).toEqual([
    ["d", 0],
    ["h", 0],
    ["s", 0],
    ["after", 0],
  ]);
});

it("gives the same whatever the chunks are", async () => {
  const tar = archive(
    rawPax([
      ["path", "p".repeat(1500)],
      ["mtime", "1.5"],
    ]),
    rawMember({ name: "x" }, "body ".repeat(300)),
    rawMember({ name: "L", type: "L", format: "gnu" }, `${"q".repeat(600)}\0`),
    rawMember({ name: "y" }, "z".repeat(512)),
    rawMember({ name: "empty" }),
  );
  const expected = await entriesOf(tar, [tar.length]);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 1200 }), { minLength: 1 }), async (sizes) => {
      expect(await entriesOf(tar, sizes)).toEqual(expected);
    }),
    { numRuns: 50 },
  );
});

it("passes over bodies that are not read, or only in part", async () => {
  const tar = archive(
    rawMember({ name: "a" }, "1".repeat(5000)),
    rawMember({ name: "b" }, "2".repeat(5000)),
    rawMember({ name: "c" }),
  );
  const names: string[] = [];
  for await (const { name, body } of readTar(chunked(tar, [700]), kernels)) {
    names.push(name);
    if (name === "b") {
      const reader = body.getReader();
      await reader.read();
      await reader.cancel();
    }
  }
  expect(names).toEqual(["a", "b", "c"]);
});

it("fails a body that is read after its turn instead of giving another's bytes", async () => {
  const tar = archive(rawMember({ name: "a" }, "1".repeat(600)), rawMember({ name: "b" }, "2".repeat(600)));
  const entries: TarEntry[] = [];
  for await (const entry of readTar(chunked(tar, [512]), kernels)) entries.push(entry);
  await expect(readAll((entries[0] as TarEntry).body)).rejects.toMatchObject({ code: "INTERNAL" });
});

it("cancels the source when the reader stops early", async () => {
  let cancelled = false;
  const source = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(rawMember({}, "x".repeat(512))),
    cancel: () => {
      cancelled = true;
    },
  });
  for await (const _ of readTar(source, kernels)) break;
  expect(cancelled).toBe(true);
});

it("reads on behind the end marker, so that a checked stream gets to its verdict", async () => {
  const tar = concat([archive(rawMember({}, "x")), new Uint8Array(9000)]);
  const wrong = { digest: parseDigest(`sha256:${"0".repeat(64)}`), size: tar.length };
  const reading = async () => {
    for await (const _ of readTar(verified(chunked(tar, [512]), wrong, kernels), kernels));
  };
  await expect(reading()).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
});

it("ignores what follows the end marker", async () => {
  const tar = concat([archive(rawMember({ name: "a" })), rawMember({ name: "hidden" }), bytes("junk")]);
  expect((await entriesOf(tar)).map(({ name }) => name)).toEqual(["a"]);
});

it("takes an archive without end marker if it ends behind a member", async () => {
  const member = rawMember({ name: "a" }, "x");
  expect(await entriesOf(member)).toHaveLength(1);
  expect(await entriesOf(concat([member, new Uint8Array(512)]))).toHaveLength(1);
  expect(await entriesOf(new Uint8Array(0))).toEqual([]);
});

it("says TAR_TRUNCATED wherever else an archive ends", async () => {
  const pax = rawPax([["path", "p"]]);
  const whole = concat([pax, rawMember({}, "x".repeat(700))]);
  for (const length of [
    1,
    511,
    512,
    600,
    pax.length,
    pax.length + 100,
    pax.length + 512,
    pax.length + 1000,
    whole.length - 1,
  ]) {
    expect([length, await codeOf(whole.slice(0, length))]).toEqual([length, "TAR_TRUNCATED"]);
  }
});

it("fails the body itself where the archive ends in it", async () => {
  const whole = rawMember({}, "x".repeat(700)).slice(0, 900);
  const reading = async () => {
    for await (const { body } of readTar(streamOf(whole), kernels)) await readAll(body);
  };
  await expect(reading()).rejects.toMatchObject({ code: "TAR_TRUNCATED" });
});

it("says TAR_INVALID, naming the place, on a wrong checksum", async () => {
  const tar = archive(rawMember({ name: "a" }, "x"), rawMember({ name: "b" }));
  tar[1024] = 0x7a;
  await expect(entriesOf(tar)).rejects.toMatchObject({
    code: "TAR_INVALID",
    message: expect.stringContaining("byte 1024"),
  });
});

it("refuses sparse files of both kinds", async () => {
  expect(await codeOf(archive(rawMember({ type: "S", format: "gnu" })))).toBe("UNSUPPORTED");
  expect(await codeOf(archive(rawPax([["GNU.sparse.major", "1"]]), rawMember({})))).toBe("UNSUPPORTED");
  // Who consumes an image did not pack it.
  const sparse = archive(rawMember({ type: "S", format: "gnu" }));
  await expect(entriesOf(sparse)).rejects.toMatchObject({
    hint: expect.stringMatching(/who packed it.*without --sparse/),
  });
});

it("reads sizes of 8 GiB and more, PAX and base-256, without reading the bodies into memory", async () => {
  const size = 9 * 2 ** 30;
  const base256 = new Uint8Array(12);
  base256[0] = 0x80;
  new DataView(base256.buffer).setBigUint64(4, BigInt(size));
  const heads = [
    concat([rawPax([["size", String(size)]]), rawHeader({ name: "pax", size: 0 })]),
    rawHeader({ name: "gnu", size: base256, format: "gnu" }),
  ];
  const zeros = new Uint8Array(16 * 2 ** 20);
  const source = (function* () {
    for (const head of heads) {
      yield head;
      for (let left = size; left > 0; left -= zeros.length) yield zeros;
    }
    yield new Uint8Array(1024);
  })();
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      const { done, value } = source.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
  });
  const sizes: [string, number][] = [];
  for await (const { name, size } of readTar(stream, kernels)) sizes.push([name, size]);
  expect(sizes).toEqual([
    ["pax", size],
    ["gnu", size],
  ]);
});

it("reads an extended header up to its limit", async () => {
  const value = "v".repeat(MAX_PAX_SIZE - 30);
  const [entry] = await entriesOf(archive(rawPax([["SCHILY.xattr.user.x", value]]), rawMember({})));
  expect(entry?.pax.get("SCHILY.xattr.user.x")?.length).toBe(value.length);
});
