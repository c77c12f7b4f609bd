/** zstd by a worker pool: frames depend on nothing but their content, so they are made anywhere and joined here. */
import type { ByteStream } from "../bytes/stream.ts";
import type { Kernels } from "../kernel/kernels.ts";
import type { JobLine, Pool } from "../kernel/pool.ts";
import { inOrder, pooledStream } from "./pooled-stream.ts";
import { toolFor } from "./transcode.ts";
import { frameContents } from "./zstd-frames.ts";

/** As `zstd`, with the pool's workers. */
export function parallelZstd(stream: ByteStream, kernels: Kernels, pool: Pool): ByteStream {
  const line = pool.open("zstd");
  return pooledStream(stream, line, frames(stream, kernels, line));
}

async function* frames(stream: ByteStream, kernels: Kernels, line: JobLine<"zstd">) {
  const { module } = await toolFor(stream, () => kernels.zstd.encoder());
  /** Each is filled, compressed, and comes back with its frame. */
  const buffers: ArrayBuffer[] = [];
  const jobs = async function* () {
    for await (const content of frameContents(stream, () => buffers.pop())) yield { module, content };
  };
  for await (const { frame, content } of inOrder(line, jobs())) {
    buffers.push(content.buffer);
    yield frame;
  }
}
