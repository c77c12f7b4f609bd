import type { Slices } from "../bytes/slices.ts";
import type { Spool } from "../bytes/spool.ts";
import { type ByteStream, chunksOf, streamFrom } from "../bytes/stream.ts";
import type { Kernels } from "../kernel/kernels.ts";
import { StreamInput } from "./input.ts";
import { type IndexOptions, type TarIndex, tarIndex, walkMembers } from "./tar-index.ts";

/** An archive that came as a stream, waiting in a spool. */
export interface SpooledTar extends TarIndex {
  dispose(): Promise<void>;
}

/**
 * As indexTar, for an archive that can be read only once: it is spooled while
 * its headers are read. Nothing stays behind if it fails.
 */
export async function spoolTar(
  stream: ByteStream,
  spool: Spool,
  kernels: Kernels,
  options: IndexOptions = {},
): Promise<SpooledTar> {
  const slot = await spool.create();
  let size = 0;
  async function* spooled() {
    for await (const chunk of chunksOf(stream)) {
      await slot.write(chunk);
      size += chunk.length;
      yield chunk;
    }
  }
  const input = new StreamInput(streamFrom(spooled(), (reason) => stream.cancel(reason)));
  try {
    const members = await walkMembers(input, kernels, options);
    // A pipe's writer, or a stream that checks itself, wants to be read to the end.
    await input.skip(Number.MAX_SAFE_INTEGER);
    await slot.close();
    const slices: Slices = { size, slice: (start = 0, end = size) => slot.open(start, end) };
    return { ...tarIndex(slices, members), dispose: () => slot.dispose() };
  } catch (error) {
    await input.cancel();
    await slot.dispose();
    throw error;
  }
}
