import fc from "fast-check";
import { expect, test } from "vitest";
import type { Kernels, TarFields } from "../../src/kernel/kernels.ts";
import { codeOf, noise } from "./kernels-input.ts";

const latin1 = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));
const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1");

const MTIME = 136;
const CHECKSUM = 148;
const MAGIC = 257;
const ATIME = 345;
const CTIME = 357;
const USTAR = "ustar\x0000";
const GNU = "ustar  \0";

/** What tar headers must do on every engine. */
export function tarContract(kernels: () => Kernels): void {
  const parse = (block: Uint8Array) => kernels().tar.parse(block);
  const encode = (fields: Partial<TarFields> = {}) => kernels().tar.encode({ ...plain, ...fields });
  const retimed = (block: Uint8Array, seconds: number, clamp: boolean) => {
    const copy = block.slice();
    kernels().tar.retime(copy, seconds, clamp);
    return copy;
  };

  test("writes the ustar header that POSIX describes, byte for byte", () => {
    const block = encode({
      name: latin1("etc/hosts"),
      prefix: latin1("rootfs"),
      mode: 0o644,
      uid: 1000,
      gid: 100,
      size: 0o777,
      mtime: 1_700_000_000,
      uname: latin1("root"),
      gname: latin1("staff"),
    });
    const expected = Buffer.alloc(512);
    expected.write("etc/hosts", 0);
    expected.write("0000644\0", 100);
    expected.write("0001750\0", 108);
    expected.write("0000144\0", 116);
    expected.write("00000000777\0", 124);
    expected.write("14524770400\0", 136);
    expected.write("        ", CHECKSUM);
    expected.write("0", 156);
    expected.write(USTAR, MAGIC, "latin1");
    expected.write("root", 265);
    expected.write("staff", 297);
    expected.write("0000000\0", 329);
    expected.write("0000000\0", 337);
    expected.write("rootfs", 345);
    const sum = expected.reduce((total, byte) => total + byte, 0);
    expected.write(`${sum.toString(8).padStart(6, "0")}\0 `, CHECKSUM);
    expect(block).toEqual(new Uint8Array(expected));
  });

  test("reads what it writes", () => {
    const text = (limit: number) =>
      fc.uint8Array({ maxLength: limit }).map((bytes) => bytes.filter((byte) => byte !== 0));
    const number = (digits: number) => fc.maxSafeNat().map((value) => value % 8 ** digits);
    const fields = fc.record({
      name: text(100),
      prefix: text(155),
      linkname: text(100),
      uname: text(32),
      gname: text(32),
      mode: number(7),
      uid: number(7),
      gid: number(7),
      size: number(11),
      mtime: number(11),
      type: fc.nat(255),
      devmajor: number(7),
      devminor: number(7),
    });
    fc.assert(
      fc.property(fields, (fields) => {
        expect(parse(encode(fields))).toEqual({ ...fields, format: "ustar" });
      }),
      { numRuns: 200 },
    );
  });

  test("refuses to write what ustar cannot hold", () => {
    const refusal = (fields: Partial<TarFields>) => codeOf(() => encode(fields));
    expect(refusal({ name: noise(101).fill(97) })).toBe("TAR_INVALID");
    expect(refusal({ prefix: noise(156).fill(97) })).toBe("TAR_INVALID");
    expect(refusal({ linkname: noise(101).fill(97) })).toBe("TAR_INVALID");
    expect(refusal({ uname: noise(33).fill(97) })).toBe("TAR_INVALID");
    expect(refusal({ name: latin1("a\0b") })).toBe("TAR_INVALID");
    for (const name of ["mode", "uid", "gid", "devmajor", "devminor"] as const) {
      expect(encode({ [name]: 8 ** 7 - 1 })).toHaveLength(512);
      expect(refusal({ [name]: 8 ** 7 })).toBe("TAR_INVALID");
      expect(refusal({ [name]: -1 })).toBe("TAR_INVALID");
    }
    for (const name of ["size", "mtime"] as const) {
      expect(encode({ [name]: 8 ** 11 - 1 })).toHaveLength(512);
      expect(refusal({ [name]: 8 ** 11 })).toBe("TAR_INVALID");
      expect(refusal({ [name]: -1 })).toBe("TAR_INVALID");
      expect(refusal({ [name]: 1.5 })).toBe("TAR_INVALID");
      expect(refusal({ [name]: Number.NaN })).toBe("TAR_INVALID");
    }
  });

  test("a refused header leaves nothing in the next one", () => {
    const before = encode();
    codeOf(() => encode({ name: noise(50).fill(97), uid: -1 }));
    expect(encode()).toEqual(before);
  });

  test("reads numbers in every form found in archives", () => {
    const mtime = (bytes: Uint8Array) => parse(changed(encode(), MTIME, bytes)).mtime;
    expect(mtime(latin1("00000000017\0"))).toBe(15);
    expect(mtime(latin1("777777777777"))).toBe(8 ** 12 - 1);
    expect(mtime(latin1("        17 \0"))).toBe(15);
    expect(mtime(latin1("17\0\0\0\0\0\0\0\0\0\0"))).toBe(15);
    expect(mtime(latin1("17 garbage  "))).toBe(15);
    expect(mtime(new Uint8Array(12))).toBe(0);
    expect(mtime(latin1("            "))).toBe(0);
    expect(mtime(base256(5n, 12))).toBe(5);
    expect(mtime(base256(-1n, 12))).toBe(-1);
    expect(mtime(base256(-2_208_988_800n, 12))).toBe(-2_208_988_800);
    expect(mtime(base256(8n ** 11n, 12))).toBe(8 ** 11);
    expect(mtime(base256(2n ** 53n - 1n, 12))).toBe(Number.MAX_SAFE_INTEGER);
    expect(mtime(base256(1n - 2n ** 53n, 12))).toBe(Number.MIN_SAFE_INTEGER);
  });

  test("reads a size beyond 8 GiB and an owner beyond 2097151 in base-256", () => {
    const block = changed(changed(encode(), 124, base256(2n ** 40n, 12)), 108, base256(4_000_000_000n, 8));
    expect(parse(block)).toMatchObject({ size: 2 ** 40, uid: 4_000_000_000 });
  });

  test("refuses numbers that are none, and such as would not be exact", () => {
    const refusal = (offset: number, bytes: Uint8Array) =>
      codeOf(() => parse(changed(encode(), offset, bytes)));
    expect(refusal(MTIME, latin1("0000000008\0\0"))).toBe("TAR_INVALID");
    expect(refusal(MTIME, latin1("-0000000017\0"))).toBe("TAR_INVALID");
    expect(refusal(MTIME, latin1("0x000000017\0"))).toBe("TAR_INVALID");
    expect(refusal(MTIME, base256(2n ** 53n, 12))).toBe("TAR_INVALID");
    expect(refusal(MTIME, base256(-(2n ** 53n), 12))).toBe("TAR_INVALID");
    expect(refusal(MTIME, base256(2n ** 94n, 12))).toBe("TAR_INVALID");
    expect(refusal(124, base256(-1n, 12))).toBe("TAR_INVALID");
    for (const offset of [100, 108, 116, 329, 337]) {
      expect(refusal(offset, latin1("none    "))).toBe("TAR_INVALID");
    }
  });

  test("tells the dialects apart, and reads only the fields they have", () => {
    const owned = encode({
      uname: latin1("root"),
      gname: latin1("staff"),
      prefix: latin1("a/b"),
      devmajor: 8,
    });
    const format = (magic: string) => parse(changed(owned, MAGIC, latin1(magic)));
    expect(format(USTAR)).toMatchObject({ format: "ustar", uname: latin1("root"), prefix: latin1("a/b") });
    expect(format("ustar\0\0\0").format).toBe("ustar");
    expect(format(GNU)).toMatchObject({ format: "gnu", uname: latin1("root"), devmajor: 8 });
    const old = { format: "v7", uname: latin1(""), gname: latin1(""), prefix: latin1(""), devmajor: 0 };
    for (const magic of ["\0\0\0\0\0\0\0\0", "ustar 00", "other\x0000"])
      expect(format(magic)).toMatchObject(old);
  });

  test("does not take the GNU dialect's times for a prefix, but does read the prefix that old Go wrote there", () => {
    const gnu = changed(encode(), MAGIC, latin1(GNU));
    const timed = changed(changed(gnu, ATIME, latin1("14524770400\0")), CTIME, latin1("14524770400\0"));
    expect(textOf(parse(timed).prefix)).toBe("");
    expect(textOf(parse(changed(gnu, ATIME, latin1("usr/share/doc\0"))).prefix)).toBe("usr/share/doc");
    expect(textOf(parse(changed(gnu, ATIME, latin1("\xe9\xe8\xea usr\0"))).prefix)).toBe("");
  });

  test("accepts the sum of unsigned and of signed bytes, and no other", () => {
    const block = encode({ name: latin1("caf\xe9") });
    const unsigned = spacedSum(block, (byte) => byte);
    const signed = spacedSum(block, (byte) => (byte > 127 ? byte - 256 : byte));
    expect(signed).not.toBe(unsigned);
    const summed = (sum: number, form: (octal: string) => string) => {
      const copy = block.slice();
      copy.set(latin1(form(sum.toString(8).padStart(6, "0"))), CHECKSUM);
      return () => parse(copy).name;
    };
    expect(textOf(summed(unsigned, (octal) => `${octal}\0 `)())).toBe("caf\xe9");
    expect(textOf(summed(signed, (octal) => `${octal}\0 `)())).toBe("caf\xe9");
    expect(textOf(summed(unsigned, (octal) => ` ${octal}\0`)())).toBe("caf\xe9");
    expect(codeOf(summed(unsigned + 1, (octal) => `${octal}\0 `))).toBe("TAR_INVALID");
    expect(codeOf(summed(unsigned, (octal) => `${octal.replace(/^./, "9")}\0 `))).toBe("TAR_INVALID");
  });

  test("a block of zeros is no header", () => {
    expect(codeOf(() => parse(new Uint8Array(512)))).toBe("TAR_INVALID");
  });

  test("any flipped bit outside the checksum's own field is noticed", () => {
    const block = encode({ name: latin1("etc/hosts"), mode: 0o644 });
    for (let bit = 0; bit < 512 * 8; bit++) {
      if (bit >> 3 >= CHECKSUM && bit >> 3 < CHECKSUM + 8) continue;
      const damaged = block.slice();
      damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(
        codeOf(() => parse(damaged)),
        `bit ${bit}`,
      ).toBe("TAR_INVALID");
    }
  });

  test("never trusts noise, and answers with nothing but TAR_INVALID", () => {
    for (let seed = 0; seed < 200; seed++) {
      expect(codeOf(() => parse(noise(512, seed)))).toBe("TAR_INVALID");
      const summed = changed(noise(512, seed), 0, new Uint8Array());
      expect(["TAR_INVALID", "nothing was thrown"]).toContain(codeOf(() => parse(summed)));
    }
  });

  test("texts are views of the block that was given", () => {
    const block = encode({ name: latin1("etc/hosts") });
    const { name } = parse(block);
    expect(name.buffer).toBe(block.buffer);
    parse(encode({ name: latin1("another") }));
    expect(textOf(name)).toBe("etc/hosts");
  });

  test("retime sets the time and nothing else", () => {
    const block = encode({ name: latin1("a"), mtime: 1_700_000_000, prefix: latin1("p") });
    expect(retimed(block, 5, false)).toEqual(encode({ name: latin1("a"), mtime: 5, prefix: latin1("p") }));
    expect(retimed(block, 2_000_000_000, false)).toEqual(
      encode({ name: latin1("a"), mtime: 2_000_000_000, prefix: latin1("p") }),
    );
  });

  test("retime with clamp changes only what is later", () => {
    const block = encode({ mtime: 1000 });
    expect(retimed(block, 1000, true)).toEqual(block);
    expect(retimed(block, 1001, true)).toEqual(block);
    expect(parse(retimed(block, 999, true)).mtime).toBe(999);
    const negative = changed(block, MTIME, base256(-5n, 12));
    expect(retimed(negative, 0, true)).toEqual(negative);
    expect(parse(retimed(negative, 0, false)).mtime).toBe(0);
  });

  test("retime sets the GNU dialect's access and change time where they are present", () => {
    const time = latin1("14524770400\0");
    const gnu = changed(changed(encode(), MAGIC, latin1(GNU)), MTIME, time);
    const both = changed(changed(gnu, ATIME, time), CTIME, time);
    const zero = latin1("00000000000\0");
    expect(retimed(both, 0, false)).toEqual(
      changed(changed(changed(both, MTIME, zero), ATIME, zero), CTIME, zero),
    );
    expect(retimed(gnu, 0, false)).toEqual(changed(gnu, MTIME, zero));
    const accessed = changed(gnu, ATIME, base256(2n ** 40n, 12));
    expect(retimed(accessed, 0, true)).toEqual(changed(changed(accessed, MTIME, zero), ATIME, zero));
    const early = changed(both, ATIME, latin1("00000000001\0"));
    expect(retimed(early, 5, true).subarray(ATIME, ATIME + 12)).toEqual(latin1("00000000001\0"));
    expect(retimed(early, 5, true).subarray(CTIME, CTIME + 12)).toEqual(latin1("00000000005\0"));
  });

  test("retime keeps a prefix, ustar's and the one old Go wrote under the GNU magic", () => {
    const ustar = encode({ prefix: latin1("14524770400") });
    expect(textOf(parse(retimed(ustar, 0, false)).prefix)).toBe("14524770400");
    const go = changed(changed(encode(), MAGIC, latin1(GNU)), ATIME, latin1("usr/share\0"));
    expect(textOf(parse(retimed(go, 0, false)).prefix)).toBe("usr/share");
  });

  test("retime refuses a time that octal cannot hold, and leaves the block as it was", () => {
    const block = encode({ mtime: 1000 });
    for (const seconds of [-1, 8 ** 11, 0.5, Number.NaN]) {
      const copy = block.slice();
      expect(codeOf(() => kernels().tar.retime(copy, seconds, false))).toBe("TAR_INVALID");
      expect(copy).toEqual(block);
    }
    const malformed = changed(block, MTIME, latin1("soon        "));
    expect(codeOf(() => retimed(malformed, 5, true))).toBe("TAR_INVALID");
    expect(parse(retimed(malformed, 5, false)).mtime).toBe(5);
  });

  test("takes blocks of 512 bytes only", () => {
    expect(codeOf(() => parse(new Uint8Array(511)))).toBe("INTERNAL");
    expect(codeOf(() => retimed(new Uint8Array(513), 0, false))).toBe("INTERNAL");
  });
}

const plain: Omit<TarFields, "format"> = {
  name: latin1("file"),
  prefix: new Uint8Array(),
  linkname: new Uint8Array(),
  uname: new Uint8Array(),
  gname: new Uint8Array(),
  mode: 0o644,
  uid: 0,
  gid: 0,
  size: 0,
  mtime: 0,
  type: 0x30,
  devmajor: 0,
  devminor: 0,
};

/** The block with other bytes at an offset and its checksum made right again. */
function changed(block: Uint8Array, offset: number, bytes: Uint8Array): Uint8Array {
  const copy = block.slice();
  copy.set(bytes, offset);
  const sum = spacedSum(copy, (byte) => byte);
  copy.set(latin1(`${sum.toString(8).padStart(6, "0")}\0 `), CHECKSUM);
  return copy;
}

function spacedSum(block: Uint8Array, value: (byte: number) => number): number {
  const spaced = block.slice().fill(0x20, CHECKSUM, CHECKSUM + 8);
  return spaced.reduce((total, byte) => total + value(byte), 0);
}

/** Two's complement, big-endian, the first bit set. */
function base256(value: bigint, length: number): Uint8Array {
  let rest = BigInt.asUintN(8 * length - 1, value);
  const bytes = new Uint8Array(length);
  for (let at = length - 1; at >= 0; at--) {
    bytes[at] = Number(rest & 255n);
    rest >>= 8n;
  }
  bytes[0] = (bytes[0] as number) | 0x80;
  return bytes;
}
