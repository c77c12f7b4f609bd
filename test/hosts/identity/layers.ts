/** Layers that are hard to write the same everywhere, made byte by byte and the same for ever. */
import { concat } from "../../../src/bytes/stream.ts";
import { GZIP_CHUNK_SIZE } from "../../../src/kernel/kernels.ts";
import { mixture, noise, prose, randomNumbers } from "../../contract/kernels-data.ts";
import { archive, bytes, rawMember, rawPax } from "../../unit/tar/raw.ts";

/** Each layer's uncompressed tar, made when it is asked for. */
export const LAYERS: Readonly<Record<string, () => Uint8Array>> = {
  nothing: () => new Uint8Array(),
  "an empty archive": () => archive(),
  "an empty archive with a record's padding": () => concat([archive(), new Uint8Array(9 * 1024)]),
  "a chunk but for a byte": () => sized(GZIP_CHUNK_SIZE - 1),
  "a chunk": () => sized(GZIP_CHUNK_SIZE),
  "a chunk and a byte": () => sized(GZIP_CHUNK_SIZE + 1),
  "PAX records": paxRecords,
  "GNU long names and times": gnuNames,
  "many small files": smallFiles,
  "bytes that do not compress": () =>
    archive(rawMember({ name: "noise", mtime: 1_700_000_000 }, noise(2 * GZIP_CHUNK_SIZE + 777, 3))),
  "bytes that repeat": repeated,
  "data of every kind": () =>
    archive(rawMember({ name: "mixture", mtime: 9 }, mixture(GZIP_CHUNK_SIZE + 333_333, 5))),
};

/** An archive of so many bytes; what is missing after the end marker is what someone put there. */
function sized(length: number): Uint8Array {
  const whole = archive(rawMember({ name: "data", mtime: 1 }, mixture(length - 8 * 512, 11)));
  return concat([whole, noise(length - whole.length, 13)]);
}

/** Times with fractions, before 1970 and alone in their header; records that grow; names and attributes of any bytes. */
function paxRecords(): Uint8Array {
  const long = `${"folder-with-a-long-name/".repeat(30)}größe 日本.txt`;
  return archive(
    rawPax(
      [
        ["mtime", "1.5"],
        ["comment", "global"],
      ],
      { type: "g" },
    ),
    rawPax([
      ["path", long],
      ["mtime", "1700000000.123456789"],
      ["atime", "1700000001.9"],
      ["ctime", "-0.25"],
      ["LIBARCHIVE.creationtime", "1600000000"],
      ["SCHILY.xattr.security.capability", Uint8Array.of(1, 0, 0, 2, 0, 4, 0, 0, 0, 10, 255, 254)],
      ["SCHILY.xattr.user.long", noise(3000, 17)],
    ]),
    rawMember({ name: "shortened", mtime: 1_700_000_000, mode: "0004755\0" }, "content\n"),
    // Only times: the header goes, or its records are as they are to be.
    rawPax([
      ["atime", "3.25"],
      ["ctime", "4"],
    ]),
    rawMember({ name: "only-times", mtime: 5 }),
    rawPax([["mtime", "1"]]),
    rawMember({ name: "short-time", mtime: 1 }),
    // A record that pushes the others over the edge of a block.
    rawPax([
      ["comment", "x".repeat(487)],
      ["mtime", "7"],
    ]),
    rawMember({ name: "at-the-edge", type: "2", linkname: "only-times" }),
  );
}

function gnuNames(): Uint8Array {
  const name = `${"deep/".repeat(40)}file`;
  const gnu = { format: "gnu", mtime: 1_650_000_000, atime: 1_650_000_001, ctime: 1_650_000_002 } as const;
  return archive(
    rawMember({ name: "././@LongLink", type: "L", format: "gnu" }, `${name}\0`),
    rawMember({ ...gnu, name: name.slice(0, 100) }, prose(70_000, 19)),
    rawMember({ name: "././@LongLink", type: "K", format: "gnu" }, `${name}\0`),
    rawMember({ ...gnu, name: "link", type: "2", linkname: name.slice(0, 100) }),
    rawMember({ name: "folder/", type: "5", mode: "0001777\0", ...gnu }),
    rawMember({ name: "old", format: "v7", mtime: 8 }, "v7\n"),
  );
}

function smallFiles(): Uint8Array {
  const next = randomNumbers(23);
  const files = Array.from({ length: 700 }, (_, index) =>
    rawMember(
      { name: `usr/share/${index % 13}/file-${index}`, mtime: next(2 ** 31) },
      prose(next(900), index),
    ),
  );
  return archive(...files);
}

/** Periods below and above the window of 32 KiB, and zeros over a whole chunk. */
function repeated(): Uint8Array {
  const period = (length: number, times: number) =>
    concat(Array.from({ length: times }, () => noise(length, length)));
  const body = [
    bytes("a".repeat(300_000)),
    period(32_768, 5),
    period(32_769, 5),
    new Uint8Array(GZIP_CHUNK_SIZE + 1),
  ];
  return archive(rawMember({ name: "repeats", mtime: 1 }, concat(body)));
}
