/** Images that none are, by every way that reads one: the same error, and nothing is written. */
import { describe, expect, it } from "vitest";
import { singlePlatform } from "../../../src/image/multi-platform-image.ts";
import { mergedTree } from "../../../src/image/tree-merger.ts";
import { checkImage } from "../../../src/inspect/check.ts";
import { imageInfo } from "../../../src/inspect/info.ts";
import { CORE_SCHEMES } from "../../../src/pipeline/core-schemes.ts";
import { parseFilter } from "../../../src/pipeline/filters.ts";
import { openImage, runPipeline } from "../../../src/pipeline/pipeline.ts";
import { openRawImage } from "../../../src/pipeline/raw-schemes.ts";
import type { RunOptions } from "../../../src/pipeline/schemes.ts";
import { parseUri } from "../../../src/pipeline/uri.ts";
import { BAD_IMAGES, BAD_SAVES, type BadImage, WRONG_SIZE } from "../../bad-images.ts";
import { archiveOf } from "../../host/cli/images.ts";
import { type MemoryHost, memoryHost } from "../../memory-host.ts";

type Way = (source: string, host: MemoryHost) => Promise<unknown>;

const to =
  (sink: string, options: RunOptions = {}, ...filters: string[]): Way =>
  (source, host) =>
    runPipeline(
      { source, sink, filters: filters.map((spec) => parseFilter(spec)) },
      CORE_SCHEMES,
      host,
      options,
    );

const WHOLE = { allPlatforms: true, referrers: true };

const WAYS: Readonly<Record<string, Way>> = {
  "a list of files": async (source, host) => {
    const image = singlePlatform(await openImage(source, CORE_SCHEMES, host, {}), "a list");
    return mergedTree(image, host.kernels);
  },
  "a docker archive": to("tar://out.tar"),
  "a filter": to("oci-archive://out.tar", {}, "normalize-timestamps"),
  "a search": to("oci-archive://out.tar", {}, "search:pattern=*"),
  "a folder": to("dir://out"),
  "a registry": to("registry://localhost:5000/out:1"),
};
const COPIES: Readonly<Record<string, Way>> = {
  "an OCI layout": to("oci-layout://out", WHOLE),
  "an OCI archive": to("oci-archive://out.tar", WHOLE),
};

const raw = (source: string, host: MemoryHost) => openRawImage(parseUri(source), CORE_SCHEMES, host, {});
const info: Way = async (source, host) => imageInfo(await raw(source, host), {}, host);
const check = async (source: string, host: MemoryHost) => checkImage(await raw(source, host), {}, host);

async function hostWith(files: BadImage["files"]): Promise<MemoryHost> {
  return memoryHost({ "bad.tar": archiveOf(files) });
}

async function expectRefused(
  source: string,
  files: BadImage["files"],
  ways: Readonly<Record<string, Way>>,
  expected: Pick<BadImage, "code" | "says">,
) {
  const host = await hostWith(files);
  for (const [name, way] of Object.entries(ways)) {
    const error = await way(source, host).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error, name).toMatchObject({ code: expected.code, message: expect.stringMatching(/^Cannot /) });
    expect((error as Error).message, name).toMatch(expected.says);
    expect([...host.files.files.keys()], name).toEqual(["bad.tar"]);
  }
}

describe("in an OCI archive", () => {
  const source = "oci-archive://bad.tar";

  it.each(BAD_IMAGES)(
    "$what is refused by all that reads it",
    async ({ what, files, code, says, check: found, hasInfo }) => {
      const isConfig = what.startsWith("a config");
      const ways = { ...WAYS, ...(!isConfig && COPIES), ...(!hasInfo && { info }) };
      await expectRefused(source, files, ways, { code, says });
      const host = await hostWith(files);
      if (!found) return expectRefused(source, files, { check }, { code, says });
      const { results } = await check(source, host);
      expect(results).toContainEqual(expect.objectContaining({ severity: "error", check: found }));
    },
  );

  it("an index that says another size of its manifest is refused", () =>
    expectRefused(
      source,
      WRONG_SIZE,
      { ...WAYS, ...COPIES, info },
      { code: "SIZE_MISMATCH", says: "expected 5" },
    ));
});

it.each(BAD_SAVES)("$what is refused by all that reads it", async ({ files, code, says }) => {
  await expectRefused("tar://bad.tar", files, { ...WAYS, ...COPIES }, { code, says });
});
