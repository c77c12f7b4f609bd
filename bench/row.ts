/** One measurement, ours beside a peer's from the same run. */
export interface Row {
  readonly bench: string;
  readonly case: string;
  readonly unit: string;
  readonly sealift: number;
  /** The other program; null if there is none on this machine. */
  readonly peer: string | null;
  readonly peerValue: number | null;
  /** How many times better ours is: above 1 we are faster, or take less. */
  readonly ratio: number | null;
}

/** A bench gives its rows as it finds them; of one with many cases, `only` those whose names begin so. */
export type Bench = (say: (text: string) => void, only: readonly string[]) => AsyncIterable<Row>;

/** A row with its ratio. */
export function row(
  { bench, case: name, unit }: Pick<Row, "bench" | "case" | "unit">,
  sealift: number,
  peer?: { readonly name: string; readonly value: number },
): Row {
  const ratio = peer ? round(isRate(unit) ? sealift / peer.value : peer.value / sealift, 2) : null;
  return {
    ...{ bench, case: name, unit },
    sealift: round(sealift, 3),
    peer: peer?.name ?? null,
    peerValue: peer ? round(peer.value, 3) : null,
    ratio,
  };
}

/** Of a rate (MB/s) more is better; of seconds and bytes, less. */
function isRate(unit: string): boolean {
  return /\/s\b/.test(unit);
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
