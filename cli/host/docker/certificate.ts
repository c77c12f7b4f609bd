/** A certificate for a server that lives as long as one command. */
import { generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { DER_TAG, encodeDer } from "../../../src/trust/der.ts";
import { formatPem } from "../../../src/trust/pem.ts";

/** What a TLS server shows, and the key behind it, as PEM. */
export interface ServerTls {
  readonly key: string;
  readonly cert: string;
}

const HOUR = 60 * 60 * 1000;
const DAY = 24 * HOUR;

const SET = 0x31;
const UTF8_STRING = 0x0c;
const UTC_TIME = 0x17;
const GENERALIZED_TIME = 0x18;
/** `[3]`, the extensions of a certificate. */
const CONTEXT_3 = 0xa3;
/** `[7]`, an IP address among names (RFC 5280, 4.2.1.6). */
const IP_ADDRESS = 0x87;

const COMMON_NAME = oid(0x55, 0x04, 0x03);
const SUBJECT_ALT_NAME = oid(0x55, 0x1d, 0x11);
const ECDSA_WITH_SHA256 = sequence(oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02));

/**
 * Signs a certificate for an IPv4 address by its own new P-256 key, valid for
 * a day (RFC 5280, 4.1). The key is nowhere but in the result.
 */
export function selfSignedCertificate(address: string, now: number = Date.now()): ServerTls {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const name = sequence(encodeDer(SET, sequence(COMMON_NAME, encodeDer(UTF8_STRING, Buffer.from(address)))));
  const alternative = sequence(encodeDer(IP_ADDRESS, Uint8Array.from(address.split("."), Number)));
  const certified = sequence(
    encodeDer(DER_TAG.context0, encodeDer(DER_TAG.integer, Uint8Array.of(2))),
    encodeDer(DER_TAG.integer, serialNumber()),
    ECDSA_WITH_SHA256,
    name,
    // A daemon in a virtual machine may be a little behind.
    sequence(time(now - HOUR), time(now - HOUR + DAY)),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    encodeDer(CONTEXT_3, sequence(sequence(SUBJECT_ALT_NAME, encodeDer(DER_TAG.octetString, alternative)))),
  );
  const signature = sign("sha256", certified, privateKey);
  // A bit string says first how many bits of its last byte do not count.
  const certificate = sequence(
    certified,
    ECDSA_WITH_SHA256,
    encodeDer(DER_TAG.bitString, Uint8Array.of(0), signature),
  );
  return {
    cert: formatPem({ label: "CERTIFICATE", bytes: certificate }),
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

/** Positive and of the shortest form: the first bit is 0, the second 1. */
function serialNumber(): Uint8Array {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] as number) & 0x7f) | 0x40;
  return bytes;
}

/** `YYMMDDHHMMSSZ`, and with the whole year from 2050 on (RFC 5280, 4.1.2.5). */
function time(milliseconds: number): Uint8Array {
  const text = `${new Date(milliseconds).toISOString().slice(0, 19).replace(/\D/g, "")}Z`;
  return text < "2050"
    ? encodeDer(UTC_TIME, Buffer.from(text.slice(2)))
    : encodeDer(GENERALIZED_TIME, Buffer.from(text));
}

function sequence(...contents: Uint8Array[]): Uint8Array {
  return encodeDer(DER_TAG.sequence, ...contents);
}

function oid(...bytes: number[]): Uint8Array {
  return encodeDer(DER_TAG.objectIdentifier, Uint8Array.from(bytes));
}
