import { join } from "node:path";
import type { Credential, Credentials, LogEvent } from "../../src/host.ts";
import { credentialsInFile } from "./auth-file.ts";
import { configCredential } from "./config-credential.ts";
import { ghCredential } from "./gh-credential.ts";
import { loginFile } from "./login-file.ts";
import { canonicalRegistry } from "./registry-name.ts";

export interface CredentialSources {
  /** `--username` and `--password`, for the one registry they are given for. */
  readonly flags?: { readonly registry: string; readonly username: string; readonly password: string };
  /** The registries the command names. */
  readonly named?: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The user's home directory. */
  readonly home: string;
  readonly log: (event: LogEvent) => void;
}

/** Ours, then the names the tools before us used. */
const PREFIXES = ["SEALIFT_", "OCCYSTRAP_", "PAKTO_REGISTRY_", "PACTO_REGISTRY_"];

/**
 * Credentials of this machine's user: flags, environment, then the files and
 * helpers of `stored`, in this order. Each is for one registry, and goes to
 * no other: those of the environment to the one SEALIFT_REGISTRY names, else to
 * the registry the command names if that is only one. What cannot be read is
 * warned of, and never in the way.
 */
export function nodeCredentials(sources: CredentialSources): Credentials {
  const warned = new Set<string>();
  const warn = (message: string) => {
    if (!warned.has(message)) sources.log({ type: "warning", message });
    warned.add(message);
  };
  return {
    async find(registry) {
      const wanted = canonicalRegistry(registry);
      const found = [...fromFlags(sources, wanted), ...fromEnvironment(sources, wanted, warn)];
      const kept = await Promise.all(stored(sources, warn).map((source) => source(wanted)));
      return withoutDoubles([...found, ...kept.flat()]);
    },
  };
}

function fromFlags({ flags }: CredentialSources, wanted: string): readonly Credential[] {
  if (!flags || canonicalRegistry(flags.registry) !== wanted) return [];
  return [{ username: flags.username, password: flags.password, origin: "flags" }];
}

function fromEnvironment(
  { env, named = [], flags }: CredentialSources,
  wanted: string,
  warn: (message: string) => void,
): readonly Credential[] {
  const credential = environmentCredential(env, warn, flags !== undefined);
  if (!credential) return [];
  const registries = new Set(named.map(canonicalRegistry));
  const bound = env.SEALIFT_REGISTRY ? canonicalRegistry(env.SEALIFT_REGISTRY) : soleOf(registries);
  if (bound === undefined) {
    warn(
      "The environment's credentials are not used: the command does not name exactly one registry. " +
        "Set SEALIFT_REGISTRY to the one they are for.",
    );
  }
  return bound === wanted ? [credential] : [];
}

function environmentCredential(
  env: CredentialSources["env"],
  warn: (message: string) => void,
  hasFlags: boolean,
): Credential | undefined {
  for (const prefix of PREFIXES) {
    const username = env[`${prefix}USERNAME`];
    const password = env[`${prefix}PASSWORD`];
    const token = env[`${prefix}TOKEN`];
    if (token) return { username: "", password: token, kind: "bearer-token", origin: "environment" };
    if (username && password) return { username, password, origin: "environment" };
    // With --username, the password may well be the environment's.
    if ((username || password) && !hasFlags) {
      warn(`${prefix}${username ? "USERNAME" : "PASSWORD"} is not used: it takes user name and password.`);
    }
  }
  return undefined;
}

/** Looks a registry up in one place. */
type Find = (registry: string) => Promise<readonly Credential[]>;

/** Where logins are kept: ours, those of the tools before us, GitHub's command line, docker's, podman's. */
function stored({ env, home }: CredentialSources, warn: (message: string) => void): readonly Find[] {
  const config = env.XDG_CONFIG_HOME || join(home, ".config");
  const file =
    (path: string, expected = false): Find =>
    (registry) =>
      credentialsInFile({ path, expected }, registry, warn);
  const settings =
    (path: string): Find =>
    async (registry) =>
      listOf(await configCredential(path, registry, env, warn));
  return [
    file(loginFile(env, home)),
    settings(join(config, "sealift", "sealift.yaml")),
    settings("/etc/sealift/sealift.yaml"),
    file(join(config, "pacto", "config.json")),
    settings(join(config, "pakto", "pakto.yaml")),
    settings("/etc/pakto/pakto.yaml"),
    async (registry) => listOf(await ghCredential(registry, env)),
    file(join(env.DOCKER_CONFIG || join(home, ".docker"), "config.json")),
    ...(env.REGISTRY_AUTH_FILE ? [file(env.REGISTRY_AUTH_FILE, true)] : []),
    ...(env.XDG_RUNTIME_DIR ? [file(join(env.XDG_RUNTIME_DIR, "containers", "auth.json"))] : []),
    file(join(config, "containers", "auth.json")),
  ];
}

function listOf(credential: Credential | undefined): readonly Credential[] {
  return credential ? [credential] : [];
}

function soleOf(registries: ReadonlySet<string>): string | undefined {
  return registries.size === 1 ? [...registries][0] : undefined;
}

// A password refused once is not tried again from a second file: registries lock accounts.
function withoutDoubles(found: readonly Credential[]): readonly Credential[] {
  return found.filter((credential, index) => {
    const same = ({ username, password, kind }: Credential) =>
      username === credential.username && password === credential.password && kind === credential.kind;
    return found.findIndex(same) === index;
  });
}
