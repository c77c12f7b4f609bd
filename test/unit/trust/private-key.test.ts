import { createPrivateKey, generateKeyPairSync, verify as nodeVerify } from "node:crypto";
import { xsalsa20poly1305 } from "@noble/ciphers/salsa.js";
import { scrypt } from "@noble/hashes/scrypt.js";
import { describe, expect, test } from "vitest";
import { decodeBase64, encodeBase64 } from "../../../src/trust/base64.ts";
import { encodeDer } from "../../../src/trust/der.ts";
import { formatPem, parsePem } from "../../../src/trust/pem.ts";
import {
  formatPrivateKey,
  generateKeyPair,
  type KeyPair,
  parsePrivateKey,
  sign,
} from "../../../src/trust/private-key.ts";
import { formatPublicKey } from "../../../src/trust/public-key.ts";
import { alice, type Document, decodeJson, edited, foreignKeys, pemOf, seededRandom } from "./material.ts";

const PASSWORD = "pässwörd";
const encryptedPem = await formatPrivateKey(alice, PASSWORD, seededRandom("salt"));
const box = parsePem(encryptedPem, "key").bytes;

/** The encrypted key with something in its JSON changed. */
function withBox(change: (box: Document) => void): string {
  return formatPem({ label: "ENCRYPTED SIGSTORE PRIVATE KEY", bytes: edited(box, change) });
}

const keyInvalid = expect.objectContaining({ code: "KEY_INVALID" });

describe("an encrypted private key", () => {
  test("opens with its password, under the old label too", async () => {
    const opened = await parsePrivateKey(encryptedPem, () => PASSWORD);
    expect(opened.secret).toEqual(alice.secret);
    expect(opened.publicKey.hint).toBe(alice.publicKey.hint);
    const old = encryptedPem.replaceAll("SIGSTORE", "COSIGN");
    expect((await parsePrivateKey(old, async () => PASSWORD)).secret).toEqual(alice.secret);
  });

  test("opens with the empty password if that was given for it", async () => {
    const pem = await formatPrivateKey(alice, "", seededRandom("salt"));
    expect((await parsePrivateKey(pem, () => "")).secret).toEqual(alice.secret);
  });

  test("does not open with a wrong password, or without any, and says why", async () => {
    await expect(parsePrivateKey(encryptedPem, () => "guess")).rejects.toThrow(keyInvalid);
    await expect(parsePrivateKey(encryptedPem, () => "guess")).rejects.toThrow(/the password is wrong/);
    await expect(parsePrivateKey(encryptedPem)).rejects.toThrow(/no password was given/);
  });

  test("names scrypt with N=65536, r=8, p=1, 32 bytes of salt and secretbox, members in cosign's order", () => {
    const { kdf, cipher } = decodeJson(box);
    expect(kdf.params).toEqual({ N: 65536, r: 8, p: 1 });
    expect(decodeBase64(kdf.salt, "salt", "KEY_INVALID")).toHaveLength(32);
    expect(new TextDecoder().decode(box)).toMatch(
      /^\{"kdf":\{"name":"scrypt","params":\{"N":65536,"r":8,"p":1\},"salt":"[^"]+"\},"cipher":\{"name":"nacl\/secretbox","nonce":"[^"]+"\},"ciphertext":"[^"]+"\}$/,
    );
    expect(cipher.name).toBe("nacl/secretbox");
  });

  test.each([32768, 131072])("opens with N=%d, which cosign also wrote", async (N) => {
    const plain = createPrivateKey(await plainPem(alice)).export({ type: "pkcs8", format: "der" });
    const pem = withBox((json) => {
      const salt = decodeBase64(json.kdf.salt, "salt", "KEY_INVALID");
      const nonce = decodeBase64(json.cipher.nonce, "nonce", "KEY_INVALID");
      const key = scrypt(new TextEncoder().encode(PASSWORD), salt, { N, r: 8, p: 1, dkLen: 32 });
      json.kdf.params.N = N;
      json.ciphertext = encodeBase64(xsalsa20poly1305(key, nonce).encrypt(new Uint8Array(plain)));
    });
    expect((await parsePrivateKey(pem, () => PASSWORD)).secret).toEqual(alice.secret);
  });

  test.each([
    ["N = 2^30, asking for 1 TiB", { N: 2 ** 30, r: 8, p: 1 }],
    ["N = 2", { N: 2, r: 8, p: 1 }],
    ["N = 65537", { N: 65537, r: 8, p: 1 }],
    ["a huge r", { N: 65536, r: 2 ** 20, p: 1 }],
    ["a huge p", { N: 65536, r: 8, p: 2 ** 30 }],
    ["a negative N", { N: -65536, r: 8, p: 1 }],
  ])("with %s is refused before any work is done", async (_, params) => {
    const pem = withBox((json) => {
      json.kdf.params = params;
      // Without a salt there is nothing that the work could be done with.
      json.kdf.salt = "*";
    });
    await expect(parsePrivateKey(pem, () => PASSWORD)).rejects.toThrow(/scrypt parameters .* are refused/);
  });

  test.each<[string, (json: Document) => void]>([
    [
      "another kdf",
      (json) => {
        json.kdf.name = "pbkdf2";
      },
    ],
    [
      "another cipher",
      (json) => {
        json.cipher.name = "aes";
      },
    ],
    [
      "a short nonce",
      (json) => {
        json.cipher.nonce = "AAAA";
      },
    ],
    [
      "a nonce that is no base64",
      (json) => {
        json.cipher.nonce = "!";
      },
    ],
    [
      "no ciphertext",
      (json) => {
        json.ciphertext = "";
      },
    ],
    [
      "a changed ciphertext",
      (json) => {
        json.ciphertext = `AAAA${json.ciphertext.slice(4)}`;
      },
    ],
    [
      "no kdf",
      (json) => {
        json.kdf = undefined;
      },
    ],
  ])("with %s is refused", async (_, change) => {
    await expect(parsePrivateKey(withBox(change), () => PASSWORD)).rejects.toThrow(keyInvalid);
  });

  test("that is not JSON is refused", async () => {
    const pem = formatPem({ label: "ENCRYPTED SIGSTORE PRIVATE KEY", bytes: new Uint8Array([1, 2, 3]) });
    await expect(parsePrivateKey(pem, () => "")).rejects.toThrow(keyInvalid);
  });
});

/** The PKCS#8 inside cosign's box, as PEM. */
async function plainPem(key: KeyPair): Promise<string> {
  const { kdf, cipher, ciphertext } = decodeJson(
    parsePem(await formatPrivateKey(key, "x", seededRandom("plain")), "key").bytes,
  );
  const decode = (text: string) => decodeBase64(text, "field", "KEY_INVALID");
  const boxKey = scrypt("x", decode(kdf.salt), { ...kdf.params, dkLen: 32 });
  const bytes = xsalsa20poly1305(boxKey, decode(cipher.nonce)).decrypt(decode(ciphertext));
  return formatPem({ label: "PRIVATE KEY", bytes });
}

describe("a private key in the clear", () => {
  const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const publicPem = pemOf(pair.publicKey, "spki");

  test.each(["pkcs8", "sec1"] as const)("is read from %s, as openssl writes it", async (type) => {
    const key = await parsePrivateKey(pemOf(pair.privateKey, type));
    expect(formatPublicKey(key.publicKey)).toBe(publicPem);
  });

  test("of ours is read by openssl", async () => {
    const theirs = pemOf(createPrivateKey(await plainPem(alice)), "pkcs8");
    expect((await parsePrivateKey(theirs)).secret).toEqual(alice.secret);
  });

  test.each(Object.entries(foreignKeys))(
    "of kind %s is not supported, and called by its name",
    async (kind, pair) => {
      const pem = pemOf(pair.privateKey, "pkcs8");
      await expect(parsePrivateKey(pem)).rejects.toThrow(`it is ${kind}, and only ECDSA P-256 is supported`);
    },
  );

  test("of other containers is not supported", async () => {
    const rsa = pemOf(foreignKeys.RSA.privateKey, "pkcs1");
    await expect(parsePrivateKey(rsa)).rejects.toThrow(expect.objectContaining({ code: "UNSUPPORTED" }));
    const p384 = pemOf(foreignKeys["ECDSA P-384"].privateKey, "sec1");
    await expect(parsePrivateKey(p384)).rejects.toThrow(/ECDSA P-384/);
    const encrypted = pair.privateKey
      .export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" })
      .toString();
    await expect(parsePrivateKey(encrypted)).rejects.toThrow(/its label is ENCRYPTED PRIVATE KEY/);
    await expect(parsePrivateKey(publicPem)).rejects.toThrow(/it is a public key/);
  });

  test.each<[string, Uint8Array]>([
    ["zero", new Uint8Array(32)],
    [
      "the group's order",
      Buffer.from("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", "hex"),
    ],
    ["a byte short", new Uint8Array(31).fill(1)],
    ["a byte long", new Uint8Array(33).fill(1)],
  ])("whose number is %s is refused", async (_, secret) => {
    const curve = encodeDer(0xa0, encodeDer(6, Buffer.from("2a8648ce3d030107", "hex")));
    const bytes = encodeDer(0x30, encodeDer(2, new Uint8Array([1])), encodeDer(4, secret), curve);
    await expect(parsePrivateKey(formatPem({ label: "EC PRIVATE KEY", bytes }))).rejects.toThrow(keyInvalid);
  });

  test("with any part missing is refused", async () => {
    const bytes = parsePem(await plainPem(alice), "key").bytes;
    for (let length = 0; length < bytes.length; length++) {
      const pem = formatPem({ label: "PRIVATE KEY", bytes: bytes.slice(0, length) });
      await expect(parsePrivateKey(pem)).rejects.toThrow(keyInvalid);
    }
  });
});

describe("a new key", () => {
  test("follows from the random bytes alone, 48 of them", () => {
    const asked: number[] = [];
    const random = (length: number) => {
      asked.push(length);
      return seededRandom("fixed")(length);
    };
    expect(generateKeyPair(random).secret).toEqual(generateKeyPair(seededRandom("fixed")).secret);
    expect(asked).toEqual([48]);
  });
});

describe("signing", () => {
  test("is deterministic as in RFC 6979, A.2.5", () => {
    const secret = new Uint8Array(
      Buffer.from("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721", "hex"),
    );
    const signature = sign({ secret, publicKey: alice.publicKey }, new TextEncoder().encode("sample"));
    expect(Buffer.from(signature).toString("hex")).toBe(
      "3046022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
    );
  });

  test("gives what node verifies", async () => {
    const message = new TextEncoder().encode("message");
    expect(nodeVerify("sha256", message, formatPublicKey(alice.publicKey), sign(alice, message))).toBe(true);
  });
});
