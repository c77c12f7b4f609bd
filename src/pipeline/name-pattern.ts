/** Whether text names several things: `*` stands for any characters, `/` too, `?` for one. */
export function isPattern(text: string): boolean {
  return /[*?]/.test(text);
}

/**
 * Whether a name is one that the pattern means. Goes back to the last `*` only,
 * so that no pattern takes longer than the product of the two lengths.
 */
export function matchesPattern(name: string, pattern: string): boolean {
  let at = 0;
  let star = -1;
  let taken = 0;
  for (let read = 0; read < name.length; ) {
    if (pattern[at] === "*") {
      star = at++;
      taken = read;
    } else if (pattern[at] === "?" || pattern[at] === name[read]) {
      at++;
      read++;
    } else if (star >= 0) {
      at = star + 1;
      read = ++taken;
    } else return false;
  }
  return /^\**$/.test(pattern.slice(at));
}
