/** The JSON messages, one a line, that a docker daemon answers long work with. */
import * as v from "valibot";
import { type ByteStream, chunksOf, concat } from "../../../src/bytes/stream.ts";
import { SealiftError } from "../../../src/error.ts";
import { parseJson } from "../../../src/oci/json.ts";

const messageSchema = v.looseObject({
  id: v.nullish(v.string()),
  status: v.nullish(v.string()),
  progressDetail: v.nullish(v.looseObject({ current: v.nullish(v.number()), total: v.nullish(v.number()) })),
  error: v.nullish(v.string()),
  errorDetail: v.nullish(v.looseObject({ message: v.nullish(v.string()) })),
});

export type DaemonMessage = v.InferOutput<typeof messageSchema>;

/** Bytes of a line; a daemon that sends more without an end has no more to say. */
const MAX_LINE = 1024 * 1024;

const LF = 0x0a;
/** JSON's white space: space, tab, CR, LF. */
const BLANKS: ReadonlySet<number> = new Set([0x20, 0x09, 0x0d, LF]);

/**
 * Reads messages to their end. The status was sent before the work, so failure
 * is a message: it throws DAEMON_ERROR, beginning with `failed`.
 */
export async function readMessages(
  stream: ByteStream,
  failed: string,
  onMessage: (message: DaemonMessage) => void = () => {},
): Promise<void> {
  for await (const line of linesOf(stream, failed)) {
    if (line.every((byte) => BLANKS.has(byte))) continue;
    const message = parseJson(messageSchema, line, "docker's answer");
    const error = message.error ?? message.errorDetail?.message;
    if (error) throw new SealiftError("DAEMON_ERROR", `${failed}: ${error.trim()}`);
    onMessage(message);
  }
}

async function* linesOf(stream: ByteStream, failed: string): AsyncGenerator<Uint8Array, void, void> {
  let rest: Uint8Array = new Uint8Array();
  for await (const chunk of chunksOf(stream)) {
    let from = 0;
    for (let end = chunk.indexOf(LF); end >= 0; end = chunk.indexOf(LF, from)) {
      yield concat([rest, chunk.subarray(from, end)]);
      rest = new Uint8Array();
      from = end + 1;
    }
    rest = concat([rest, chunk.subarray(from)]);
    if (rest.length > MAX_LINE) {
      throw new SealiftError(
        "LIMIT_EXCEEDED",
        `${failed}: docker's answer has a line over ${MAX_LINE} bytes`,
      );
    }
  }
  yield rest;
}
