/** An archive that is one image by index.json and another by manifest.json, as every command takes it. */
import { mkdirSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { archive, rawMember } from "../../unit/tar/raw.ts";
import { Workspace } from "./cli.ts";
import { expectFailure } from "./failure.ts";
import { archiveOf, checkedLayout, type Layout, layoutOf, writeFolder } from "./images.ts";

let work: Workspace;
const layout = (name: string) => layoutOf([archive(rawMember({ name }, name))], { ref: "x:1" });
const [one, two] = [layout("one"), layout("two")];
const pathOf = (digest: string) => `blobs/${digest.replace(":", "/")}`;

/** `one` by index.json; by manifest.json the other. */
function filesOf({ config, layers }: Layout): Map<string, Uint8Array> {
  const entry = {
    Config: pathOf(config.digest),
    RepoTags: ["x:1"],
    Layers: layers.map(({ digest }) => pathOf(digest)),
  };
  return new Map([...two.files, ...one.files, ["manifest.json", Buffer.from(JSON.stringify([entry]))]]);
}

beforeAll(() => {
  work = new Workspace();
  writeFileSync(work.at("same.tar"), archiveOf(filesOf(one)));
  writeFileSync(work.at("other.tar"), archiveOf(filesOf(two)));
  mkdirSync(work.at("other"));
  writeFolder(work.at("other"), filesOf(two));
});
afterAll(() => work.dispose());

const OTHER = "readers of manifest.json load another image than index.json names";

describe("an archive whose two lists disagree", () => {
  it("is not verified, and check finds it: both end with 3", async () => {
    const verified = await work.run(["bundle", "verify", "other.tar"]);
    expect(verified.code).toBe(3);
    expect(verified.stdout).toContain(OTHER);
    for (const source of [
      "tar://other.tar",
      "oci-archive://other.tar",
      "dir://other",
      "oci-layout://other",
    ]) {
      const { code, stdout } = await work.run(["check", source, "--json"]);
      const errors = JSON.parse(stdout).results.filter(
        ({ severity }: { severity: string }) => severity === "error",
      );
      expect([code, errors]).toEqual([3, [expect.objectContaining({ check: "docker-manifest" })]]);
    }
  });

  it.each(["tar://other.tar", "dir://other", "tar://other.tar#x:1"])(
    "is no source that tells the list by its files: %s",
    async (source) => {
      for (const args of [
        ["process", source, "tar://out.tar"],
        ["ls", source],
      ]) {
        await expectFailure(work, args, { code: "LAYOUT_INVALID", exit: 1, says: OTHER });
      }
    },
  );

  it("is none of several images either", async () => {
    const says = OTHER;
    await expectFailure(work, ["process", "tar://other.tar#*", "dir://out"], {
      code: "LAYOUT_INVALID",
      exit: 1,
      says,
    });
    await work.sealift(["process", "oci-archive://other.tar#*", "dir://several"]);
  });

  it("is index.json's image to who asks for that", async () => {
    await work.sealift(["process", "oci-archive://other.tar", "oci-layout://asked"]);
    expect(checkedLayout(work.at("asked")).config).toBe(one.config.digest);
    const { stdout, stderr } = await work.run(["info", "oci-archive://other.tar", "--json"]);
    expect(JSON.parse(stdout).config_digest).toBe(one.config.digest);
    expect(stderr).toMatch(new RegExp(`^warning: ${OTHER}`));
  });
});

describe("an archive whose two lists agree", () => {
  it("is intact, and nothing is said of them", async () => {
    expect((await work.run(["bundle", "verify", "same.tar"])).code).toBe(0);
    expect(await work.json(["check", "tar://same.tar"])).toMatchObject({ errors: 0, warnings: 0 });
    await work.sealift(["process", "tar://same.tar", "oci-layout://same"]);
    expect((await work.run(["info", "tar://same.tar"])).stderr).toBe("");
  });
});
