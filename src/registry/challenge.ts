/** One way a server offers to authenticate (RFC 9110 "WWW-Authenticate"). */
export interface Challenge {
  /** Lower case: `bearer`, `basic`. */
  readonly scheme: string;
  /** Names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

const SEPARATORS = /[\s,]*/y;
const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const TOKEN68 = /[ \t]+[A-Za-z0-9\-._~+/]+=*(?=[ \t]*(?:,|$))/y;
// Unquoted values are read leniently: registries in use leave URLs unquoted.
const VALUE = /[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))/y;

/** Reads a WWW-Authenticate header, several challenges in one; what cannot be read is left out. */
export function parseChallenges(header: string): readonly Challenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  let position = 0;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = position;
    const found = pattern.exec(header);
    if (found) position = pattern.lastIndex;
    return found;
  };

  for (match(SEPARATORS); position < header.length; match(SEPARATORS)) {
    const token = match(TOKEN)?.[0].toLowerCase();
    if (token === undefined) {
      position += 1;
      continue;
    }
    const value = match(VALUE);
    if (value) {
      challenges.at(-1)?.parameters.set(token, unquote(value));
    } else {
      challenges.push({ scheme: token, parameters: new Map() });
      match(TOKEN68);
    }
  }
  return challenges;
}

function unquote(value: RegExpExecArray): string {
  return value[1] === undefined ? (value[2] ?? "") : value[1].replace(/\\(.)/g, "$1");
}
