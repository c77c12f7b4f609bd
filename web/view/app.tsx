import type { Verifier } from "../state/verifier.ts";
import { ChooseButton } from "./choose-button.tsx";
import { Commands } from "./command.tsx";
import { DropZone } from "./drop-zone.tsx";
import { Empty } from "./empty.tsx";
import { Failed } from "./failed.tsx";
import { Inside } from "./inside.tsx";
import { KeysPanel } from "./keys-panel.tsx";
import { Logo } from "./logo.tsx";
import { VerdictCard } from "./verdict-card.tsx";
import { Working } from "./working.tsx";

interface AppProps {
  readonly verifier: Verifier;
  /** Served by a registry, whose holdings are one click away. */
  readonly registry: boolean;
}

export function App({ verifier, registry }: AppProps) {
  const phase = verifier.phase.value;
  return (
    <>
      <DropZone verifier={verifier} />
      <header class="top">
        <button type="button" class="brand" onClick={() => verifier.close()}>
          <Logo />
          <span>
            Sealift <span class="muted">verifier</span>
          </span>
        </button>
        <nav>
          {phase === "empty" ? null : (
            <ChooseButton label="Another file to check" onFiles={(files) => void verifier.give(files)}>
              Check another
            </ChooseButton>
          )}
          {registry ? <a href="/repositories">This registry</a> : null}
        </nav>
      </header>
      <main class={`phase-${phase}`}>
        <Announcement verifier={verifier} />
        <div class="main">
          <Phase verifier={verifier} />
        </div>
        <div class="side">
          <KeysPanel verifier={verifier} />
          <Commands verifier={verifier} />
        </div>
      </main>
      <footer class="bottom">
        <p>Checked by the page itself, with no network: switch it off and try.</p>
      </footer>
    </>
  );
}

function Phase({ verifier }: { readonly verifier: Verifier }) {
  const verdict = verifier.verdict.value;
  switch (verifier.phase.value) {
    case "empty":
      return <Empty verifier={verifier} />;
    case "failed":
      return <Failed verifier={verifier} />;
    case "working":
      return (
        <>
          <Working verifier={verifier} />
          <Inside verifier={verifier} />
        </>
      );
    case "judged":
      return (
        <>
          {verdict ? <VerdictCard verifier={verifier} verdict={verdict} /> : null}
          <Inside verifier={verifier} />
        </>
      );
  }
}

/** What a reader of the page hears, wherever they are in it. */
function Announcement({ verifier }: { readonly verifier: Verifier }) {
  const text = verifier.verdict.value?.sentence ?? verifier.problem.value?.message ?? "";
  return (
    <p class="visually-hidden" role="status" aria-live="polite">
      {text}
    </p>
  );
}
