/** Archives made byte by byte, without the code under test. */
import { type ByteStream, chunksOf, concat, streamFrom } from "../../../src/bytes/stream.ts";

const encoder = new TextEncoder();

export const bytes = (text: string): Uint8Array => encoder.encode(text);
export const text = (view: Uint8Array): string => new TextDecoder().decode(view);

interface RawHeader {
  readonly name?: string | Uint8Array;
  readonly prefix?: string | Uint8Array;
  readonly mode?: string;
  readonly uid?: string;
  readonly gid?: string;
  /** A number, or the field's own bytes. */
  readonly size?: number | Uint8Array;
  readonly mtime?: number;
  readonly type?: string;
  readonly linkname?: string | Uint8Array;
  readonly uname?: string | Uint8Array;
  readonly gname?: string | Uint8Array;
  readonly format?: "v7" | "ustar" | "gnu";
  readonly atime?: number;
  readonly ctime?: number;
}

/** One header block. */
export function rawHeader(fields: RawHeader): Uint8Array {
  const block = new Uint8Array(512);
  const put = (at: number, value: string | Uint8Array) =>
    block.set(typeof value === "string" ? bytes(value) : value, at);
  const octal = (value: number) => `${value.toString(8).padStart(11, "0")}\0`;
  const { format = "ustar", size = 0 } = fields;
  put(0, fields.name ?? "file");
  put(100, fields.mode ?? "0000644\0");
  put(108, fields.uid ?? "0000000\0");
  put(116, fields.gid ?? "0000000\0");
  put(124, typeof size === "number" ? octal(size) : size);
  put(136, octal(fields.mtime ?? 0));
  put(156, fields.type ?? "0");
  put(157, fields.linkname ?? "");
  if (format === "ustar") put(257, "ustar\x0000");
  if (format === "gnu") put(257, "ustar  \0");
  if (format !== "v7") {
    put(265, fields.uname ?? "");
    put(297, fields.gname ?? "");
    put(329, "0000000\x000000000\0");
  }
  if (format === "ustar") put(345, fields.prefix ?? "");
  if (fields.atime !== undefined) put(345, octal(fields.atime));
  if (fields.ctime !== undefined) put(357, octal(fields.ctime));
  return withChecksum(block);
}

/** The block with the checksum that belongs to it. */
export function withChecksum(block: Uint8Array): Uint8Array {
  block.fill(0x20, 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.set(bytes(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
  return block;
}

/** Bytes filled up to whole blocks. */
export function padded(body: Uint8Array | string): Uint8Array {
  const content = typeof body === "string" ? bytes(body) : body;
  const whole = new Uint8Array(Math.ceil(content.length / 512) * 512);
  whole.set(content);
  return whole;
}

/** A member with its body; the header's size is the body's. */
export function rawMember(fields: RawHeader, body: Uint8Array | string = ""): Uint8Array {
  const content = typeof body === "string" ? bytes(body) : body;
  return concat([rawHeader({ size: content.length, ...fields }), padded(content)]);
}

export type RawRecord = readonly [key: string, value: string | Uint8Array];

/** A PAX record; the length is found by trying. */
export function rawRecord([key, value]: RawRecord): Uint8Array {
  const tail = concat([bytes(` ${key}=`), typeof value === "string" ? bytes(value) : value, bytes("\n")]);
  for (let length = tail.length; ; length++) {
    const head = bytes(String(length));
    if (head.length + tail.length === length) return concat([head, tail]);
  }
}

/** A PAX header of type `x` or `g`. */
export function rawPax(records: readonly RawRecord[], fields: RawHeader = {}): Uint8Array {
  return rawMember({ name: "PaxHeaders/x", type: "x", ...fields }, concat(records.map(rawRecord), undefined));
}

export const END = new Uint8Array(1024);

/** An archive of the parts, with its end marker. */
export const archive = (...parts: Uint8Array[]): Uint8Array => concat([...parts, END]);

/** The bytes as a stream in chunks of the given sizes, taken in turn. */
export function chunked(whole: Uint8Array, sizes: readonly number[]): ByteStream {
  return streamFrom(
    (function* () {
      for (let offset = 0, turn = 0; offset < whole.length; turn++) {
        const size = sizes[turn % sizes.length] as number;
        yield whole.subarray(offset, offset + size);
        offset += size;
      }
    })(),
  );
}

export async function readAll(stream: ByteStream): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunksOf(stream)) parts.push(chunk);
  return concat(parts);
}
