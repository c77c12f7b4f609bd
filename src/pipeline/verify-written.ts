import { sideBySide } from "../bytes/side-by-side.ts";
import { drain } from "../bytes/stream.ts";
import { ERRORS, isSealiftError, reasonOf, SealiftError } from "../error.ts";
import type { Host } from "../host.ts";
import type { AnyManifest, Image, LayerBlob } from "../image/image.ts";
import { documentOf, isImage, isMultiPlatform } from "../image/multi-platform-image.ts";
import { parseReference, parseRemoteReference, referenceTarget } from "../oci/reference.ts";
import { openRepository } from "../registry/repository.ts";
import { DEFAULT_JOBS } from "../sink/put-manifest.ts";
import type { SinkResult, Unnamed } from "../sink/sink.ts";
import { imageInRepository } from "../source/registry-source.ts";
import type { VerifiedPlace } from "./pipeline.ts";
import type { RunOptions, Schemes } from "./schemes.ts";
import { parseUri, type Uri } from "./uri.ts";
import { registryOptions, selectionOf } from "./uri-options.ts";

/**
 * `quick`: digests of manifests and configs, and that each layer is there, as far as
 * that can be told without reading it: by its size. `full`: every byte is read again.
 */
export type VerifyMode = "quick" | "full";

/** Where the results of a run are. */
export interface Written extends VerifiedPlace {
  /** A URI. */
  readonly destination: string;
}

/** Whether what is put at a destination can be read from there: not what is unpacked, nor what goes down a pipe. */
export function canReadBack(destination: string, { sources }: Schemes): boolean {
  const { scheme, path } = parseUri(destination);
  return Object.hasOwn(sources, scheme) && (scheme === "registry" || !DEVICE.test(path));
}

/** A device or a pipe (/dev/stdout) gives nothing back; what lies in memory does. */
const DEVICE = /^\/dev\/(?!shm\/)/;

/**
 * Reads back what a run has put at its destination, through the destination's
 * own source. Gives false where that cannot be. Throws VERIFICATION_FAILED on content that is not what was put, and what
 * keeps it from being read (UNREACHABLE, DENIED, …) as it is.
 */
export async function verifyWritten(
  written: Written,
  results: readonly SinkResult[],
  mode: VerifyMode,
  schemes: Schemes,
  host: Host,
  options: RunOptions,
): Promise<boolean> {
  const { destination, place, unnamed } = written;
  const uri = { ...parseUri(destination), ...(place !== undefined && { path: place }) };
  const open = schemes.sources[uri.scheme];
  if (!open || !canReadBack(destination, schemes)) return false;
  // A daemon was asked for the image's ID at the end of the load; what it saves is only read to be read whole.
  if (uri.scheme === "docker" && mode === "quick") return true;
  for (const result of results) {
    const back = readBackUri(uri, result);
    const whole = {
      ...options,
      platform: undefined,
      allPlatforms: result.manifest !== undefined,
      referrers: false,
    };
    await verifying(result.name, written, async (fate) => {
      const check = (image: AnyManifest) => checkImage(image, result, mode, host, options);
      if (unnamed) await checkAndName(unnamed, back, check, fate, host, whole);
      else await check(await open(back, host, whole));
    });
  }
  return true;
}

/** In a registry: what belongs to the root before that has its name, and then what the name stands for. */
async function checkAndName(
  { root, giveName }: Unnamed,
  uri: Uri,
  check: (image: AnyManifest) => Promise<void>,
  fate: Fate,
  host: Host,
  options: RunOptions,
): Promise<void> {
  const reference = parseRemoteReference(uri.path);
  const repository = openRepository(host, reference, registryOptions(uri, options));
  await check(await imageInRepository(repository, root, reference, selectionOf(uri, options), host));
  await giveName();
  fate.isNamed = true;
  const { descriptor } = await repository.manifest(referenceTarget(reference));
  requireSame("manifest", descriptor.digest, root.descriptor.digest);
}

/** Options that say how a place is spoken to, not what is to be made there. */
const ACCESS_OPTIONS = ["insecure", "username", "password", "socket", "host"];

/** What was put, by its tag where a tag was moved, else by its digest. */
function readBackUri(uri: Uri, { name, manifest, config }: SinkResult): Uri {
  const { fragment: _, ...place } = uri;
  const options = new Map([...uri.options].filter(([option]) => ACCESS_OPTIONS.includes(option)));
  if (uri.scheme === "docker") return { ...place, options };
  if (uri.scheme === "registry") {
    const [tagged = name] = name.split("@");
    return { ...place, options, path: parseReference(tagged).tag ? tagged : name };
  }
  const digest = manifest?.digest ?? config;
  return { ...place, options, ...(digest && { fragment: digest }) };
}

async function checkImage(
  found: AnyManifest,
  expected: SinkResult,
  mode: VerifyMode,
  host: Host,
  { jobs = DEFAULT_JOBS }: RunOptions,
): Promise<void> {
  if (expected.manifest) {
    requireSame("manifest", (await documentOf(found)).descriptor.digest, expected.manifest.digest);
  }
  if (expected.config && isImage(found)) {
    requireSame("config", (await found.config()).descriptor.digest, expected.config);
  }
  const checks = [...checksOf(found, mode, expected, host)];
  await sideBySide(checks, jobs, async (check) => {
    host.signal?.throwIfAborted();
    await check();
  });
}

type Check = () => Promise<unknown>;

function* checksOf(
  content: AnyManifest,
  mode: VerifyMode,
  expected: SinkResult,
  host: Host,
): Generator<Check> {
  if (isMultiPlatform(content)) {
    for (const member of content.members) yield* checksOf(member.content, mode, expected, host);
  } else if (isImage(content)) {
    yield () => content.config();
    yield* layerChecks(content, mode, expected, host);
  } else {
    for (const blob of content.blobs) yield () => checkBlob(blob, mode, host);
  }
}

function* layerChecks(
  { layers, assembled }: Image,
  mode: VerifyMode,
  expected: SinkResult,
  host: Host,
): Generator<Check> {
  for (const [index, layer] of layers.entries()) {
    if (mode === "full") yield async () => drain(await layer.stream());
    else if (!assembled) yield async () => checkBlob(await layer.blob(), mode, host);
    else
      yield async () => {
        const { digest, size } = await layer.tar();
        requireSame("layer", digest, expected.layers[index]?.digest);
        requireSame(`size of ${digest}`, size, expected.layers[index]?.size);
      };
  }
}

async function checkBlob(blob: LayerBlob, mode: VerifyMode, host: Host): Promise<void> {
  if (mode === "full") await drain(await blob.open());
  else if (!(await isThereSoon(blob, host))) throw failed(`${blob.digest} is not there`);
}

/** Milliseconds: some registries show what they took only after a moment. */
const MOMENTS = [100, 400, 1500];

async function isThereSoon({ isThere }: LayerBlob, { clock, signal }: Host): Promise<boolean> {
  if (!isThere || (await isThere())) return true;
  for (const moment of MOMENTS) {
    await clock.sleep(moment);
    signal?.throwIfAborted();
    if (await isThere()) return true;
  }
  return false;
}

function requireSame<T extends string | number>(what: string, found: T, expected: T | undefined): void {
  if (found !== expected) throw failed(`its ${what} is ${found}, expected ${expected}`);
}

/** What becomes of what is refused. */
interface Fate {
  isNamed: boolean;
}

/** What is wrong with content means that it was not verified, however it shows. */
async function verifying(
  name: string,
  { place, takesBack, unnamed }: VerifiedPlace,
  work: (fate: Fate) => Promise<void>,
): Promise<void> {
  const fate: Fate = { isNamed: place === undefined && unnamed === undefined };
  try {
    await work(fate);
  } catch (error) {
    if (error instanceof SealiftError && KEPT.includes(error.code)) throw error;
    const reason = place === undefined ? reasonOf(error) : reasonOf(error).replaceAll(place, name);
    const stays = takesBack ? "It was taken off the layout's list." : "It stands there all the same.";
    const said = fate.isNamed ? stays : "It was not given its name.";
    throw new SealiftError("VERIFICATION_FAILED", `Cannot verify ${name}: ${reason}`, {
      cause: error,
      hint: `${said} ${adviceOf(error) ?? "`sealift check` on the source tells whether the fault is in it."}`,
    });
  }
}

/** What a place said that knew better than its error's code does. */
function adviceOf(error: unknown): string | undefined {
  return isSealiftError(error) && error.hint !== ERRORS[error.code].hint ? error.hint : undefined;
}

const KEPT: readonly string[] = [
  "ABORTED",
  "UNSUPPORTED",
  "UNREACHABLE",
  "UNAUTHORIZED",
  "DENIED",
  "RATE_LIMITED",
  "NO_SPACE",
];

function failed(reason: string): SealiftError {
  return new SealiftError("VERIFICATION_FAILED", reason);
}
