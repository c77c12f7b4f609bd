import { type ByteStream, chunksOf } from "../src/bytes/stream.ts";

/** Bytes of an unread body that are read all the same. */
const DISCARD_LIMIT = 16 * 1024 * 1024;

/** Many clients read no answer before they have sent their body; one of bearable size is let through to nowhere. */
export async function discardBody({ body, bodyUsed }: Request): Promise<void> {
  if (!body || bodyUsed || body.locked) return;
  await collectNothing(body).catch(() => {});
}

async function collectNothing(body: ByteStream): Promise<void> {
  let size = 0;
  for await (const chunk of chunksOf(body)) {
    size += chunk.length;
    if (size > DISCARD_LIMIT) return;
  }
}
