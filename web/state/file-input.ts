/** What was dropped, picked or pasted: a public key or a file to check, told by its first bytes. */
export type Input =
  | { readonly kind: "key"; readonly pem: string; readonly name: string }
  | { readonly kind: "file"; readonly file: File };

/** PEM files are a few hundred bytes. */
const MAX_KEY_SIZE = 64 * 1024;
const PEM = "-----BEGIN ";

/** Sniffs a file; PEM text is a key, everything else is for the worker to tell. */
export async function sniffInput(file: File): Promise<Input> {
  if (file.size <= MAX_KEY_SIZE) {
    const text = await file.slice(0, MAX_KEY_SIZE).text();
    if (text.trimStart().startsWith(PEM)) return { kind: "key", pem: text, name: file.name };
  }
  return { kind: "file", file };
}

/** A key in pasted text; undefined where there is none. */
export function keyInText(text: string): string | undefined {
  return text.includes(PEM) ? text.slice(text.indexOf(PEM)) : undefined;
}
