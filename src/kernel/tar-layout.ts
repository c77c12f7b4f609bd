/** A tar header block's fields: where each begins and its length (POSIX.1-2017 pax, "ustar Interchange Format"). */

export const TAR_BLOCK_SIZE = 512;

/** A field: offset and length, bytes. */
export type TarField = readonly [offset: number, length: number];

export const NAME: TarField = [0, 100];
export const MODE: TarField = [100, 8];
export const UID: TarField = [108, 8];
export const GID: TarField = [116, 8];
export const SIZE: TarField = [124, 12];
export const MTIME: TarField = [136, 12];
export const CHECKSUM: TarField = [148, 8];
export const TYPE = 156;
export const LINKNAME: TarField = [157, 100];
/** Magic and version together. */
export const MAGIC: TarField = [257, 8];
export const UNAME: TarField = [265, 32];
export const GNAME: TarField = [297, 32];
export const DEVMAJOR: TarField = [329, 8];
export const DEVMINOR: TarField = [337, 8];
export const PREFIX: TarField = [345, 155];
/** The GNU dialect has no prefix; these lie there. */
export const GNU_ATIME: TarField = [345, 12];
export const GNU_CTIME: TarField = [357, 12];
