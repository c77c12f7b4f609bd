import { Gather } from "../bytes/gather.ts";
import { type ByteStream, concat, streamFrom } from "../bytes/stream.ts";
import { SealiftError } from "../error.ts";
import type { Kernels } from "../kernel/kernels.ts";
import { HeadReader, type TarExtension, truncated } from "./head.ts";
import { paddingOf } from "./header.ts";
import { StreamInput } from "./input.ts";
import { encodePaxRecord, isLater, MAX_PAX_SIZE, type PaxRecord, parsePax, paxTime } from "./pax.ts";

export interface TimestampOptions {
  /** Whole seconds since the epoch, as many as a header holds. */
  readonly seconds: number;
  /** Only times later than `seconds` change. */
  readonly clamp: boolean;
}

/** What eleven octal digits hold: the year 2242. */
export const MAX_SECONDS: number = 0o77777777777;

/** PAX keywords that hold a time; libarchive writes the last one. */
const TIME_KEYS: ReadonlySet<string> = new Set(["mtime", "atime", "ctime", "LIBARCHIVE.creationtime"]);

/**
 * The same archive with other times: mtime in every header, atime and ctime of
 * the GNU dialect, and the PAX records. Nothing else changes: names, order,
 * attributes, padding and what follows the end marker are passed on as bytes.
 * Doing it twice gives what doing it once gives.
 * Fails as reading the archive does; throws USAGE if no header can hold `seconds`.
 */
export function normaliseTimestamps(
  stream: ByteStream,
  kernels: Kernels,
  options: TimestampOptions,
): ByteStream {
  const { seconds } = options;
  if (!Number.isInteger(seconds) || seconds < 0 || seconds > MAX_SECONDS) {
    throw new SealiftError(
      "USAGE",
      `Cannot normalise timestamps: ${seconds} is not a whole second from 0 to ${MAX_SECONDS}`,
    );
  }
  return streamFrom(retimed(stream, kernels, options), (reason) => stream.cancel(reason));
}

async function* retimed(stream: ByteStream, kernels: Kernels, options: TimestampOptions) {
  const input = new StreamInput(stream);
  const heads = new HeadReader(input, kernels);
  const output = new Gather();
  try {
    for (;;) {
      const head = await heads.next();
      if (head.kind === "end") {
        output.add(head.blocks);
        break;
      }
      for (const extension of head.extensions)
        retimedExtension(extension, kernels, options).forEach(output.add);
      output.add(retimedBlock(head.block, kernels, options));
      const { size } = head.header;
      const end = input.position + size + paddingOf(size);
      while (input.position < end) {
        const chunk = await input.next(end - input.position);
        if (!chunk) throw truncated(input.position);
        output.add(chunk);
        yield* output.take();
      }
      yield* output.take();
    }
    yield* trailing(input, output);
  } finally {
    await input.cancel();
  }
}

/** Record padding, or whatever someone put after the end marker. */
async function* trailing(input: StreamInput, output: Gather) {
  for (;;) {
    const chunk = await input.next(Number.MAX_SAFE_INTEGER);
    if (!chunk) break;
    output.add(chunk);
    yield* output.take();
  }
  yield* output.rest();
}

function retimedBlock(block: Uint8Array, kernels: Kernels, { seconds, clamp }: TimestampOptions): Uint8Array {
  // Not `slice`, which of a Buffer is a view: what is still to be read elsewhere would change.
  const copy = new Uint8Array(block);
  kernels.tar.retime(copy, seconds, clamp);
  return copy;
}

/** An extended header with its times changed; nothing if only times stood in it and all went. */
function retimedExtension(
  extension: TarExtension,
  kernels: Kernels,
  options: TimestampOptions,
): readonly Uint8Array[] {
  const block = retimedBlock(extension.block, kernels, options);
  const { payload, padding } = extension;
  if (extension.flag === "L" || extension.flag === "K") return [block, payload, padding];
  const records = parsePax(payload);
  const changed = records.flatMap((record) => retimedRecord(record, options) ?? []);
  if (records.length > 0 && changed.length === 0) return [];
  const rewritten = concat(changed);
  if (rewritten.length === payload.length) return [block, rewritten, padding];
  refuseOversize(rewritten.length);
  setSize(block, rewritten.length);
  return [block, rewritten, new Uint8Array(paddingOf(rewritten.length))];
}

/**
 * A record as it shall be; undefined if it goes. Set: mtime becomes the plain
 * second, so that the record stays, and the times that images do not need go.
 * Clamp: a later time becomes the second.
 */
function retimedRecord(record: PaxRecord, { seconds, clamp }: TimestampOptions): Uint8Array | undefined {
  if (!TIME_KEYS.has(record.key)) return record.bytes;
  // An empty value takes a global time away, which is no time to change.
  const later = record.value.length > 0 && isLater(paxTime(record.key, record.value), seconds);
  if (clamp) return later ? encodePaxRecord(record.key, String(seconds)) : record.bytes;
  return record.key === "mtime" ? encodePaxRecord("mtime", String(seconds)) : undefined;
}

/** A record can grow by a few bytes; the result must be readable again. */
function refuseOversize(size: number): void {
  if (size > MAX_PAX_SIZE) {
    throw new SealiftError(
      "LIMIT_EXCEEDED",
      `Cannot normalise timestamps: an extended header would have more than ${MAX_PAX_SIZE} bytes`,
    );
  }
}

/** Where ustar has size and checksum: offset and octal digits. */
const SIZE_FIELD = { at: 124, digits: 11 } as const;
const CHECKSUM_FIELD = { at: 148, length: 8, digits: 6 } as const;

/** Writes a header's size and the checksum that goes with it. */
function setSize(block: Uint8Array, size: number): void {
  writeOctal(block, SIZE_FIELD.at, SIZE_FIELD.digits, size);
  block[SIZE_FIELD.at + SIZE_FIELD.digits] = 0;
  // The checksum counts its own field as spaces.
  block.fill(0x20, CHECKSUM_FIELD.at, CHECKSUM_FIELD.at + CHECKSUM_FIELD.length);
  const sum = block.reduce((total, byte) => total + byte, 0);
  writeOctal(block, CHECKSUM_FIELD.at, CHECKSUM_FIELD.digits, sum);
  block[CHECKSUM_FIELD.at + CHECKSUM_FIELD.digits] = 0;
}

function writeOctal(block: Uint8Array, at: number, digits: number, value: number): void {
  const text = value.toString(8).padStart(digits, "0");
  for (let index = 0; index < digits; index++) block[at + index] = text.charCodeAt(index);
}
