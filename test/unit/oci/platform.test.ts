import { describe, expect, it } from "vitest";
import type { Descriptor } from "../../../src/oci/descriptor.ts";
import type { Digest } from "../../../src/oci/digest.ts";
import { MEDIA_TYPE } from "../../../src/oci/media-type.ts";
import { parsePlatform, selectPlatform } from "../../../src/oci/platform.ts";

function entry(os: string, architecture: string, variant?: string): Descriptor {
  const name = [os, architecture, variant].filter(Boolean).join("/");
  const digest = `sha256:${name}` as Digest;
  return {
    mediaType: MEDIA_TYPE.ociManifest,
    digest,
    size: 1,
    platform: { os, architecture, ...(variant && { variant }) },
  };
}

const select = (wanted: string, ...entries: Descriptor[]) =>
  selectPlatform(entries, parsePlatform(wanted), "app").digest.slice("sha256:".length);

describe("picking a platform's manifest", () => {
  it.each([
    ["linux/amd64", [entry("linux", "arm64"), entry("linux", "amd64")], "linux/amd64"],
    ["linux/arm64", [entry("linux", "arm64", "v8")], "linux/arm64/v8"],
    ["linux/arm64/v8", [entry("linux", "arm64")], "linux/arm64"],
    ["linux/arm/v7", [entry("linux", "arm", "v6"), entry("linux", "arm", "v7")], "linux/arm/v7"],
    ["linux/arm/v7", [entry("linux", "arm", "v5"), entry("linux", "arm", "v6")], "linux/arm/v6"],
    ["linux/arm", [entry("linux", "arm", "v6"), entry("linux", "arm", "v7")], "linux/arm/v7"],
    ["linux/amd64/v3", [entry("linux", "amd64"), entry("linux", "amd64", "v2")], "linux/amd64/v2"],
    ["linux/aarch64", [entry("linux", "arm64")], "linux/arm64"],
    ["windows/amd64", [entry("linux", "amd64"), entry("windows", "amd64")], "windows/amd64"],
  ])("%s of %j is %s", (wanted, entries, expected) => {
    expect(select(wanted, ...entries)).toBe(expected);
  });

  it("takes the first of two that fit alike", () => {
    const first = entry("linux", "amd64");
    expect(
      selectPlatform(
        [first, { ...first, digest: "sha256:second" as Digest }],
        parsePlatform("linux/amd64"),
        "x",
      ),
    ).toBe(first);
  });

  it("never runs a newer variant than the host's, and says what there is", () => {
    expect(() => select("linux/arm/v6", entry("linux", "arm", "v7"), entry("unknown", "unknown"))).toThrow(
      /Cannot find linux\/arm\/v6 in app: it has linux\/arm\/v7$/,
    );
    expect(() => select("linux/amd64", entry("linux", "amd64", "v3"))).toThrow(
      expect.objectContaining({ code: "PLATFORM_NOT_FOUND" }),
    );
  });

  it.each(["linux", "linux/", "/amd64", "a/b/c/d"])("%s is no platform", (text) => {
    expect(() => parsePlatform(text)).toThrow(expect.objectContaining({ code: "USAGE" }));
  });
});
