import type { Slices } from "../../../src/bytes/slices.ts";
import { chunksOf } from "../../../src/bytes/stream.ts";
import type { NodeHost } from "../../host/host.ts";

/** A file to read at any offset; `-` is standard input, spooled first. */
export async function openInput(path: string, host: NodeHost): Promise<Slices> {
  if (path !== "-") return host.files.open(path);
  const slot = await host.spool.create();
  let size = 0;
  for await (const chunk of chunksOf(await host.files.stream(path))) {
    size += chunk.length;
    await slot.write(chunk);
  }
  await slot.close();
  return { size, slice: (start, end) => slot.open(start, end) };
}
