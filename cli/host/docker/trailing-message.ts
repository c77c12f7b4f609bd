/** A daemon whose work fails when the archive has begun can only say so behind it. */
export interface TrailingMessage {
  /** Shows it a chunk of the archive. */
  see(chunk: Uint8Array): void;
  /** The error at the end of what was seen, if one is there. */
  message(): string | undefined;
}

/** Bytes from the end in which the message is looked for. */
const LOOKED_AT = 4096;

/** Looks for docker's `{"errorDetail":{…},"error":"…"}` at the end of an archive. */
export function trailingMessage(): TrailingMessage {
  let last = "";
  return {
    see(chunk) {
      const text = new TextDecoder("latin1").decode(chunk.subarray(-LOOKED_AT));
      last = (last + text).slice(-LOOKED_AT);
    },
    message() {
      const at = last.lastIndexOf('{"errorDetail"');
      try {
        const { error } = JSON.parse(last.slice(at)) as { error?: unknown };
        return at >= 0 && typeof error === "string" ? error : undefined;
      } catch {
        return undefined;
      }
    },
  };
}
