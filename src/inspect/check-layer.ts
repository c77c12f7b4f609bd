import { tapped } from "../bytes/progress.ts";
import { type ByteStream, drain } from "../bytes/stream.ts";
import { verified } from "../bytes/verified.ts";
import { decompress } from "../compression/decompress.ts";
import { sniffCompression } from "../compression/sniff.ts";
import { bareReasonOf, type ErrorCode, isSealiftError, reasonOf, SealiftError } from "../error.ts";
import type { Host } from "../host.ts";
import { parseWhiteout, type Whiteout } from "../image/whiteout.ts";
import { type Digest, digestAlgorithm, formatDigest } from "../oci/digest.ts";
import { type Compression, declaredCompression } from "../oci/media-type.ts";
import type { RawFile } from "../source/raw-image.ts";
import { HeadReader, truncated } from "../tar/head.ts";
import { paddingOf, type TarHeader } from "../tar/header.ts";
import { StreamInput } from "../tar/input.ts";
import { safeDirectory, safePath } from "../tar/safety.ts";
import { shownName } from "../tar/shown-name.ts";
import type { DuplicateFiles } from "./duplicate-files.ts";
import type { Findings } from "./findings.ts";
import type { LayerLinks } from "./layer-links.ts";

/** What was seen of the image's files so far, in this layer and those below. */
export interface SeenFiles {
  readonly duplicates: DuplicateFiles;
  readonly links: LayerLinks;
}

/** Each kind of fault is told of this many members; the rest are counted. */
const MAX_MEMBERS_TOLD = 10;

/** What a layer is compared with while it is read. */
export interface LayerExpectation {
  readonly diffId: Digest | undefined;
  /** Its table of contents, if it has one. */
  readonly toc?: MemberWatch | undefined;
}

/** What looks at every member of a layer beside the checks of the tar itself. */
export interface MemberWatch {
  /** The input stands at the member's body, of which what is read here is not passed over. */
  member(header: TarHeader, input: StreamInput): Promise<void>;
  /** After the last member of a layer that was read to its end. */
  report(findings: Findings): void;
}

/**
 * Checks a layer's bytes in one pass, and reads on whatever it finds: its
 * digest, its compression, its diff_id, its tar and the members, and the table
 * of contents beside them. Throws ABORTED only.
 */
export async function checkLayer(
  layer: RawFile,
  expected: LayerExpectation,
  seen: SeenFiles,
  findings: Findings,
  host: Host,
): Promise<void> {
  try {
    const { compression, stream } = await sniffCompression(await openChecked(layer, host));
    checkMediaType(layer, compression, findings);
    await checkTar(decompress(stream, host.kernels), layer, expected, seen, findings, host);
  } catch (error) {
    refuseAborted(error);
    seen.links.missing();
    if (!isDigestFault(error) && isPackedFault(error)) {
      // A damaged blob is more than one that was packed badly: the digest tells which it is.
      if (await hasDigest(layer, findings, host)) {
        findings.add("error", "layer-read", `it cannot be decompressed: ${bareReasonOf(error)}`);
      }
    } else readFault(error, findings);
  }
}

async function openChecked({ name, digest, size, open }: RawFile, { kernels }: Host): Promise<ByteStream> {
  const stream = await open();
  return digest ? verified(stream, { digest, ...(size !== undefined && { size }) }, kernels, name) : stream;
}

async function hasDigest(layer: RawFile, findings: Findings, host: Host): Promise<boolean> {
  try {
    await drain(await openChecked(layer, host));
    return true;
  } catch (error) {
    refuseAborted(error);
    readFault(error, findings);
    return false;
  }
}

function readFault(error: unknown, findings: Findings): void {
  if (isDigestFault(error))
    findings.add("error", "layer-digest", `its blob is another: ${bareReasonOf(error)}`);
  else findings.add("error", "layer-read", `it cannot be read: ${bareReasonOf(error)}`);
}

function isDigestFault(error: unknown): boolean {
  return isSealiftError(error, "DIGEST_MISMATCH", "SIZE_MISMATCH");
}

const PACKED_FAULTS: readonly ErrorCode[] = [
  "GZIP_INVALID",
  "GZIP_TRUNCATED",
  "ZSTD_INVALID",
  "ZSTD_TRUNCATED",
];

function isPackedFault(error: unknown): boolean {
  return isSealiftError(error, ...PACKED_FAULTS);
}

/** To be interrupted is no finding. */
export function refuseAborted(error: unknown): void {
  if (isSealiftError(error, "ABORTED") || (error instanceof Error && error.name === "AbortError"))
    throw error;
}

function checkMediaType({ mediaType }: RawFile, actual: Compression, findings: Findings): void {
  if (mediaType === undefined) return;
  const declared = declaredCompression(mediaType);
  const name = { none: "not compressed", gzip: "gzip", zstd: "zstd" };
  if (declared === undefined) {
    findings.add("warning", "layer-media-type", `its media type ${mediaType} is none of a layer's`);
    return;
  }
  findings.judge(
    declared === actual,
    "layer-media-type",
    `it is ${name[actual]}, as its media type says`,
    `its media type says ${name[declared]}, its first bytes say ${name[actual]}`,
  );
}

async function checkTar(
  tar: ByteStream,
  { name }: RawFile,
  { diffId, toc }: LayerExpectation,
  seen: SeenFiles,
  findings: Findings,
  host: Host,
): Promise<void> {
  const algorithm = diffId ? digestAlgorithm(diffId) : "sha256";
  const hasher = host.kernels.hasher(algorithm);
  const report = progress(name, host);
  let done = 0;
  const input = new StreamInput(
    tapped(tar, (chunk) => {
      hasher.update(chunk);
      done += chunk.length;
      report(done, false);
    }),
  );
  try {
    const isWhole = await checkMembers(input, toc, seen, findings, host);
    await input.skip(Number.MAX_SAFE_INTEGER);
    const actual = formatDigest(algorithm, hasher.digest());
    if (diffId) {
      const broken = `its uncompressed content is ${actual}, the config's diff_id is ${diffId}`;
      findings.judge(actual === diffId, "diff-id", `its content is ${diffId}`, broken);
    } else findings.add("error", "diff-id", `the config has no diff_id for its content, ${actual}`);
    if (isWhole) toc?.report(findings);
  } finally {
    report(done, true);
    hasher.release();
    await input.cancel();
  }
}

function progress(id: string, host: Host) {
  return (done: number, finished: boolean) =>
    host.log({ type: "progress", id, stage: "checking", done, finished });
}

const TAR_FAULTS: readonly ErrorCode[] = ["TAR_INVALID", "TAR_TRUNCATED", "LIMIT_EXCEEDED", "UNSUPPORTED"];

/**
 * Looks at every member; whether there was an end behind the last. What ends the
 * archive early is a finding, what ends the stream is thrown.
 */
async function checkMembers(
  input: StreamInput,
  toc: MemberWatch | undefined,
  seen: SeenFiles,
  findings: Findings,
  { kernels }: Host,
): Promise<boolean> {
  const heads = new HeadReader(input, kernels);
  const members = new MemberChecks(seen, findings);
  try {
    for (;;) {
      const head = await heads.next();
      if (head.kind === "end") return true;
      const { header } = head;
      members.check(header);
      const end = input.position + header.size + paddingOf(header.size);
      await toc?.member(header, input);
      await input.skip(end - input.position);
      if (input.position < end) throw truncated(input.position);
    }
  } catch (error) {
    seen.links.missing();
    if (!isSealiftError(error, ...TAR_FAULTS)) throw error;
    findings.add("error", "tar-format", reasonOf(error));
    return false;
  } finally {
    members.end();
  }
}

type MemberCheck =
  | "whiteout"
  | "whiteout-size"
  | "tar-timestamp"
  | "tar-permissions"
  | "tar-path"
  | "tar-link";

interface Told {
  count: number;
  readonly severity: "error" | "warning";
}

/** The checks of one layer's members. */
class MemberChecks {
  readonly #seen: SeenFiles;
  readonly #findings: Findings;
  readonly #told = new Map<MemberCheck, Told>();

  constructor(seen: SeenFiles, findings: Findings) {
    this.#seen = seen;
    this.#findings = findings;
  }

  check(header: TarHeader): void {
    const { name, type, mtime, mode } = header;
    if (mtime < 0)
      this.#tell("error", "tar-timestamp", `${shownName(name)} has the time ${mtime}, before 1970`);
    const runsAsOther = (mode & 0o6000) !== 0 && (mode & 0o002) !== 0 && type !== "symlink";
    if (runsAsOther) {
      const octal = mode.toString(8).padStart(4, "0");
      this.#tell(
        "warning",
        "tar-permissions",
        `${shownName(name)} is setuid or setgid and anyone may write it (${octal})`,
      );
    }
    const path = this.#pathOf(header);
    if (path === undefined) return;
    const whiteout = this.#whiteoutOf(path);
    if (whiteout) this.#place(header, path);
    if (whiteout === "none") {
      if (type === "file") this.#seen.duplicates.add(path);
    } else if (whiteout && header.size > 0) {
      this.#tell("warning", "whiteout-size", `${shownName(name)} is a whiteout and has ${header.size} bytes`);
    }
  }

  /** Says how many more there are of what was told no further. */
  end(): void {
    for (const [check, { count, severity }] of this.#told) {
      const more = count - MAX_MEMBERS_TOLD;
      if (more > 0) this.#findings.add(severity, check, `... and ${more} more`);
    }
  }

  #pathOf({ name, type }: TarHeader): string | undefined {
    try {
      return type === "directory" ? safeDirectory(name, "rooted") : safePath(name, "rooted");
    } catch (error) {
      if (!(error instanceof SealiftError)) throw error;
      // An error, as whatever opens the image here refuses all of it for this one name.
      this.#tell("error", "tar-path", error.message);
      return undefined;
    }
  }

  /** Among what this layer and those below have so far. */
  #place(header: TarHeader, path: string): void {
    const error = this.#seen.links.add(header, path);
    if (!error) return;
    this.#tell("error", error.code === "LIMIT_EXCEEDED" ? "tar-path" : "tar-link", error.message);
  }

  /** Undefined where it is one that names nothing. */
  #whiteoutOf(path: string): Whiteout | "none" | undefined {
    try {
      return parseWhiteout(path) ?? "none";
    } catch {
      this.#tell("error", "whiteout", `${shownName(path)} is a whiteout of nothing`);
      return undefined;
    }
  }

  #tell(severity: "error" | "warning", check: MemberCheck, message: string): void {
    const told = this.#told.get(check) ?? { count: 0, severity };
    this.#told.set(check, told);
    if (++told.count <= MAX_MEMBERS_TOLD) this.#findings.add(severity, check, message);
  }
}
