import type { Slices } from "../../src/bytes/slices.ts";
import { streamFrom } from "../../src/bytes/stream.ts";
import { SealiftError } from "../../src/error.ts";

/** Large enough that a round trip to the browser's file thread costs little, small enough to be collected soon. */
const PIECE = 2 * 1024 * 1024;

/**
 * A File's slices, read piece by piece, each while the one before is worked
 * on. `Blob.stream()` reads ahead as it likes: measured on 6 GB, the memory
 * it held grew with the file.
 */
export function fileSlices(blob: Blob): Slices {
  return {
    size: blob.size,
    slice: (start = 0, end = blob.size) => streamFrom(pieces(blob, start, Math.min(end, blob.size))),
  };
}

/** Throws IO where the file is no longer what was chosen: the browser then gives nothing more of it. */
async function bytesOf(blob: Blob): Promise<ArrayBuffer> {
  try {
    return await blob.arrayBuffer();
  } catch (cause) {
    if (!(cause instanceof DOMException)) throw cause;
    throw new SealiftError("IO", "Cannot read the file: it was changed, moved or removed while it was read", {
      cause,
      hint: "Choose it again.",
    });
  }
}

async function* pieces(blob: Blob, start: number, end: number): AsyncGenerator<Uint8Array, void, void> {
  const read = (at: number) => {
    const piece = bytesOf(blob.slice(at, Math.min(at + PIECE, end)));
    // Its failure is that of the read that waits for it; one that nobody waits for any more is none.
    piece.catch(() => {});
    return piece;
  };
  let next = start < end ? read(start) : undefined;
  for (let at = start; next; ) {
    const bytes = new Uint8Array(await next);
    at += PIECE;
    next = at < end ? read(at) : undefined;
    yield bytes;
  }
}
