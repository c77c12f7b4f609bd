import { SealiftError } from "../error.ts";

/** For what is wrong with a filter's specification. */
export const FILTERS_HINT = "`sealift help filters` says what each takes.";

/** What follows a filter's name: `key=value,key=value`. All that is wrong with it throws USAGE. */
export class FilterOptions {
  readonly #filter: string;
  readonly #text: string;
  readonly #values = new Map<string, string[]>();

  constructor(filter: string, text: string) {
    this.#filter = filter;
    this.#text = text;
  }

  /**
   * Reads the options, of which there are these. A comma begins a new one only
   * where `key=` follows it, so that a value may hold commas; `_` is `-`.
   */
  allow(...known: string[]): void {
    for (const [name, value] of this.#pairs(/,(?=[a-z][a-z_-]*=)/i)) {
      const key = name.toLowerCase().replaceAll("_", "-");
      if (!known.includes(key))
        throw this.invalid(`it has no option "${key}"; it takes ${known.join(", ") || "none"}`);
      this.#values.set(key, [...(this.#values.get(key) ?? []), value]);
    }
  }

  /** Reads the options as they are, whatever they are called. */
  entries(): readonly (readonly [key: string, value: string])[] {
    const pairs = this.#pairs(/,(?=[a-z][\w./-]*=)/i);
    if (pairs.length === 0) throw this.invalid("it needs KEY=VALUE");
    return pairs;
  }

  /** The option's value; of several the last. */
  text(key: string): string | undefined {
    return this.#values.get(key)?.at(-1);
  }

  required(key: string): string {
    return this.requiredList(key).at(-1) as string;
  }

  /** All values of an option that may be given several times. */
  requiredList(key: string): readonly string[] {
    const values = this.#values.get(key);
    if (!values) throw this.invalid(`it needs ${key}=`);
    if (values.includes("")) throw this.invalid(`${key} is empty`);
    return values;
  }

  /** A whole number; `unit` is for the message. */
  integer(key: string, unit = ""): number | undefined {
    const value = this.text(key);
    if (value === undefined) return undefined;
    if (!/^-?\d{1,15}$/.test(value)) throw this.invalid(`${key} is not a whole number${unit}: "${value}"`);
    return Number(value);
  }

  boolean(key: string): boolean {
    const value = this.text(key) ?? "false";
    if (["true", "yes", "1"].includes(value)) return true;
    if (["false", "no", "0"].includes(value)) return false;
    throw this.invalid(`${key} is not true or false: "${value}"`);
  }

  invalid(reason: string): SealiftError {
    return new SealiftError("USAGE", `Cannot use filter ${this.#filter}: ${reason}`, { hint: FILTERS_HINT });
  }

  #pairs(separator: RegExp): [string, string][] {
    return (this.#text === "" ? [] : this.#text.split(separator)).map((part) => {
      const equals = part.indexOf("=");
      if (equals < 1) throw this.invalid(`"${part}" is not key=value`);
      return [part.slice(0, equals), part.slice(equals + 1)];
    });
  }
}
