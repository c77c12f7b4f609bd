import { counted } from "../../src/error.ts";
import type { FailedImage } from "../../src/pipeline/several.ts";
import type { Summary } from "../../src/pipeline/summary.ts";
import type { VerifyMode } from "../../src/pipeline/verify-written.ts";
import type { SinkResult } from "../../src/sink/sink.ts";
import { failureObject } from "../output/failure.ts";
import { type Colors, formatSize, shortenDigests, table } from "../output/text.ts";

/** What a run of `process` or `copy` has done. */
export interface RunReport {
  readonly images: readonly SinkResult[];
  readonly failed: readonly FailedImage[];
  readonly summary: Summary & { readonly verified?: VerifyMode };
}

/** For people: the image with each of its layers, and the run in figures. */
export function describeOne({ images, summary }: RunReport, colors: Colors): string {
  const [image] = images;
  return (image ? describeImage(image, colors) : "") + summaryLine(summary);
}

/** For people: a line for each image, those that failed, and the run in figures. */
export function describeSeveral({ images, failed, summary }: RunReport, colors: Colors): string {
  const rows = images.map(({ name, manifest, config, source, layers }) => [
    source ?? name,
    shortenDigests(manifest?.digest ?? config ?? ""),
    counted(layers.length, "layer"),
    formatSize(layers.reduce((total, { size }) => total + size, 0)),
  ]);
  const failures = failed.map(({ name, error }) => `${colors.red("failed")} ${name}: ${error.message}\n`);
  const count = `${images.length}/${images.length + failed.length} images: `;
  return table(rows, [2, 3]) + failures.join("") + summaryLine(summary, count);
}

/** For programs. */
export function severalObject({ images, failed, summary }: RunReport): object {
  const failures = failed.map(({ name, error }) => ({ source: name, ...failureObject(error) }));
  return { images, failed: failures, summary };
}

function summaryLine(summary: RunReport["summary"], images = ""): string {
  const { bytesOut, layers, elapsed } = summary;
  const processed = `Processed ${images}${bytesOut} bytes in ${counted(layers, "layer")} in ${elapsed.toFixed(1)} seconds`;
  return `${[processed, ...summaryParts(summary)].join(", ")}\n`;
}

/** What there is to say of this run beside its size. */
function summaryParts(summary: RunReport["summary"]): string[] {
  const { making, uploading, cacheHits, retries, verified } = summary;
  return [
    ...(making > 0 ? [`made in ${making.toFixed(1)} s`] : []),
    ...(uploading > 0 ? [`uploaded in ${uploading.toFixed(1)} s`] : []),
    ...(cacheHits > 0 ? [`${cacheHits} from the cache`] : []),
    ...(retries > 0 ? [counted(retries, "retry", "retries")] : []),
    ...(verified ? [verified === "full" ? "verified in full" : "verified (quick)"] : []),
  ];
}

function describeImage({ name, manifest, layers, attachments = [] }: SinkResult, colors: Colors): string {
  const rows = layers.map(({ digest, size, outcome }) => [
    `  ${shortenDigests(digest)}`,
    formatSize(size),
    outcome,
  ]);
  const identity = manifest ? `manifest ${manifest.digest}\n` : "";
  const attached = attachments.map((digest) => `attached ${digest}\n`).join("");
  // The manifest's line says it, and the two would not fit one.
  return `${colors.bold(name.replace(`@${manifest?.digest}`, ""))}\n${identity}${attached}${table(rows, [1])}`;
}
