import type { Slices } from "../bytes/slices.ts";
import { counted } from "../error.ts";
import type { Kernels } from "../kernel/kernels.ts";
import type { BlobEntry, GeneratedEntry, PlannedEntry } from "../layout/archive-plan.ts";
import type { BundlePlan } from "../layout/bundle-plan.ts";
import { digestAlgorithm, formatDigest } from "../oci/digest.ts";
import { encodeHeader } from "../tar/encode.ts";
import { paddingOf } from "../tar/header.ts";
import { StreamInput } from "../tar/input.ts";
import { END_OF_ARCHIVE } from "../tar/write.ts";
import type { CheckId } from "../trust/verdict.ts";
import type { Located } from "./locate.ts";
import type { Checks } from "./recorded-checks.ts";

const GENERATED: Readonly<Record<GeneratedEntry["name"], CheckId>> = {
  "oci-layout": "oci-layout",
  "index.json": "index",
  "manifest.json": "docker-manifest",
};

/**
 * Compares every byte of the file with what the plan says it must be: headers,
 * generated files, blobs by digest, padding, the end. One pass, in order.
 */
export async function verifyBytes(
  slices: Slices,
  plan: BundlePlan,
  located: Located,
  verdict: Checks,
  kernels: Kernels,
  onBytes: (done: number) => void,
): Promise<void> {
  const input = new StreamInput(slices.slice());
  try {
    for (const [index, entry] of plan.entries.entries()) {
      const found = located.entries[index];
      if (found && found.name !== entry.name) {
        verdict.fail("layout", entry.name, `${found.name} stands in its place at byte ${found.headerOffset}`);
        return skipRest(plan.entries.slice(index), verdict, "what stands before it is out of order");
      }
      // A changed size would shift all that follows: go by the header here, and report it.
      const size = found?.size ?? entry.size;
      await verifyHeader(input, entry, verdict, kernels);
      await verifyContent(input, entry, size, plan, verdict, kernels);
      await verifyPadding(input, entry.name, paddingOf(size), verdict);
      onBytes(input.position);
      if (input.position >= slices.size && index < plan.entries.length - 1) {
        verdict.fail("layout", entry.name, `the file ends at byte ${slices.size}, after it`);
        return skipRest(plan.entries.slice(index + 1), verdict, "the file ends before it");
      }
    }
    await verifyEnd(input, slices.size, verdict);
  } finally {
    await input.cancel();
  }
}

async function verifyHeader(
  input: StreamInput,
  entry: PlannedEntry,
  verdict: Checks,
  kernels: Kernels,
): Promise<void> {
  const expected = encodeHeader({ name: entry.name, size: entry.size, mode: 0o644 }, kernels);
  const at = input.position;
  const difference = firstDifference(await input.take(expected.length), expected);
  if (difference === undefined) verdict.pass("header", entry.name);
  else
    verdict.fail(
      "header",
      entry.name,
      `its tar header differs from the prescribed one at byte ${at + difference}`,
    );
}

async function verifyContent(
  input: StreamInput,
  entry: PlannedEntry,
  size: number,
  plan: BundlePlan,
  verdict: Checks,
  kernels: Kernels,
): Promise<void> {
  if (entry.bytes) {
    const at = input.position;
    const difference = firstDifference(await input.take(size), entry.bytes);
    const id = GENERATED[entry.name];
    if (difference === undefined) verdict.pass(id, entry.name);
    else verdict.fail(id, entry.name, `it is not what follows from the root, from byte ${at + difference}`);
    return;
  }
  const id = checkIdOf(entry, plan);
  const reason = await digestProblem(input, entry, size, kernels);
  if (reason === undefined) verdict.pass(id, entry.descriptor.digest);
  else verdict.fail(id, entry.descriptor.digest, reason);
}

async function digestProblem(
  input: StreamInput,
  { descriptor }: BlobEntry,
  size: number,
  kernels: Kernels,
): Promise<string | undefined> {
  const algorithm = digestAlgorithm(descriptor.digest);
  const hasher = kernels.hasher(algorithm);
  try {
    let missing = size;
    while (missing > 0) {
      const part = await input.next(missing);
      if (!part) return `the file ends ${missing} bytes before its end`;
      hasher.update(part);
      missing -= part.length;
    }
    if (size !== descriptor.size) return `it has ${counted(size, "byte")}, expected ${descriptor.size}`;
    const actual = formatDigest(algorithm, hasher.digest());
    return actual === descriptor.digest ? undefined : `its content has the digest ${actual}`;
  } finally {
    hasher.release();
  }
}

function checkIdOf({ descriptor }: BlobEntry, plan: BundlePlan): CheckId {
  if (descriptor.digest === plan.root.digest) return "root";
  if (plan.referrers.some(({ digest }) => digest === descriptor.digest)) return "referrer";
  return plan.documents.has(descriptor.digest) ? "manifest" : "blob";
}

async function verifyPadding(
  input: StreamInput,
  name: string,
  length: number,
  verdict: Checks,
): Promise<void> {
  if (length === 0) return;
  const at = input.position;
  const difference = firstDifference(await input.take(length), new Uint8Array(length));
  if (difference === undefined) verdict.pass("padding", name);
  else verdict.fail("padding", name, `the padding after it is not zero at byte ${at + difference}`);
}

async function verifyEnd(input: StreamInput, size: number, verdict: Checks): Promise<void> {
  const at = input.position;
  const difference = firstDifference(await input.take(END_OF_ARCHIVE.length), END_OF_ARCHIVE);
  if (difference !== undefined)
    verdict.fail("padding", "end of archive", `it is not two zero blocks at byte ${at + difference}`);
  else if (input.position < size)
    verdict.fail("layout", "end of archive", `${size - input.position} bytes follow it`);
  else verdict.pass("padding", "end of archive");
}

function skipRest(entries: readonly PlannedEntry[], verdict: Checks, reason: string): void {
  for (const { name } of entries) verdict.skip("blob", name, reason);
}

/** The offset of the first differing byte, the shorter one's length if it ends early; undefined if they are equal. */
function firstDifference(actual: Uint8Array, expected: Uint8Array): number | undefined {
  const length = Math.min(actual.length, expected.length);
  for (let i = 0; i < length; i++) if (actual[i] !== expected[i]) return i;
  return actual.length === expected.length ? undefined : length;
}
