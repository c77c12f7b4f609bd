import { SealiftError } from "../error.ts";
import { decodeBase64, encodeBase64 } from "./base64.ts";

/** Far above any key; bounds what a wrong file given as a key can cost. */
const MAX_PEM_LENGTH = 64 * 1024;

const LINE_LENGTH = 64;

export interface PemBlock {
  /** For example `PUBLIC KEY`. */
  readonly label: string;
  readonly bytes: Uint8Array;
}

/**
 * The first key or certificate of a PEM text (RFC 7468); text around it and
 * `EC PARAMETERS`, which openssl writes before its keys, are passed over.
 * Throws KEY_INVALID, UNSUPPORTED.
 */
export function parsePem(text: string, what: string): PemBlock {
  if (text.length > MAX_PEM_LENGTH) {
    throw new SealiftError("KEY_INVALID", `Cannot read ${what}: it is larger than ${MAX_PEM_LENGTH} bytes`);
  }
  const blocks = text.matchAll(
    /^-----BEGIN ([A-Z0-9 ]+)-----[ \t]*\r?\n((?:(?!-----)[^\n]*\n)*)-----END \1-----/gm,
  );
  for (const [, label = "", body = ""] of blocks) {
    if (label === "EC PARAMETERS") continue;
    if (body.includes(":")) {
      // RFC 1421 headers: openssl's own encryption, with one round of MD5 over the password.
      throw new SealiftError("UNSUPPORTED", `Cannot read ${what}: it uses openssl's old PEM encryption`);
    }
    return { label, bytes: decodeBase64(body.replace(/\s+/g, ""), what, "KEY_INVALID") };
  }
  throw new SealiftError("KEY_INVALID", `Cannot read ${what}: it holds no PEM block`);
}

/** A PEM text of one block, in lines of 64 characters, ended by a line feed. */
export function formatPem({ label, bytes }: PemBlock): string {
  const lines = encodeBase64(bytes).match(new RegExp(`.{1,${LINE_LENGTH}}`, "g")) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
