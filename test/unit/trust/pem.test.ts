import { describe, expect, test } from "vitest";
import { formatPem, parsePem } from "../../../src/trust/pem.ts";

const block = { label: "PUBLIC KEY", bytes: Uint8Array.from({ length: 91 }, (_, i) => i) };
const pem = formatPem(block);

describe("PEM", () => {
  test("is written in lines of 64 characters and read back", () => {
    expect(
      pem
        .split("\n")
        .slice(1, -2)
        .map((line) => line.length),
    ).toEqual([64, 60]);
    expect(parsePem(pem, "key")).toEqual(block);
  });

  test("is read with CRLF line ends and text around it", () => {
    expect(parsePem(`My key:\r\n${pem.replaceAll("\n", "\r\n")}bye`, "key")).toEqual(block);
  });

  test("passes over the curve parameters that openssl writes before a key", () => {
    expect(
      parsePem(`-----BEGIN EC PARAMETERS-----\nBggq\n-----END EC PARAMETERS-----\n${pem}`, "key"),
    ).toEqual(block);
  });

  test("refuses openssl's old encryption, saying so", () => {
    const text = pem.replace("-----\n", "-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00FF\n\n");
    expect(() => parsePem(text, "key")).toThrow(expect.objectContaining({ code: "UNSUPPORTED" }));
  });

  test.each([
    ["no block", "hello", /no PEM block/],
    ["an end of another label", pem.replace("END PUBLIC", "END PRIVATE"), /no PEM block/],
    ["a block without end", pem.slice(0, -20), /no PEM block/],
    ["a broken body", pem.replace("AAE", "A*E"), /not padded base64/],
    ["more than 64 KiB", `${"x".repeat(65_536)}\n${pem}`, /larger than 65536/],
  ])("refuses %s", (_, text, reason) => {
    expect(() => parsePem(text, "key")).toThrow(reason);
    expect(() => parsePem(text, "key")).toThrow(expect.objectContaining({ code: "KEY_INVALID" }));
  });

  test("finds that 64 KiB of beginnings without end hold nothing, at once", () => {
    // Of the processor's time: others may have it meanwhile.
    const before = process.cpuUsage();
    expect(() => parsePem("-----BEGIN A-----\n".repeat(3600), "key")).toThrow(/no PEM block/);
    expect(() => parsePem(`-----BEGIN A-----${" \n".repeat(32_000)}`, "key")).toThrow(/no PEM block/);
    expect(process.cpuUsage(before).user).toBeLessThan(2_000_000);
  });
});
