import { encodeName, isUtf8 } from "../../src/bytes/surrogate-escape.ts";

/** A path, or a link's target, for Node: of a name that is not UTF-8 its bytes, which a string would lose. */
export function pathBytes(path: string): string | Buffer {
  return isUtf8(path) ? path : Buffer.from(encodeName(path));
}
