import { type ByteStream, streamOf } from "./stream.ts";

/**
 * Bytes that can be read from any offset: a file, a browser's File, a blob
 * behind HTTP Range.
 */
export interface Slices {
  /** Bytes. */
  readonly size: number;
  /** Bytes from `start` up to, not including, `end`; to the end without it. */
  slice(start?: number, end?: number): ByteStream;
}

/** Slices of bytes at hand. */
export function bytesSlices(bytes: Uint8Array): Slices {
  return {
    size: bytes.length,
    slice: (start = 0, end = bytes.length) => streamOf(bytes.subarray(start, end)),
  };
}

/** Slices of a Blob or File. */
export function blobSlices(blob: Blob): Slices {
  return {
    size: blob.size,
    slice: (start = 0, end = blob.size) => blob.slice(start, end).stream() as ByteStream,
  };
}

/** A part of other slices, with offsets counted from its own start. */
export function subSlices(slices: Slices, from: number, to: number): Slices {
  return {
    size: to - from,
    slice: (start = 0, end = to - from) => slices.slice(from + start, from + Math.min(end, to - from)),
  };
}
