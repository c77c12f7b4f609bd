import type { Verifier } from "../state/verifier.ts";
import { ChooseButton } from "./choose-button.tsx";
import { DigestText } from "./digest-text.tsx";
import { Icon } from "./icon.tsx";

/** There is no verdict: the file could not be read, or is none of ours. */
export function Failed({ verifier }: { readonly verifier: Verifier }) {
  const { message = "", hint = "" } = verifier.problem.value ?? {};
  return (
    <section class="card failed" aria-labelledby="failed-title">
      <header>
        <span class="seal">
          <Icon name="untrusted" size={34} />
        </span>
        <div>
          <h1 id="failed-title">No verdict</h1>
          <p class="sentence">
            <DigestText text={message} />.
          </p>
          {hint ? <p class="muted">{hint}</p> : null}
          {verifier.file.value ? <p class="muted">{verifier.file.value.name}</p> : null}
        </div>
      </header>
      <ChooseButton
        kind="primary"
        label="Another file to check"
        onFiles={(files) => void verifier.give(files)}
      >
        Choose another file
      </ChooseButton>
    </section>
  );
}
