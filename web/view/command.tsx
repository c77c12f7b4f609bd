import type { Verifier } from "../state/verifier.ts";
import { CopyButton } from "./copy-button.tsx";

/** The command lines that do the same: page and command are one core. */
export function Commands({ verifier }: { readonly verifier: Verifier }) {
  const file = verifier.file.value;
  if (!file) return null;
  const lines = commandsFor(file.name, file.kind === "bundle", verifier.keys.all.value.length > 0);
  return (
    <section class="card commands" aria-labelledby="commands-title">
      <h2 id="commands-title">The same on the command line</h2>
      <ul>
        {lines.map((line) => (
          <li key={line}>
            <code>{line}</code>
            <CopyButton compact label={`Copy: ${line}`} text={() => line} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function commandsFor(name: string, isBundle: boolean, withKey: boolean): string[] {
  const file = quoted(name);
  const key = withKey ? " --key release.pub" : "";
  const verify = `sealift bundle verify ${file}${key}`;
  if (!isBundle) return [verify];
  const folder = quoted(name.replace(/\.(bundle|tar)$/, ""));
  return [verify, `sealift bundle info ${file}`, `sealift bundle extract ${file} ./${folder}${key}`];
}

/** As a POSIX shell needs it; most names need nothing. */
function quoted(name: string): string {
  return /^[\w.@%+=:,-]+$/.test(name) && !name.startsWith("-") ? name : `'${name.replaceAll("'", "'\\''")}'`;
}
