/** Archives made to fill the memory, or to look different to different readers. */
import { expect, it } from "vitest";
import { concat, streamFrom, streamOf } from "../../src/bytes/stream.ts";
import { fallbackKernels } from "../../src/kernel/fallback.ts";
import { MAX_PAX_SIZE } from "../../src/tar/pax.ts";
import { readTar } from "../../src/tar/read.ts";
import { archive, bytes, padded, rawHeader, rawMember, rawPax } from "../unit/tar/raw.ts";

const kernels = await fallbackKernels();

async function refusal(tar: Uint8Array): Promise<string> {
  try {
    for await (const _ of readTar(streamOf(tar), kernels));
    return "none";
  } catch (error) {
    return (error as { code: string }).code;
  }
}

const paxHeader = (payload: string) => archive(rawMember({ name: "x", type: "x" }, payload), rawMember({}));

it("extended header bomb: a PAX size over the limit is refused before it is read", async () => {
  let read = 0;
  const stream = streamFrom(
    (function* () {
      yield rawHeader({ type: "x", size: MAX_PAX_SIZE + 1 });
      for (;;) {
        read++;
        yield new Uint8Array(65536);
      }
    })(),
  );
  await expect(readTar(stream, kernels).next()).rejects.toMatchObject({ code: "LIMIT_EXCEEDED" });
  expect(read).toBe(0);
});

it("long name bomb: a GNU long name over the limit is refused", async () => {
  expect(await refusal(rawHeader({ type: "L", size: 2 ** 32, format: "gnu" }))).toBe("LIMIT_EXCEEDED");
});

it("global header bomb: many global headers, each under the limit, are refused together", async () => {
  const globals = Array.from({ length: 5 }, (_, index) =>
    rawPax([[`comment${index}`, "c".repeat(MAX_PAX_SIZE / 4)]], { type: "g" }),
  );
  expect(await refusal(archive(...globals.slice(0, 3), rawMember({})))).toBe("none");
  expect(await refusal(archive(...globals, rawMember({})))).toBe("LIMIT_EXCEEDED");
});

it("global size: a size for every member is refused, as only some readers apply it", async () => {
  for (const key of ["size", "path", "linkpath"]) {
    expect(await refusal(archive(rawPax([[key, "512"]], { type: "g" }), rawMember({})))).toBe("TAR_INVALID");
  }
});

it("desynchronised size: an inner archive between the header's size and the PAX size stays content", async () => {
  const inner = archive(rawMember({ name: "inner" }, "evil"));
  const tar = archive(
    rawPax([["size", String(inner.length)]]),
    concat([rawHeader({ name: "outer", size: 0 }), padded(inner)]),
    rawMember({ name: "last" }),
  );
  const names: string[] = [];
  for await (const { name } of readTar(streamOf(tar), kernels)) names.push(name);
  expect(names).toEqual(["outer", "last"]);
});

it("PAX size over an extended header: a record does not change the size of a long name that follows", async () => {
  const tar = archive(
    rawPax([["size", "1024"]]),
    rawMember({ type: "L", format: "gnu" }, "name\0"),
    concat([rawHeader({ size: 0 }), new Uint8Array(1024).fill(65)]),
  );
  const seen: [string, number][] = [];
  for await (const { name, size } of readTar(streamOf(tar), kernels)) seen.push([name, size]);
  expect(seen).toEqual([["name", 1024]]);
});

it("two names: a member named twice by extended headers is refused", async () => {
  const twice = (type: string) => [
    rawMember({ type, format: "gnu" as const }, "a\0"),
    rawMember({ type, format: "gnu" as const }, "b\0"),
  ];
  expect(await refusal(archive(...twice("L"), rawMember({})))).toBe("TAR_INVALID");
  expect(await refusal(archive(...twice("K"), rawMember({})))).toBe("TAR_INVALID");
  const pax = rawPax([["path", "p"]]);
  expect(await refusal(archive(pax, pax, rawMember({})))).toBe("TAR_INVALID");
  expect(await refusal(archive(pax, rawMember({ type: "L" }, "a\0"), rawMember({})))).toBe("TAR_INVALID");
});

it("late global header: one between an extended header and its member is refused", async () => {
  const tar = archive(rawPax([["path", "p"]]), rawPax([["comment", "c"]], { type: "g" }), rawMember({}));
  expect(await refusal(tar)).toBe("TAR_INVALID");
});

it("lone zero block: members behind it, which some readers see and some do not, are refused", async () => {
  expect(await refusal(concat([rawMember({}), new Uint8Array(512), archive(rawMember({}))]))).toBe(
    "TAR_INVALID",
  );
});

it("orphan: an extended header before the end marker is refused", async () => {
  expect(await refusal(archive(rawPax([["path", "p"]])))).toBe("TAR_INVALID");
});

it("directory with a body: a v7 directory whose header hides one is refused", async () => {
  expect(await refusal(archive(rawMember({ name: "d/", type: "\0", format: "v7" }, "x")))).toBe(
    "TAR_INVALID",
  );
});

it("NUL in a PAX name: a name that C readers would cut short is refused", async () => {
  for (const key of ["path", "linkpath", "uname", "gname"]) {
    expect(await refusal(archive(rawPax([[key, "a\0b"]]), rawMember({})))).toBe("TAR_INVALID");
  }
});

it("malformed PAX records are refused", async () => {
  const payloads = [
    "nonsense",
    "path=x\n",
    " 9 path=x\n",
    "-9 path=x\n",
    "999 path=x\n",
    "0 path=x\n",
    "3 \n",
    "8 path=x\n",
    "10 path=xyz",
    "9 =value\n",
    "8 noval\n",
    "1e1 pat=x\n",
    "99999999999999999999 path=x\n",
    "12 size=-1\n",
    "13 size=0x1\n",
    "29 size=99999999999999999999\n",
    "13 mtime=abc\n",
    "13 mtime=1e9\n",
    "11 mtime=.\n",
  ];
  for (const payload of payloads) {
    const sized = payload.replace(/^1[123]|^29/, () => String(payload.length));
    expect([payload, await refusal(paxHeader(sized))]).toEqual([payload, "TAR_INVALID"]);
  }
});

it("negative size: a base-256 size below zero is refused", async () => {
  const tar = archive(rawHeader({ size: new Uint8Array(12).fill(0xff), format: "gnu" }));
  expect(await refusal(tar)).toBe("TAR_INVALID");
});

it("corrupt bytes never hang or crash: each flipped byte reads or is refused with a code", async () => {
  const tar = archive(
    rawPax([
      ["path", "some/name"],
      ["mtime", "1.5"],
    ]),
    rawMember({}, "content"),
  );
  for (let at = 0; at < tar.length; at += 3) {
    const damaged = tar.slice();
    damaged[at] = (damaged[at] as number) ^ 0x55;
    expect(await refusal(damaged)).toMatch(/^(none|[A-Z_]+)$/);
  }
  expect(await refusal(bytes("this is no archive at all, but long enough for one block".repeat(20)))).toBe(
    "TAR_INVALID",
  );
});
