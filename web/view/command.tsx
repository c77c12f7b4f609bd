import type { Verifier } from "../state/verifier.ts";
import { CopyButton } from "./copy-button.tsx";

/** The command lines that do the same: page and command are one core. */
export function Commands({ verifier }: { readonly verifier: Verifier }) {
  const file = verifier.file.value;
  if (!file) return null;
  // Of what did not verify, the command extracts nothing either.
  const refused = verifier.phase.value === "judged" && !verifier.mayTake;
  const lines = commandsFor(file.name, file.kind === "bundle", keyFiles(verifier)).slice(0, refused ? 2 : 3);
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

function commandsFor(name: string, isBundle: boolean, keys: readonly string[]): string[] {
  const file = quoted(name);
  const option = keys.map((key) => ` --key ${quoted(key)}`).join("");
  const verify = `sealift bundle verify ${file}${option}`;
  if (!isBundle) return [verify];
  const folder = quoted(name.replace(/\.(bundle|tar)$/, ""));
  return [verify, `sealift bundle info ${file}`, `sealift bundle extract ${file} ./${folder}${option}`];
}

/** As a POSIX shell needs it; most names need nothing, and one that looks like an option a folder before it. */
function quoted(name: string): string {
  const path = name.startsWith("-") ? `./${name}` : name;
  return /^[\w./@%+=:,-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

/** Of every trusted key: one picked as a file goes by that file's name; for those pasted there is but an example. */
function keyFiles(verifier: Verifier): readonly string[] {
  const files = verifier.keys.all.value.map(({ name }) => (/\.(pub|pem)$/.test(name) ? name : "release.pub"));
  return [...new Set(files)];
}
