/** cosign's password box around a private key: scrypt, then NaCl's secretbox, described in JSON. */
import { xsalsa20poly1305 } from "@noble/ciphers/salsa.js";
import { scryptAsync } from "@noble/hashes/scrypt.js";
import * as v from "valibot";
import { SealiftError } from "../error.ts";
import type { Host } from "../host.ts";
import { encodeJson, parseJson } from "../oci/json.ts";
import { decodeBase64, encodeBase64 } from "./base64.ts";

/** What cosign writes; 2^15 stands in older keys, 2^17 is OWASP's advice. */
const WRITTEN_N = 65536;
const READ_N = [32768, WRITTEN_N, 131072];

const SALT_LENGTH = 32;
const NONCE_LENGTH = 24;

const boxSchema = v.object({
  kdf: v.object({
    name: v.literal("scrypt"),
    params: v.object({ N: v.number(), r: v.number(), p: v.number() }),
    salt: v.string(),
  }),
  cipher: v.object({ name: v.literal("nacl/secretbox"), nonce: v.string() }),
  ciphertext: v.string(),
});

/** Opens the box. Throws KEY_INVALID, also where the password is wrong. */
export async function decryptKey(box: Uint8Array, password: string, what: string): Promise<Uint8Array> {
  const { kdf, cipher, ciphertext } = parseJson(boxSchema, box, what, "KEY_INVALID");
  const { N, r, p } = kdf.params;
  // The file chooses how much work and memory it costs to open: only cosign's three choices are accepted.
  if (!READ_N.includes(N) || r !== 8 || p !== 1) {
    throw new SealiftError(
      "KEY_INVALID",
      `Cannot open ${what}: scrypt parameters N=${N}, r=${r}, p=${p} are refused`,
    );
  }
  const nonce = decodeBase64(cipher.nonce, what, "KEY_INVALID");
  if (nonce.length !== NONCE_LENGTH)
    throw new SealiftError("KEY_INVALID", `Cannot open ${what}: its nonce has the wrong length`);
  const sealed = decodeBase64(ciphertext, what, "KEY_INVALID");
  const key = await deriveKey(password, decodeBase64(kdf.salt, what, "KEY_INVALID"), N);
  try {
    return xsalsa20poly1305(key, nonce).decrypt(sealed);
  } catch (cause) {
    throw new SealiftError(
      "KEY_INVALID",
      `Cannot open ${what}: the password is wrong, or the file was changed`,
      {
        cause,
        hint: "Check the password (COSIGN_PASSWORD for keys that cosign made).",
      },
    );
  }
}

/** Makes the box, with the members in cosign's order. */
export async function encryptKey(
  plaintext: Uint8Array,
  password: string,
  random: Host["random"],
): Promise<Uint8Array> {
  const salt = random(SALT_LENGTH);
  const nonce = random(NONCE_LENGTH);
  const key = await deriveKey(password, salt, WRITTEN_N);
  return encodeJson({
    kdf: { name: "scrypt", params: { N: WRITTEN_N, r: 8, p: 1 }, salt: encodeBase64(salt) },
    cipher: { name: "nacl/secretbox", nonce: encodeBase64(nonce) },
    ciphertext: encodeBase64(xsalsa20poly1305(key, nonce).encrypt(plaintext)),
  });
}

function deriveKey(password: string, salt: Uint8Array, N: number): Promise<Uint8Array> {
  return scryptAsync(new TextEncoder().encode(password), salt, { N, r: 8, p: 1, dkLen: 32 });
}
