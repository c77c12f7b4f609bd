import { SealiftError } from "../error.ts";
import type { Descriptor, Platform } from "./descriptor.ts";

export const DEFAULT_PLATFORM: Platform = { os: "linux", architecture: "amd64" };

/** Parses `os/architecture[/variant]`. Throws USAGE. */
export function parsePlatform(text: string): Platform {
  const [os, architecture, variant, ...rest] = text.split("/");
  if (!os || !architecture || rest.length > 0) {
    throw new SealiftError("USAGE", `Cannot read platform "${text}": expected os/architecture[/variant]`);
  }
  return normalise({ os, architecture, ...(variant && { variant }) });
}

export function formatPlatform(platform: Platform): string {
  return [platform.os, platform.architecture, ...(platform.variant ? [platform.variant] : [])].join("/");
}

/**
 * The manifest of an index that runs on `wanted`, best variant first as
 * containerd picks it: arm64 means arm64/v8; a 32-bit arm host runs its own
 * and older variants. Throws PLATFORM_NOT_FOUND, listing what there is.
 */
export function selectPlatform(manifests: readonly Descriptor[], wanted: Platform, what: string): Descriptor {
  const acceptable = acceptableVariants(normalise(wanted));
  let best: Descriptor | undefined;
  let bestRank = Number.POSITIVE_INFINITY;
  for (const descriptor of manifests) {
    if (!descriptor.platform) continue;
    const platform = normalise(descriptor.platform);
    if (platform.os !== wanted.os || platform.architecture !== normalise(wanted).architecture) continue;
    const rank = acceptable.indexOf(platform.variant ?? "");
    if (rank >= 0 && rank < bestRank) {
      best = descriptor;
      bestRank = rank;
    }
  }
  if (best) return best;
  const available = manifests.flatMap(({ platform }) =>
    platform && platform.os !== "unknown" ? [formatPlatform(platform)] : [],
  );
  throw new SealiftError(
    "PLATFORM_NOT_FOUND",
    `Cannot find ${formatPlatform(wanted)} in ${what}: it has ${available.join(", ") || "no platforms"}`,
  );
}

/** Whether two are one platform, however it is spelt. */
export function samePlatform(a: Platform, b: Platform): boolean {
  return formatPlatform(normalise(a)) === formatPlatform(normalise(b));
}

/** One spelling for each platform (containerd's platforms.Normalize). */
function normalise(platform: Platform): Platform {
  const architecture =
    { x86_64: "amd64", "x86-64": "amd64", aarch64: "arm64" }[platform.architecture] ?? platform.architecture;
  let variant = platform.variant;
  if (architecture === "arm64" && (variant === "v8" || variant === "8")) variant = undefined;
  if (architecture === "amd64" && variant === "v1") variant = undefined;
  if (architecture === "arm" && !variant) variant = "v7";
  return { ...platform, architecture, variant };
}

function acceptableVariants(platform: Platform): readonly string[] {
  const variant = platform.variant ?? "";
  const level = Number(/^v(\d+)$/.exec(variant)?.[1] ?? Number.NaN);
  if (platform.architecture === "arm") return descending(level, 5);
  if (platform.architecture === "amd64" && level > 1) return [...descending(level, 2), ""];
  return [variant];
}

function descending(from: number, to: number): string[] {
  const levels: string[] = [];
  for (let level = from; level >= to; level--) levels.push(`v${level}`);
  return levels;
}
