/** Data of different kinds, the same for a seed for ever and on every host. */

/** Pseudo-random numbers below `limit`, the same for a seed for ever. */
export function randomNumbers(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

/** Bytes that do not compress. */
export function noise(length: number, seed = 1): Uint8Array {
  const next = randomNumbers(seed);
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at++) bytes[at] = next(256);
  return bytes;
}

/** Words, drawn unevenly: compresses as text does. */
export function prose(length: number, seed = 1): Uint8Array {
  const next = randomNumbers(seed);
  const words = Array.from({ length: 400 }, () =>
    String.fromCharCode(...Array.from({ length: 2 + next(8) }, () => 97 + next(26))),
  );
  let text = "";
  while (text.length < length)
    text += `${words[Math.min(next(400), next(400))]}${next(9) === 0 ? ".\n" : " "}`;
  return new TextEncoder().encode(text.slice(0, length));
}

/** Text, noise, zeros and short periods in turn, so that every kind of block and match occurs. */
export function mixture(length: number, seed = 1): Uint8Array {
  const next = randomNumbers(seed);
  const data = new Uint8Array(length);
  for (let at = 0; at < length; ) {
    const run = Math.min(length - at, 1 + next(40_000));
    const kind = next(4);
    if (kind === 0) data.set(prose(run, next(2 ** 31)), at);
    if (kind === 1) data.set(noise(run, next(2 ** 31)), at);
    if (kind === 2) {
      const period = noise(1 + next(40), next(2 ** 31));
      for (let i = 0; i < run; i++) data[at + i] = period[i % period.length] as number;
    }
    at += run;
  }
  return data;
}
