import { type ByteStream, chunksOf, streamFrom } from "../bytes/stream.ts";
import { SealiftError } from "../error.ts";
import type { Kernels } from "../kernel/kernels.ts";
import { encodeHeader } from "./encode.ts";
import { BLOCK_SIZE, paddingOf, type TarHeader } from "./header.ts";

/** A member to write: its name, and what differs from an empty file of mode 0644 owned by root at the epoch. */
export interface TarMember extends Partial<Omit<TarHeader, "name">> {
  readonly name: string;
  /** The content: `size` bytes. A member without one has size 0. */
  readonly body?: ByteStream;
}

/** Two zero blocks; records are not filled up, as their size is nobody's business any more. */
export const END_OF_ARCHIVE: Uint8Array = new Uint8Array(2 * BLOCK_SIZE);

/**
 * A tar archive of the members, in their order. Its bytes are a function of
 * them alone. Fails with SIZE_MISMATCH where a body has not the size it was
 * announced with, TAR_INVALID where a field cannot be written.
 */
export function writeTar(
  members: AsyncIterable<TarMember> | Iterable<TarMember>,
  kernels: Kernels,
): ByteStream {
  return streamFrom(archiveChunks(members, kernels));
}

async function* archiveChunks(members: AsyncIterable<TarMember> | Iterable<TarMember>, kernels: Kernels) {
  for await (const member of members) yield* memberChunks(member, kernels);
  yield END_OF_ARCHIVE.slice();
}

/** One member as bytes: headers, body, padding. For archives that are written piece by piece. */
export async function* memberChunks(
  member: TarMember,
  kernels: Kernels,
): AsyncGenerator<Uint8Array, void, void> {
  const size = member.size ?? 0;
  yield encodeHeader(member, kernels);
  let written = 0;
  if (member.body) {
    for await (const chunk of chunksOf(member.body)) {
      written += chunk.length;
      if (written > size) throw mismatch(member.name, size, "more");
      yield chunk;
    }
  }
  if (written < size) throw mismatch(member.name, size, `${written}`);
  yield new Uint8Array(paddingOf(size));
}

function mismatch(name: string, size: number, actual: string): SealiftError {
  return new SealiftError(
    "SIZE_MISMATCH",
    `Cannot write ${name} to tar archive: it has ${actual} bytes, expected ${size}`,
  );
}
