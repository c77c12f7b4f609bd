/** A tar header block's fields (POSIX.1-2017 pax, "ustar Interchange Format"), and the texts in them. */
import { tarInvalid } from "./failure.ts";

export const TAR_BLOCK_SIZE = 512;

/** A field: offset and length, bytes. */
export type TarField = readonly [offset: number, length: number];

export const TAR_FIELDS = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  type: [156, 1],
  linkname: [157, 100],
  /** Magic and version together. */
  magic: [257, 8],
  uname: [265, 32],
  gname: [297, 32],
  devmajor: [329, 8],
  devminor: [337, 8],
  prefix: [345, 155],
  /** The GNU dialect has no prefix; these lie there. */
  gnuAtime: [345, 12],
  gnuCtime: [357, 12],
} as const satisfies Record<string, TarField>;

export type TarText = "name" | "linkname" | "uname" | "gname" | "prefix";

/** Writes a text that must fit its field; NUL fills the rest. Throws TAR_INVALID. */
export function putTarText(block: Uint8Array, name: TarText, value: Uint8Array): void {
  const [offset, length] = TAR_FIELDS[name];
  if (value.length > length) throw tarInvalid("write", `its ${name} is longer than ${length} bytes`);
  // A reader would stop at the NUL and see another name than was checked.
  if (value.includes(0)) throw tarInvalid("write", `its ${name} contains NUL`);
  block.set(value, offset);
}

/** Bytes before the first NUL, or all of the field; a view of the block. */
export function tarText(block: Uint8Array, name: TarText): Uint8Array {
  const [offset, length] = TAR_FIELDS[name];
  const field = block.subarray(offset, offset + length);
  const end = field.indexOf(0);
  return end < 0 ? field : field.subarray(0, end);
}
