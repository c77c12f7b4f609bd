import { ERRORS, isSealiftError, reasonOf, SealiftError } from "../error.ts";
import { annotate } from "../filter/annotate.ts";
import { exclude } from "../filter/exclude.ts";
import type { Filter } from "../filter/filter.ts";
import { splitGlobs } from "../filter/glob.ts";
import { inspect } from "../filter/inspect.ts";
import { normalizeTimestamps } from "../filter/normalize-timestamps.ts";
import { onlyPlatform } from "../filter/only-platform.ts";
import { recompress } from "../filter/recompress.ts";
import { search } from "../filter/search.ts";
import { squash } from "../filter/squash.ts";
import type { Compression } from "../oci/media-type.ts";
import { parsePlatform } from "../oci/platform.ts";
import { FILTERS_HINT, FilterOptions } from "./filter-options.ts";

/** What a filter may take from its surroundings besides its own options. */
export interface FilterDefaults {
  /** SOURCE_DATE_EPOCH, if it is set: seconds since the epoch. */
  readonly sourceDateEpoch?: number;
}

type MakeFilter = (options: FilterOptions, defaults: FilterDefaults) => Filter;

const SECONDS = " of seconds";
const LABEL = "config.label.";

const FILTERS: Readonly<Record<string, MakeFilter>> = {
  "normalize-timestamps": (options, defaults) => {
    options.allow("ts", "timestamp", "clamp", "config");
    const given = options.integer("ts", SECONDS) ?? options.integer("timestamp", SECONDS);
    return normalizeTimestamps({
      seconds: given ?? defaults.sourceDateEpoch ?? 0,
      clamp: options.boolean("clamp"),
      config: options.boolean("config"),
    });
  },
  exclude: (options) => {
    options.allow("pattern");
    return exclude(options.requiredList("pattern").flatMap(splitGlobs));
  },
  search: (options) => {
    options.allow("pattern", "regex", "script-friendly");
    return search({
      pattern: options.required("pattern"),
      regex: options.boolean("regex"),
      scriptFriendly: options.boolean("script-friendly"),
    });
  },
  inspect: (options) => {
    options.allow("file");
    return inspect(options.required("file"));
  },
  squash: (options) => {
    options.allow("from");
    const from = options.integer("from", " of layers") ?? 0;
    if (from < 0) throw options.invalid(`from is not a number of layers: ${from}`);
    return squash(from);
  },
  annotate: (options) => {
    const isLabel = (key: string) => key.startsWith(LABEL);
    const entries = options.entries();
    const labels = entries.filter(([key]) => isLabel(key));
    return annotate({
      annotations: Object.fromEntries(entries.filter(([key]) => !isLabel(key))),
      labels: Object.fromEntries(labels.map(([key, value]) => [key.slice(LABEL.length), value])),
    });
  },
  recompress: (options) => {
    options.allow("format", "level");
    const format = options.required("format");
    if (!isCompression(format)) throw options.invalid(`format is not gzip, zstd or none: "${format}"`);
    return recompress({ format, level: options.integer("level") });
  },
  "only-platform": (options) => {
    options.allow("platform");
    return onlyPlatform(
      options.requiredList("platform").flatMap((list) => list.split(",").map(parsePlatform)),
    );
  },
};

/**
 * Makes a filter from `name` or `name:key=value,key=value`. Names ignore case,
 * and `_` is `-`. Throws USAGE.
 */
export function parseFilter(spec: string, defaults: FilterDefaults = {}): Filter {
  const colon = spec.indexOf(":");
  const name = (colon < 0 ? spec : spec.slice(0, colon)).trim().toLowerCase().replaceAll("_", "-");
  if (name === "")
    throw new SealiftError("USAGE", "Cannot use filter: its specification is empty", { hint: FILTERS_HINT });
  const make = Object.hasOwn(FILTERS, name) ? FILTERS[name] : undefined;
  if (!make) {
    throw new SealiftError(
      "USAGE",
      `Cannot use filter "${name}": there are ${Object.keys(FILTERS).join(", ")}`,
      { hint: FILTERS_HINT },
    );
  }
  return made(name, () => make(new FilterOptions(name, colon < 0 ? "" : spec.slice(colon + 1)), defaults));
}

/** A pattern, a platform, a level that cannot be used says so for itself, but not whose it is. */
function made(name: string, make: () => Filter): Filter {
  const prefix = `Cannot use filter ${name}: `;
  try {
    return make();
  } catch (error) {
    if (!isSealiftError(error) || error.message.startsWith(prefix)) throw error;
    const reason = reasonOf(error).replace(/^Cannot (use|read) /, "");
    const own = error.hint === ERRORS[error.code].hint ? "" : `${error.hint} `;
    const hint = own + FILTERS_HINT;
    throw new SealiftError(error.code, prefix + reason, { cause: error, hint });
  }
}

function isCompression(format: string): format is Compression {
  return format === "gzip" || format === "zstd" || format === "none";
}
