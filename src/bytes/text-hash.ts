/** Nobody can choose texts that all come to one slot of a table who does not know it: to find one would be to go through all of them. */
const MULTIPLIER = Math.floor(Math.random() * 2 ** 32) | 1;

/** A text's hash in 32 bits, another in each process; texts of different `kind` are different. */
export function textHash(text: string, kind = 0): number {
  let hash = mixed(MULTIPLIER, kind);
  for (let at = 0; at < text.length; at++) hash = mixed(hash, text.charCodeAt(at));
  return hash >>> 0;
}

function mixed(hash: number, value: number): number {
  const product = Math.imul(hash ^ value, MULTIPLIER);
  return product ^ (product >>> 15);
}
