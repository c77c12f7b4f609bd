import fc from "fast-check";
import { expect, it } from "vitest";
import { concat, streamFrom, streamOf } from "../../../src/bytes/stream.ts";
import { fallbackKernels } from "../../../src/kernel/fallback.ts";
import { encodeHeader } from "../../../src/tar/encode.ts";
import { readTar, type TarEntry } from "../../../src/tar/read.ts";
import { type TarMember, writeTar } from "../../../src/tar/write.ts";
import { archive, bytes, chunked, rawMember, rawPax, readAll, text } from "./raw.ts";

const kernels = await fallbackKernels();

const written = (...members: TarMember[]) => readAll(writeTar(members, kernels));
const file = (name: string, content: string, more: Partial<TarMember> = {}): TarMember => ({
  name,
  size: bytes(content).length,
  body: streamOf(bytes(content)),
  ...more,
});

async function readBack(tar: Uint8Array) {
  const entries: (Omit<TarEntry, "body"> & { content: string })[] = [];
  for await (const { body, ...header } of readTar(streamOf(tar), kernels)) {
    entries.push({ ...header, content: text(await readAll(body)) });
  }
  return entries;
}

it("writes plain ustar, two zero blocks and no record padding", async () => {
  const tar = await written(
    file("a.txt", "hello", { mode: 0o755, mtime: 7, uid: 1000, gid: 100, uname: "me", gname: "us" }),
    { name: "d/", type: "directory", mode: 0o755 },
    { name: "l", type: "symlink", linkname: "a.txt", mode: 0o777 },
  );
  const expected = archive(
    rawMember(
      {
        name: "a.txt",
        mode: "0000755\0",
        mtime: 7,
        uid: "0001750\0",
        gid: "0000144\0",
        uname: "me",
        gname: "us",
      },
      "hello",
    ),
    rawMember({ name: "d/", type: "5", mode: "0000755\0" }),
    rawMember({ name: "l", type: "2", linkname: "a.txt", mode: "0000777\0" }),
  );
  expect(tar).toEqual(expected);
});

it("splits a long name at a slash before it needs PAX", async () => {
  const name = `${"d".repeat(120)}/${"f".repeat(99)}`;
  const header = encodeHeader({ name }, kernels);
  expect(header.length).toBe(512);
  expect((await readBack(concat([header, new Uint8Array(1024)])))[0]?.name).toBe(name);
});

it("writes names of every length so that they read back", async () => {
  for (let length = 90; length < 270; length++) {
    for (const name of [
      "n".repeat(length),
      `${"d".repeat(length - 40)}/${"f".repeat(39)}`,
      `${"p/".repeat(length)}x`,
    ]) {
      const [entry] = await readBack(await written({ name }));
      expect(entry?.name).toBe(name);
    }
  }
});

it("puts in PAX what ustar cannot hold, fields first and in one order, the rest by keyword", async () => {
  const pax = new Map([
    ["SCHILY.xattr.user.b", bytes("2")],
    ["SCHILY.xattr.user.a", Uint8Array.of(0, 255)],
    ["path", bytes("stale")],
  ]);
  const header = encodeHeader(
    {
      name: "é",
      type: "symlink",
      linkname: "l".repeat(101),
      uid: 3_000_000,
      gid: 3_000_001,
      uname: "u".repeat(32),
      gname: "ğ",
      mtime: -1.5,
      pax,
    },
    kernels,
  );
  const expected = rawPax([
    ["path", "é"],
    ["linkpath", "l".repeat(101)],
    ["uid", "3000000"],
    ["gid", "3000001"],
    ["uname", "u".repeat(32)],
    ["gname", "ğ"],
    ["mtime", "-1.5"],
    ["SCHILY.xattr.user.a", Uint8Array.of(0, 255)],
    ["SCHILY.xattr.user.b", "2"],
  ]);
  expect(text(header.slice(512, -512))).toBe(text(expected.slice(512)));
  expect(text(header.slice(0, 15))).toBe("././@PaxHeader\0");
});

it("keeps a member's nanoseconds, which a number cannot hold", async () => {
  const tar = archive(rawPax([["mtime", "1700000000.123456789"]]), rawMember({}));
  const [entry] = await readBack(tar);
  const [again] = await readBack(await written(entry as TarMember));
  expect(text(again?.pax.get("mtime") as Uint8Array)).toBe("1700000000.123456789");
  const [changed] = await readBack(await written({ ...(entry as TarMember), mtime: 1.5 }));
  expect(changed?.mtime).toBe(1.5);
});

it("puts a size of 8 GiB and more in a PAX record", () => {
  const size = 2 ** 33;
  expect(encodeHeader({ name: "f", size: size - 1 }, kernels).length).toBe(512);
  const header = encodeHeader({ name: "f", size }, kernels);
  expect(text(header.slice(512, 600))).toContain("19 size=8589934592\n");
});

it("writes what was read, read back the same, for any members", async () => {
  const name = fc.stringMatching(/^[a-z/é.]{1,150}$/);
  const member = fc.record({
    name,
    type: fc.constantFrom(
      "file" as const,
      "symlink" as const,
      "hardlink" as const,
      "directory" as const,
      "fifo" as const,
    ),
    mode: fc.nat(0o7777),
    uid: fc.nat(2 ** 30),
    gid: fc.nat(2 ** 30),
    uname: fc.stringMatching(/^[a-zü]{0,40}$/),
    gname: fc.stringMatching(/^[a-zü]{0,40}$/),
    mtime: fc.oneof(
      fc.nat(2 ** 31),
      fc.nat(1000).map((n) => n + 0.25),
    ),
    linkname: name,
    content: fc.string({ maxLength: 1200 }),
    xattrs: fc.dictionary(
      fc.stringMatching(/^[a-z]{1,9}$/),
      fc.uint8Array({ minLength: 1, maxLength: 600 }),
      { maxKeys: 3 },
    ),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(member, { maxLength: 4 }), async (members) => {
      const given = members.map(({ content, xattrs, ...header }) => ({
        ...header,
        ...file(header.name, header.type === "file" ? content : "", {
          linkname: header.type === "symlink" || header.type === "hardlink" ? header.linkname : "",
        }),
        pax: new Map(
          Object.entries(xattrs).map(([key, value]) => [`SCHILY.xattr.user.${key}`, value] as const),
        ),
      }));
      const tar = await written(...given);
      const back = await readBack(tar);
      for (const [index, { body: _, pax, ...header }] of given.entries()) {
        expect(back[index]).toMatchObject(header);
        for (const [key, value] of pax) expect(back[index]?.pax.get(key)).toEqual(value);
      }
      expect(await readAll(writeTar(readTar(chunked(tar, [333]), kernels), kernels))).toEqual(tar);
    }),
    { numRuns: 60 },
  );
});

it("fails where a body has not the size it was announced with", async () => {
  for (const size of [4, 6]) {
    await expect(written(file("f", "hello", { size }))).rejects.toMatchObject({ code: "SIZE_MISMATCH" });
  }
  await expect(written({ name: "f", size: 1 })).rejects.toMatchObject({ code: "SIZE_MISMATCH" });
});

it("refuses what no header can say", async () => {
  const wrong: TarMember[] = [
    { name: "" },
    { name: "a\0b" },
    { name: "a", type: "symlink", linkname: "b\0" },
    { name: "a", uid: -1 },
    { name: "a", gid: 0.5 },
    { name: "a", type: "other" },
    { name: "a", mode: 2 ** 40 },
  ];
  for (const member of wrong) await expect(written(member)).rejects.toMatchObject({ code: "TAR_INVALID" });
});

it("asks for members and bodies only as they are needed", async () => {
  let made = 0;
  const members = (function* () {
    for (;;) {
      made++;
      yield file(`f${made}`, "x");
    }
  })();
  const reader = writeTar(members, kernels).getReader();
  await reader.read();
  expect(made).toBe(1);
  await reader.cancel();
});

it("passes on the error of a body", async () => {
  const body = streamFrom(
    // biome-ignore lint/correctness/useYield: it fails before it gives anything
    (function* (): Generator<Uint8Array> {
      throw new Error("the line went dead");
    })(),
  );
  await expect(written({ name: "f", size: 1, body })).rejects.toThrow("the line went dead");
});
