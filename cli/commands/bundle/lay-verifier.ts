import { dirname, join } from "node:path";
import { writeWhole } from "../../../src/bytes/files.ts";
import { collect } from "../../../src/bytes/stream.ts";
import { isSealiftError, SealiftError } from "../../../src/error.ts";
import type { NodeHost } from "../../host/host.ts";
import { verifierFile } from "../../host/page.ts";

/** Where verify.html goes for a bundle at `path`, and its bytes. */
export interface Verifier {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/**
 * The verifier to be laid beside a bundle. Throws ALREADY_EXISTS if another
 * file has its place: perhaps the receiver's own, of another version.
 */
export async function verifierBeside(bundle: string, force: boolean, host: NodeHost): Promise<Verifier> {
  const bytes = await verifierFile();
  const path = join(dirname(bundle), "verify.html");
  if (force || (await sameAs(path, bytes, host))) return { path, bytes };
  throw new SealiftError("ALREADY_EXISTS", `Cannot write ${path}: there is another file of that name`, {
    hint: "Pass --force to replace it.",
  });
}

export async function layVerifier({ path, bytes }: Verifier, host: NodeHost): Promise<void> {
  await writeWhole(await host.files.createFile(path), once(bytes));
}

/** Whether the file is this one already, or is not there. */
async function sameAs(path: string, bytes: Uint8Array, host: NodeHost): Promise<boolean> {
  const kind = await host.files.kind(path);
  if (kind !== "file") return kind === "none";
  try {
    const there = await collect(await host.files.stream(path), bytes.length, path);
    return there.length === bytes.length && there.every((byte, index) => byte === bytes[index]);
  } catch (error) {
    if (isSealiftError(error, "LIMIT_EXCEEDED")) return false;
    throw error;
  }
}

async function* once(bytes: Uint8Array) {
  yield bytes;
}
