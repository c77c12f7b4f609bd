import { SealiftError } from "../error.ts";
import { withoutLogin } from "../oci/reference.ts";
import { isHttpUrl, shownPath } from "../source/http-file.ts";

/** `scheme://[user:password@]path[?query][#fragment]`, as the sources and sinks take it. */
export interface Uri {
  readonly scheme: string;
  /** A file's path or a registry reference; percent-decoded for files. */
  readonly path: string;
  readonly options: UriOptions;
  /** Which image of several: a name, tag or digest. */
  readonly fragment?: string;
  /** Only for schemes that speak to a registry. */
  readonly username?: string;
  readonly password?: string;
}

export type UriOptions = ReadonlyMap<string, string>;

/** Schemes whose path is a place on disk, where `?` and `%` follow URI rules and `~user@` does not exist. */
const FILE_SCHEMES = new Set([
  ...["tar", "file", "dir", "directory", "oci-layout", "oci-archive", "bundle"],
  ...["oci", "mounts"],
]);

/**
 * Parses a URI. `tar:x` and `tar://x` are the same; `tar://localhost/x` is the
 * path `/x` (RFC 8089). Throws URI_INVALID; messages never show a password.
 */
export function parseUri(text: string): Uri {
  const match = /^([a-z][a-z0-9+.-]*):(?:\/\/)?(.*)$/s.exec(text);
  if (!match) throw invalid(text, "it has no scheme");
  const scheme = match[1] as string;
  let rest = match[2] as string;
  const fragment = cut("#");
  // An archive's address is its server's: nothing in it is ours to decode.
  if (FILE_SCHEMES.has(scheme) && isHttpUrl(rest)) {
    return { scheme, path: rest, options: new Map(), ...(fragment && { fragment: decode(text, fragment) }) };
  }
  const query = cut("?");
  const options = parseOptions(text, query ?? "");
  if (FILE_SCHEMES.has(scheme)) {
    const path = decode(text, rest.replace(/^localhost\//, "/"));
    if (path === "") throw invalid(text, `${scheme}:// needs a path`);
    return { scheme, path, options, ...(fragment && { fragment: decode(text, fragment) }) };
  }
  const credentials = cutCredentials();
  if (rest === "") throw invalid(text, `${scheme}:// needs a name`);
  return {
    scheme,
    path: rest,
    options,
    ...(fragment && { fragment: decode(text, fragment) }),
    ...credentials,
  };

  function cut(mark: string): string | undefined {
    const at = rest.indexOf(mark);
    if (at < 0) return undefined;
    const tail = rest.slice(at + 1);
    rest = rest.slice(0, at);
    return tail;
  }

  function cutCredentials(): { username?: string; password?: string } {
    // Before the first slash, and not the @ of a digest behind a name that has none.
    const userinfo = /^([^/@]*)@(?!sha(?:256|512):[0-9a-f]{64,}$)/.exec(rest);
    if (!userinfo) return {};
    rest = rest.slice(userinfo[0].length);
    const [username = "", ...password] = (userinfo[1] as string).split(":");
    try {
      return { username: decodeURIComponent(username), password: decodeURIComponent(password.join(":")) };
    } catch {
      throw invalid(
        text,
        "its user or password is not percent-encoded correctly",
        "Write %25 for a percent sign.",
      );
    }
  }
}

/** The value of a yes/no option. Throws URI_INVALID. */
export function booleanOption(options: UriOptions, name: string): boolean {
  const value = options.get(name);
  if (value === undefined) return false;
  if (["true", "yes", "1", ""].includes(value)) return true;
  if (["false", "no", "0"].includes(value)) return false;
  throw new SealiftError("URI_INVALID", `Cannot read option ${name}: "${value}" is not true or false`);
}

/** The value of an option that counts something. Throws URI_INVALID. */
export function numberOption(options: UriOptions, name: string): number | undefined {
  const value = options.get(name);
  if (value === undefined) return undefined;
  if (/^[1-9]\d{0,2}$/.test(value)) return Number(value);
  throw new SealiftError(
    "URI_INVALID",
    `Cannot read option ${name}: "${value}" is not a number from 1 to 999`,
  );
}

/** Fails on an option the scheme does not know, so that a typing error is not silently ignored. */
export function allowOptions(uri: Uri, ...known: string[]): void {
  for (const name of uri.options.keys()) {
    if (!known.includes(name)) {
      const list = known.length > 0 ? `it takes ${known.join(", ")}` : "it takes none";
      throw new SealiftError("URI_INVALID", `Cannot use option "${name}" with ${uri.scheme}://: ${list}`);
    }
  }
}

function parseOptions(text: string, query: string): UriOptions {
  const options = new Map<string, string>();
  for (const pair of query.split("&").filter((part) => part !== "")) {
    const [name = "", ...value] = pair.split("=");
    options.set(decode(text, name), decode(text, value.join("=")));
  }
  return options;
}

function decode(text: string, part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw invalid(text, `"${part}" is not percent-encoded correctly`);
  }
}

/** A URI for people: without logins, and without what a query of an archive's address may sign. */
export function shownUri(text: string): string {
  const [, scheme = "", mark = "", rest = text] = /^([a-z][a-z0-9+.-]*)(:(?:\/\/)?)(.*)$/s.exec(text) ?? [];
  if (!FILE_SCHEMES.has(scheme)) return `${scheme}${mark}${withoutLogin(rest)}`;
  return `${scheme}${mark}${shownPath(rest)}`;
}

function invalid(text: string, reason: string, hint?: string): SealiftError {
  return new SealiftError(
    "URI_INVALID",
    `Cannot read URI "${shownUri(text)}": ${reason}`,
    hint ? { hint } : {},
  );
}
