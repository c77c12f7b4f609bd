import type { Check, CheckId } from "../../src/trust/verdict.ts";
import { plural } from "./format.ts";
import { Icon } from "./icon.tsx";
import { CHECK_NAME } from "./words.ts";

/** More rows than anyone reads make the page slow; the JSON has them all. */
const SHOWN = 50;

/** What failed, then what was skipped, each by itself; what passed, counted by kind. */
export function Checks({ checks }: { readonly checks: readonly Check[] }) {
  const failed = checks.filter(({ outcome }) => outcome === "fail");
  const skipped = checks.filter(({ outcome }) => outcome === "skipped");
  const passed = [...byId(checks.filter(({ outcome }) => outcome === "pass"))];
  return (
    <div class="checks">
      {failed.length + skipped.length > 0 ? (
        <ul aria-label="Checks that did not pass">
          <Singles checks={failed} />
          <Singles checks={skipped} />
        </ul>
      ) : null}
      {passed.length > 0 ? (
        <ul class="passed" aria-label="Checks that passed">
          {passed.map(([id, group]) => (
            <Passed key={id} id={id} group={group} />
          ))}
        </ul>
      ) : null}
    </div>
  );
}

const WORD = { pass: "Passed", fail: "Failed", skipped: "Skipped" } as const;

function Singles({ checks }: { readonly checks: readonly Check[] }) {
  return (
    <>
      {checks.slice(0, SHOWN).map((check) => (
        <li key={`${check.id} ${check.object}`} class={`check check-${check.outcome}`}>
          <Icon name={check.outcome} size={18} />
          <div>
            <p>
              <span class="visually-hidden">{WORD[check.outcome]}: </span>
              <strong>{CHECK_NAME[check.id][0]}</strong> <span class="mono object">{check.object}</span>
            </p>
            <p class="reason">{check.reason}</p>
          </div>
        </li>
      ))}
      {checks.length > SHOWN ? <li class="check muted">and {checks.length - SHOWN} more</li> : null}
    </>
  );
}

function Passed({ id, group }: { readonly id: CheckId; readonly group: readonly Check[] }) {
  return (
    <li class="check check-pass">
      <Icon name="pass" size={18} />
      <details>
        <summary>
          <span class="visually-hidden">{WORD.pass}: </span>
          <strong>{CHECK_NAME[id][1]}</strong> <span class="muted">{plural(group.length, "check")}</span>
        </summary>
        <ul class="mono">
          {group.slice(0, SHOWN).map(({ object }) => (
            <li key={object}>{object}</li>
          ))}
          {group.length > SHOWN ? <li>and {group.length - SHOWN} more</li> : null}
        </ul>
      </details>
    </li>
  );
}

function byId(checks: readonly Check[]): Map<CheckId, Check[]> {
  const groups = new Map<CheckId, Check[]>();
  for (const check of checks) {
    const group = groups.get(check.id);
    if (group) group.push(check);
    else groups.set(check.id, [check]);
  }
  return groups;
}
