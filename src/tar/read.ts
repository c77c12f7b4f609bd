import { type ByteStream, streamFrom } from "../bytes/stream.ts";
import { SealiftError } from "../error.ts";
import type { Kernels } from "../kernel/kernels.ts";
import { HeadReader, type TarHead, truncated } from "./head.ts";
import { paddingOf, type TarHeader } from "./header.ts";
import { StreamInput } from "./input.ts";

/** A member of an archive that is being read. */
export interface TarEntry extends TarHeader {
  /** The content. To be read before the next entry is asked for; what was not is passed over. */
  readonly body: ByteStream;
}

/** Further than any archive goes. */
const TO_THE_END = Number.MAX_SAFE_INTEGER;

/**
 * The members of a tar archive, in order: v7, ustar, GNU or PAX. What follows
 * the end marker is ignored, but read, so that a stream which checks itself
 * gets to its verdict.
 * Throws TAR_INVALID, TAR_TRUNCATED, LIMIT_EXCEEDED, UNSUPPORTED.
 */
export async function* readTar(stream: ByteStream, kernels: Kernels): AsyncGenerator<TarEntry, void, void> {
  const input = new StreamInput(stream);
  for await (const { header } of readHeads(input, kernels)) {
    const start = input.position;
    yield { ...header, body: streamFrom(bodyChunks(input, start, start + header.size)) };
  }
}

/**
 * As {@link readTar}, for those who take the bodies from the input themselves:
 * at each member it stands at the body's first byte. Ends the input.
 */
export async function* readHeads(input: StreamInput, kernels: Kernels): AsyncGenerator<TarHead, void, void> {
  const heads = new HeadReader(input, kernels);
  try {
    for (;;) {
      const head = await heads.next();
      if (head.kind === "end") break;
      const { size } = head.header;
      const end = input.position + size + paddingOf(size);
      yield head;
      await input.skip(end - input.position);
      if (input.position < end) throw truncated(input.position);
    }
    await input.skip(TO_THE_END);
  } finally {
    await input.cancel();
  }
}

/** The chunks from one position to another, where the input must stand then. Throws TAR_TRUNCATED. */
export async function* bodyChunks(
  input: StreamInput,
  start: number,
  end: number,
): AsyncGenerator<Uint8Array, void, void> {
  for (let at = start; at < end; ) {
    if (input.position !== at) {
      throw new SealiftError("INTERNAL", "Cannot read tar entry: the reader has gone on to the next one");
    }
    const chunk = await input.next(end - at);
    if (!chunk) throw truncated(at);
    at += chunk.length;
    yield chunk;
  }
}
