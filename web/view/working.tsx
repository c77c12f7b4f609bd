import type { Verifier } from "../state/verifier.ts";
import type { Progress } from "../worker/protocol.ts";
import { formatSize } from "./format.ts";

/** A file being read: how far, and a way to stop. */
export function Working({ verifier }: { readonly verifier: Verifier }) {
  const file = verifier.file.value;
  const progress = verifier.progress.value;
  return (
    <section class="card working" aria-label="Progress">
      <h1>{progress?.stage ?? "Opening"} …</h1>
      <p class="subject">
        {file?.name} <span class="muted">{formatSize(file?.size ?? 0)}</span>
      </p>
      <ProgressBar progress={progress} label={progress?.stage ?? "Opening"} />
      <button type="button" class="quiet" onClick={() => verifier.close()}>
        Cancel
      </button>
    </section>
  );
}

export function ProgressBar({
  progress,
  label,
}: {
  readonly progress: Progress | undefined;
  readonly label: string;
}) {
  const { done = 0, total = 0 } = progress ?? {};
  const known = total > 0 ? { value: done, max: total } : {};
  return (
    <div class="progress">
      <progress {...known} aria-label={label} />
      <span class="muted numeric">
        {total > 0 ? `${formatSize(done)} of ${formatSize(total)}` : "just begun"}
      </span>
    </div>
  );
}
