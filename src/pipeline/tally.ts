import type { Host, LogEvent, ProgressEvent } from "../host.ts";

/** What a run has done beside its results, as its events tell. */
export interface Tally {
  /** Seconds in which at least one layer was rewritten or compressed. */
  readonly making: number;
  /** Seconds in which at least one blob was on its way to a registry. */
  readonly uploading: number;
  /** Layers that were not made, as the layer cache and the destination had them. */
  readonly cacheHits: number;
  /** Requests that were made again after a failure that passes. */
  readonly retries: number;
}

/** The figure that work of a stage counts for. */
const FIGURES: Readonly<Record<string, "making" | "uploading">> = {
  rewriting: "making",
  compressing: "making",
  uploading: "uploading",
};

/** From its first event to its last, in milliseconds. */
interface Span {
  readonly from: number;
  to: number;
}

/** The host, overheard; `tally` says what has been heard so far. */
export function tallied<H extends Host>(host: H): { readonly host: H; tally(): Tally } {
  const spans = { making: [] as Span[], uploading: [] as Span[] };
  const open = new Map<string, Span>();
  const notes = { "layer-remembered": 0, retry: 0 };

  function follow({ id, stage, finished }: ProgressEvent): void {
    const figure = FIGURES[stage];
    if (!figure) return;
    const key = `${stage} ${id}`;
    const now = host.clock.now();
    const span = open.get(key) ?? { from: now, to: now };
    span.to = now;
    if (!open.has(key)) spans[figure].push(span);
    open.set(key, span);
    if (finished) open.delete(key);
  }

  function hear(event: LogEvent): void {
    if (event.type === "progress") follow(event);
    const name = "details" in event ? event.details?.event : undefined;
    if (name === "layer-remembered" || name === "retry") notes[name] += 1;
  }

  const log = (event: LogEvent) => {
    hear(event);
    host.log(event);
  };
  return {
    host: { ...host, log },
    tally: () => ({
      making: covered(spans.making),
      uploading: covered(spans.uploading),
      cacheHits: notes["layer-remembered"],
      retries: notes.retry,
    }),
  };
}

/** Seconds in at least one of the spans: of two side by side the time counts once. */
function covered(spans: readonly Span[]): number {
  let total = 0;
  let end = Number.NEGATIVE_INFINITY;
  for (const { from, to } of spans.toSorted((one, other) => one.from - other.from)) {
    total += Math.max(0, to - Math.max(from, end));
    end = Math.max(end, to);
  }
  return Math.round(total) / 1000;
}
