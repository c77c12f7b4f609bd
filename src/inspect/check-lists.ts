import { reasonOf } from "../error.ts";
import { OTHER_IMAGE } from "../layout/list-agreement.ts";
import type { RawGraph } from "../source/raw-image.ts";
import { refuseAborted } from "./check-layer.ts";
import type { Findings } from "./findings.ts";

/** Checks that a manifest.json beside index.json, which docker and podman load by, names the same images. */
export async function checkLists(raw: RawGraph, reads: boolean, findings: Findings): Promise<void> {
  try {
    const found = await raw.disagreements?.(reads);
    if (found?.length === 0) {
      findings.add("info", "docker-manifest", "manifest.json names images that index.json leads to");
    }
    for (const one of found ?? []) findings.add("error", "docker-manifest", `${OTHER_IMAGE}; it ${one}`);
  } catch (error) {
    refuseAborted(error);
    findings.add("error", "docker-manifest", reasonOf(error));
  }
}
