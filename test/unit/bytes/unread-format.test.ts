/** What people bring that is no tar: it is called by its name, by whoever reads it. */
import { expect, it } from "vitest";
import { verifyFile } from "../../../src/bundle/verify-file.ts";
import { bytesSlices } from "../../../src/bytes/slices.ts";
import { memorySpool } from "../../../src/bytes/spool.ts";
import { concat, streamOf } from "../../../src/bytes/stream.ts";
import { fallbackKernels } from "../../../src/kernel/fallback.ts";
import { spoolTar } from "../../../src/tar/spool-tar.ts";
import { indexTar } from "../../../src/tar/tar-index.ts";
import { memoryHost } from "../../memory-host.ts";
import { archive, bytes, rawMember } from "../tar/raw.ts";

const kernels = await fallbackKernels();
const host = await memoryHost();

const FORMATS: readonly (readonly [name: string, magic: readonly number[], hint: string])[] = [
  ["is compressed with xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0], "`xz -d`"],
  ["is compressed with bzip2", [...bytes("BZh9")], "`bzip2 -d`"],
  ["is compressed with lz4", [4, 0x22, 0x4d, 0x18], "`lz4 -d`"],
  ["is compressed with lz4", [2, 0x21, 0x4c, 0x18], "`lz4 -d`"],
  ["is compressed with compress", [0x1f, 0x9d, 0x90], "`gzip -d`"],
  ["is compressed with lzip", [...bytes("LZIP")], "`lzip -d`"],
  ["is compressed with lzma", [0x5d, 0, 0, 0x80], "`xz -d"],
  ["is a zip archive", [...bytes("PK\x03\x04")], "`unzip`"],
  ["is a zip archive", [...bytes("PK\x05\x06")], "`unzip`"],
  ["is a 7z archive", [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c], "`7z x`"],
];

it.each(FORMATS)("what %s is said to be that, be it short or long (%j)", async (is, magic, hint) => {
  for (const size of [magic.length, 100, 600, 5_000]) {
    const file = concat([Uint8Array.from(magic), new Uint8Array(size - magic.length).fill(0xa7)]);
    const expected = {
      code: "TAR_INVALID",
      message: `Cannot read tar archive: it ${is}, which is not read here`,
      hint: expect.stringContaining(hint),
    };
    await expect(indexTar(bytesSlices(file), kernels)).rejects.toMatchObject(expected);
    await expect(spoolTar(streamOf(file), memorySpool(1 << 20), kernels)).rejects.toMatchObject(expected);
    const { outcome, checks } = await verifyFile(bytesSlices(file), host);
    expect([outcome, JSON.stringify(checks)]).toEqual(["failed", expect.stringContaining(`it ${is}, which`)]);
  }
});

it("a tar whose first name begins like one of them is a tar", async () => {
  const tar = archive(rawMember({ name: "BZh9" }, "x"), rawMember({ name: "PK\x03\x04" }));
  expect((await indexTar(bytesSlices(tar), kernels)).names()).toEqual(["BZh9", "PK\x03\x04"]);
});
