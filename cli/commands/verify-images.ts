import { isSealiftError, SealiftError } from "../../src/error.ts";
import type { Host } from "../../src/host.ts";
import type { RunOptions, Schemes } from "../../src/pipeline/schemes.ts";
import { parseUri } from "../../src/pipeline/uri.ts";
import {
  canReadBack,
  type VerifyMode,
  verifyWritten,
  type Written,
} from "../../src/pipeline/verify-written.ts";
import type { SinkResult } from "../../src/sink/sink.ts";

/** What was asked for; quick, which reads no layer, where nothing was. */
export interface Verification {
  readonly mode?: VerifyMode;
  readonly asked: boolean;
}

/** What `--verify`, `--verify=full` and `--no-verify` ask for. */
export function verifyOption({ verify, verifyFull }: VerifyOptions): Verification {
  if (verifyFull) return { mode: "full", asked: true };
  if (verify === false) return { asked: true };
  return { mode: "quick", asked: verify === true };
}

interface VerifyOptions {
  /** Undefined where neither it nor its opposite was given. */
  readonly verify?: boolean;
  readonly verifyFull?: boolean;
}

/** Refuses a verification that cannot be, before anything is written. Throws UNSUPPORTED. */
export function refuseUnverifiable(
  destination: string,
  { mode, asked }: Verification,
  schemes: Schemes,
): void {
  const isKnown = Object.hasOwn(schemes.sinks, parseUri(destination).scheme);
  if (!mode || !asked || !isKnown || canReadBack(destination, schemes)) return;
  throw new SealiftError(
    "UNSUPPORTED",
    `Cannot verify ${destination}: what is written there cannot be read back as an image`,
    { hint: "Leave out --verify." },
  );
}

/**
 * Verifies what was written as far as was asked for; gives what was done.
 * A registry that one may write to but not read from, and a pipe, are no
 * failure where nobody asked. Throws as `verifyWritten`.
 */
export async function verifyImages(
  written: Written,
  images: readonly SinkResult[],
  { mode, asked }: Verification,
  schemes: Schemes,
  host: Host,
  options: RunOptions,
): Promise<VerifyMode | undefined> {
  if (!mode) return undefined;
  try {
    return (await verifyWritten(written, images, mode, schemes, host, options)) ? mode : undefined;
  } catch (error) {
    if (asked || !isSealiftError(error, "UNAUTHORIZED", "DENIED", "UNSUPPORTED")) throw error;
    if (error.code !== "UNSUPPORTED") {
      host.log({ type: "warning", message: `Not verified: ${error.message}` });
    }
    return undefined;
  }
}
