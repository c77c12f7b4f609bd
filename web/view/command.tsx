import type { Verifier } from "../state/verifier.ts";
import { CopyButton } from "./copy-button.tsx";

/** The command lines that do the same: page and command are one core. */
export function Commands({ verifier }: { readonly verifier: Verifier }) {
  const file = verifier.file.value;
  if (!file) return null;
  // Of what did not verify, the command extracts nothing either.
  const refused = verifier.phase.value === "judged" && !verifier.mayTake;
  const lines = commandsFor(file.name, file.kind === "bundle", keyFile(verifier)).slice(0, refused ? 2 : 3);
  return (
    <section class="card commands" aria-labelledby="commands-title">
      <h2 id="commands-title">The same on the command line</h2>
      <ul>
        {lines.map((line) => (
          <li key={line}>
            <code>
              <Words of={line} />
            </code>
            <CopyButton compact label={`Copy: ${line}`} text={() => line} />
          </li>
        ))}
      </ul>
    </section>
  );
}

/** A line broken between words only: browsers would part `--` from its option. */
function Words({ of }: { readonly of: string }) {
  return of.split(" ").flatMap((word, index) => [index > 0 ? " " : "", <span key={index}>{word}</span>]);
}

function commandsFor(name: string, isBundle: boolean, key: string | undefined): string[] {
  const file = quoted(name);
  const option = key === undefined ? "" : ` --key ${quoted(key)}`;
  const verify = `sealift bundle verify ${file}${option}`;
  if (!isBundle) return [verify];
  const folder = quoted(name.replace(/\.(bundle|tar)$/, ""));
  return [verify, `sealift bundle info ${file}`, `sealift bundle extract ${file} ./${folder}${option}`];
}

/** As a POSIX shell needs it; most names need nothing. */
function quoted(name: string): string {
  return /^[\w.@%+=:,-]+$/.test(name) && !name.startsWith("-") ? name : `'${name.replaceAll("'", "'\\''")}'`;
}

/** A key picked as a file goes by that file's name; for one that was pasted there is but an example. */
function keyFile(verifier: Verifier): string | undefined {
  const names = verifier.keys.all.value.map(({ name }) => name);
  return names.find((name) => /\.(pub|pem)$/.test(name)) ?? (names.length > 0 ? "release.pub" : undefined);
}
