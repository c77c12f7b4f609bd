/** SHA-256's hashers, whatever computes them. */
import { misuse } from "./failure.ts";
import type { Hasher, ResumableHasher } from "./kernels.ts";
import { type HashEngine, sharedHash } from "./shared-hash.ts";

/**
 * A saved state, the same for every engine: the eight hash words (FIPS 180-4
 * §6.2), the count of bytes so far (u64), then the unfinished block, zero
 * filled; all little-endian.
 */
export const SHA256_STATE_SIZE = 32 + 8 + 64;

/** Makes hashers that take turns on `engine`, from a saved state if one is given. */
export function sharedSha256(engine: HashEngine): (state?: Uint8Array) => ResumableHasher {
  const makeHasher = sharedHash(engine);
  return (state) => {
    if (state && state.length !== SHA256_STATE_SIZE) {
      throw misuse(`a SHA-256 state of ${state.length} bytes: it has ${SHA256_STATE_SIZE}`);
    }
    return makeHasher(state);
  };
}

/** The hash of each message, for an engine that has no better way than one after the other. */
export function oneByOne(makeHasher: () => Hasher): (messages: readonly Uint8Array[]) => Uint8Array[] {
  return (messages) =>
    messages.map((message) => {
      const hasher = makeHasher();
      hasher.update(message);
      return hasher.digest();
    });
}
