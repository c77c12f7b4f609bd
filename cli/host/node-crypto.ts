/** node:crypto, loaded when it is first used: that takes three milliseconds, which the first request's answer takes too. */
export const nodeCrypto = () => process.getBuiltinModule("node:crypto");

/** As many random bytes, in hexadecimal digits. */
export function randomHex(bytes: number): string {
  return nodeCrypto().randomBytes(bytes).toString("hex");
}
