import type { Taking, Verifier } from "../state/verifier.ts";
import type { TakenAll } from "../worker/protocol.ts";
import { plural } from "./format.ts";
import { Icon } from "./icon.tsx";
import { ProgressBar } from "./working.tsx";

type PickFolder = (options: { id: string; mode: "readwrite" }) => Promise<FileSystemDirectoryHandle>;

/** Chromium has it; elsewhere a zip is the way. */
const pickFolder = (globalThis as { showDirectoryPicker?: PickFolder }).showDirectoryPicker;

/** Everything out at once; bundles have a place for each thing, other archives do not. */
export function TakeAll({ verifier }: { readonly verifier: Verifier }) {
  if (verifier.file.value?.kind !== "bundle" || !verifier.mayTake) return null;
  const busy = verifier.taking.value?.state === "working";
  return (
    <div class="actions">
      <button type="button" class="quiet" disabled={busy} onClick={() => void verifier.takeAll()}>
        <Icon name="save" size={16} />
        Save all as a zip
      </button>
      {pickFolder ? (
        <button type="button" class="quiet" disabled={busy} onClick={() => void intoFolder(verifier)}>
          <Icon name="folder" size={16} />
          Save all into a folder
        </button>
      ) : null}
    </div>
  );
}

async function intoFolder(verifier: Verifier): Promise<void> {
  try {
    // Asked for without a mode, the first prompt would give a folder to read only.
    const folder = await pickFolder?.call(globalThis, { id: "sealift", mode: "readwrite" });
    if (folder) await verifier.takeAll(folder);
  } catch (error) {
    // Closing the picker is no failure.
    if (!(error instanceof DOMException && error.name === "AbortError")) throw error;
  }
}

/** What is being taken out, or became of it. */
export function TakingReport({ verifier }: { readonly verifier: Verifier }) {
  const taking = verifier.taking.value;
  if (!taking) return null;
  return (
    <div class={`taking taking-${taking.state}`} role="status">
      {taking.state === "working" ? (
        <>
          <ProgressBar progress={taking.progress} label={`Taking out ${taking.what}`} />
          <button type="button" class="quiet" onClick={() => verifier.cancelTaking()}>
            Cancel
          </button>
        </>
      ) : (
        <Done taking={taking} />
      )}
    </div>
  );
}

function Done({ taking }: { readonly taking: Exclude<Taking, { state: "working" }> }) {
  if (taking.state === "failed") {
    return (
      <p class="problem">
        {taking.problem.message}. {taking.problem.hint}
      </p>
    );
  }
  const { what, result, folder } = taking;
  if (!result) {
    return (
      <p>
        <Icon name="pass" size={16} /> {what} held, and was handed to the browser to save.
      </p>
    );
  }
  return (
    <>
      <p>
        <Icon name="pass" size={16} /> {plural(result.paths.length, "file")} held, and{" "}
        {folder ? `were written into ${folder}.` : "were handed to the browser to save, as one zip."}
      </p>
      <Refused refused={result.refused} />
    </>
  );
}

function Refused({ refused }: Pick<TakenAll, "refused">) {
  if (refused.length === 0) return null;
  return (
    <details class="refused" open>
      <summary>{plural(refused.length, "thing")} left out</summary>
      <ul>
        {refused.map(({ path, reason }) => (
          <li key={path}>
            <span class="mono">{path}</span> <span class="muted">{reason}</span>
          </li>
        ))}
      </ul>
    </details>
  );
}
