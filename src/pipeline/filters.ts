import { SealiftError } from "../error.ts";
import type { Filter } from "../filter/filter.ts";
import { normalizeTimestamps } from "../filter/normalize-timestamps.ts";

/** What a filter may take from its surroundings besides its own options. */
export interface FilterDefaults {
  /** SOURCE_DATE_EPOCH, if it is set: seconds since the epoch. */
  readonly sourceDateEpoch?: number;
}

type MakeFilter = (options: FilterOptions, defaults: FilterDefaults) => Filter;

const FILTERS: Readonly<Record<string, MakeFilter>> = {
  "normalize-timestamps": (options, defaults) => {
    options.allow("ts", "timestamp", "clamp");
    const seconds = options.integer("ts") ?? options.integer("timestamp") ?? defaults.sourceDateEpoch ?? 0;
    return normalizeTimestamps({ seconds, clamp: options.boolean("clamp") });
  },
};

/**
 * Makes a filter from `name` or `name:key=value,key=value`. A comma begins a
 * new option only where `key=` follows it, so that a value may hold commas.
 * Names ignore case, and `_` is `-`. Throws USAGE.
 */
export function parseFilter(spec: string, defaults: FilterDefaults = {}): Filter {
  const colon = spec.indexOf(":");
  const name = (colon < 0 ? spec : spec.slice(0, colon)).trim().toLowerCase().replaceAll("_", "-");
  if (name === "") throw new SealiftError("USAGE", "Cannot use filter: its specification is empty");
  const make = FILTERS[name];
  if (!make) {
    throw new SealiftError(
      "USAGE",
      `Cannot use filter "${name}": there are ${Object.keys(FILTERS).join(", ")}`,
    );
  }
  return make(new FilterOptions(name, colon < 0 ? "" : spec.slice(colon + 1)), defaults);
}

class FilterOptions {
  readonly #filter: string;
  readonly #values = new Map<string, string>();

  constructor(filter: string, text: string) {
    this.#filter = filter;
    for (const part of text === "" ? [] : text.split(/,(?=[a-z][a-z_-]*=)/i)) {
      const equals = part.indexOf("=");
      if (equals < 1) throw this.#invalid(`"${part}" is not key=value`);
      this.#values.set(part.slice(0, equals).toLowerCase().replaceAll("_", "-"), part.slice(equals + 1));
    }
  }

  allow(...known: string[]): void {
    for (const key of this.#values.keys()) {
      if (!known.includes(key))
        throw this.#invalid(`it has no option "${key}"; it takes ${known.join(", ")}`);
    }
  }

  integer(key: string): number | undefined {
    const value = this.#values.get(key);
    if (value === undefined) return undefined;
    if (!/^-?\d{1,15}$/.test(value))
      throw this.#invalid(`${key} is not a whole number of seconds: "${value}"`);
    return Number(value);
  }

  boolean(key: string): boolean {
    const value = this.#values.get(key) ?? "false";
    if (["true", "yes", "1"].includes(value)) return true;
    if (["false", "no", "0"].includes(value)) return false;
    throw this.#invalid(`${key} is not true or false: "${value}"`);
  }

  #invalid(reason: string): SealiftError {
    return new SealiftError("USAGE", `Cannot use filter ${this.#filter}: ${reason}`);
  }
}
