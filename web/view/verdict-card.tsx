import type { Verdict } from "../../src/trust/verdict.ts";
import type { Verifier } from "../state/verifier.ts";
import { Checks } from "./checks.tsx";
import { CopyButton } from "./copy-button.tsx";
import { DigestText } from "./digest-text.tsx";
import { formatSize } from "./format.ts";
import { Icon } from "./icon.tsx";
import { KIND_NAME } from "./words.ts";

/** The verdict first: a word, a sentence, then what it rests on. */
export function VerdictCard({
  verifier,
  verdict,
}: {
  readonly verifier: Verifier;
  readonly verdict: Verdict;
}) {
  const { outcome, subject, signedBy } = verdict;
  return (
    <section class={`card verdict outcome-${outcome}`} aria-labelledby="verdict-word">
      <header>
        <span class="seal">
          <Icon name={outcome} size={34} />
        </span>
        <div>
          <h1 id="verdict-word">{headOf(verdict)}</h1>
          <p class="sentence">
            <DigestText text={bodyOf(verdict)} />
          </p>
        </div>
      </header>
      <dl class="facts">
        <FileFact verifier={verifier} />
        {subject.digest ? (
          <div>
            <dt>Root</dt>
            <dd class="mono">
              {subject.digest}
              <CopyButton compact label="Copy the root digest" text={() => subject.digest ?? ""} />
            </dd>
          </div>
        ) : null}
        {signedBy ? (
          <div>
            <dt>Signed by</dt>
            <dd>
              {verifier.keys.nameOf(signedBy) ?? "a given key"} <span class="mono muted">{signedBy}</span>
            </dd>
          </div>
        ) : null}
      </dl>
      <Checks checks={verdict.checks} />
      <NotCovered items={verdict.notCovered} />
      <footer>
        <CopyButton label="Copy the verdict as JSON" text={() => JSON.stringify(verdict, undefined, 2)} />
      </footer>
    </section>
  );
}

function FileFact({ verifier }: { readonly verifier: Verifier }) {
  const file = verifier.file.value;
  if (!file) return null;
  const kind = file.kind ? `${KIND_NAME[file.kind]}${file.compressed ? ", compressed by gzip" : ""}` : "";
  return (
    <div>
      <dt>File</dt>
      <dd>
        {file.name} <span class="muted">{[kind, formatSize(file.size)].filter(Boolean).join(" · ")}</span>
      </dd>
    </div>
  );
}

/** As many as are read; the rest is in the JSON. */
const SHOWN = 12;

function NotCovered({ items }: { readonly items: readonly string[] }) {
  if (items.length === 0) return null;
  return (
    <div class="not-covered">
      <h2>Not covered</h2>
      <p class="muted">In the file, and under no digest that this verdict rests on:</p>
      <ul>
        {items.slice(0, SHOWN).map((item) => (
          <li key={item}>{item}</li>
        ))}
        {items.length > SHOWN ? <li>and {items.length - SHOWN} more</li> : null}
      </ul>
    </div>
  );
}

/** The verdict's sentence has a head and a body: `Intact but unsigned: every part …`. The head stands large. */
function headOf({ sentence }: Verdict): string {
  return sentence.slice(0, sentence.indexOf(": "));
}

function bodyOf({ sentence, subject }: Verdict): string {
  const body = sentence.slice(sentence.indexOf(": ") + 2);
  const startsWithName = subject.name !== undefined && body.startsWith(subject.name);
  return startsWithName ? body : body.charAt(0).toUpperCase() + body.slice(1);
}
