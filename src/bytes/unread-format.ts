/** What a file is that is no tar, and no tar under a compression that is read here. */
export interface UnreadFormat {
  /** What it is, for a sentence that begins with "it". */
  readonly is: string;
  /** How it becomes what is read here. */
  readonly hint: string;
}

const compressed = (name: string, command: string): UnreadFormat => ({
  is: `is compressed with ${name}, which is not read here`,
  hint: `\`${command}\` takes the compression off.`,
});

const packed = (name: string, command: string): UnreadFormat => ({
  is: `is a ${name} archive, which is not read here`,
  hint: `\`${command}\` unpacks it; a tar may be in it.`,
});

/** By first bytes, as file(1) has them. */
const FORMATS: readonly (readonly [magic: readonly number[], UnreadFormat])[] = [
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], compressed("xz", "xz -d")],
  [[0x42, 0x5a, 0x68], compressed("bzip2", "bzip2 -d")],
  [[0x04, 0x22, 0x4d, 0x18], compressed("lz4", "lz4 -d")],
  [[0x02, 0x21, 0x4c, 0x18], compressed("lz4", "lz4 -d")],
  [[0x1f, 0x9d], compressed("compress", "gzip -d")],
  [[0x4c, 0x5a, 0x49, 0x50], compressed("lzip", "lzip -d")],
  [[0x5d, 0x00, 0x00], compressed("lzma", "xz -d --format=lzma")],
  [[0x50, 0x4b, 0x03, 0x04], packed("zip", "unzip")],
  [[0x50, 0x4b, 0x05, 0x06], packed("zip", "unzip")],
  [[0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c], packed("7z", "7z x")],
];

/** What the first bytes of something say that was to be a tar and is none. */
export function unreadFormat(head: Uint8Array): UnreadFormat | undefined {
  return FORMATS.find(([magic]) => magic.every((byte, at) => head[at] === byte))?.[1];
}
