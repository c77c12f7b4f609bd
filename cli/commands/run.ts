import { SealiftError } from "../../src/error.ts";
import { parseRemoteReference } from "../../src/oci/reference.ts";
import { isPattern } from "../../src/pipeline/name-pattern.ts";
import { parseUri } from "../../src/pipeline/uri.ts";
import { type NodeHost, nodeHost } from "../host/host.ts";
import { listenForInterruption } from "../host/interruption.ts";
import { createOutput, type Output } from "../output/output.ts";
import type { GlobalOptions, RegistryOptions } from "./options.ts";

/** What a command works with. */
export interface CommandContext {
  readonly host: NodeHost;
  readonly output: Output;
  /** Aborts when the user wants to stop. */
  readonly signal: AbortSignal;
}

/** Does a command's work; resolves to its exit code, 0 if it does not say. */
export type Work = (context: CommandContext) => Promise<number | undefined>;

/**
 * Runs a command: makes the host, reports what fails, and leaves nothing
 * behind. `registries` are those the command names: `--username` is for them.
 */
export async function runCommand(
  options: GlobalOptions & RegistryOptions,
  work: Work,
  registries: () => readonly string[] | Promise<readonly string[]> = () => [],
): Promise<number> {
  const interruption = listenForInterruption();
  const output = createOutput({ ...options, signal: interruption.signal });
  let host: NodeHost | undefined;
  try {
    const named = await registries();
    const flags = flagCredential(options, named);
    const credentials = { named, ...(flags && { flags }) };
    const temporary = options.tempDir ?? process.env.SEALIFT_TEMP_DIR ?? process.env.OCCYSTRAP_TEMP_DIR;
    host = await nodeHost({
      log: output.log,
      signal: interruption.signal,
      credentials,
      ...(temporary && { temporary }),
    });
    return (await work({ host, output, signal: interruption.signal })) ?? 0;
  } catch (error) {
    return output.failure(interruption.signal.aborted ? interruption.signal.reason : error);
  } finally {
    output.stop();
    interruption.dispose();
    await host?.dispose();
  }
}

/** The registry of a reference. */
export function registryOf(reference: string): string[] {
  return [parseRemoteReference(reference).registry];
}

/** The registries among URIs. */
export function registriesIn(...uris: readonly string[]): string[] {
  return uris
    .map(parseUri)
    .filter(({ scheme }) => scheme === "registry")
    .map(({ path }) =>
      namesNoImage(path) ? path.slice(0, path.indexOf("/")) : parseRemoteReference(path).registry,
    );
}

/** A pattern, or a place below which images are put: its registry is always named. */
function namesNoImage(path: string): boolean {
  return path.endsWith("/") || isPattern(path);
}

/** Which registry a flag's password may be shown to must not be a guess. */
function flagCredential({ username, password }: RegistryOptions, named: readonly string[]) {
  if (username === undefined && password === undefined) return undefined;
  if (username === undefined)
    throw new SealiftError("USAGE", "Cannot use --password: there is no --username");
  const [registry, ...others] = new Set(named);
  if (registry === undefined)
    throw new SealiftError("USAGE", "Cannot use --username: the command names no registry");
  if (others.length > 0) {
    throw new SealiftError("USAGE", "Cannot use --username: the command names two registries", {
      hint: "Put each one's credentials into its URI, or log in with docker or podman first.",
    });
  }
  return { registry, username, password: password ?? process.env.SEALIFT_PASSWORD ?? "" };
}
