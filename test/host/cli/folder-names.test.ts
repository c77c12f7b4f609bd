/** dir:// as a folder of many images: none takes another's place, and each is read by its own name alone. */
import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { archive, rawMember } from "../../unit/tar/raw.ts";
import { Workspace } from "./cli.ts";
import { expectFailure } from "./failure.ts";
import { checkedDockerSave, dockerArchive, sha256, unpack } from "./images.ts";

let work: Workspace;
const ids: Record<string, string> = {};

beforeAll(() => {
  work = new Workspace();
  for (const name of ["one", "two"]) {
    const layer = archive(rawMember({ name }, name.repeat(2_000)));
    writeFileSync(work.at(`${name}.tar`), dockerArchive([layer], `${name}:1`));
    ids[name] = checkedDockerSave(unpack(work.at(`${name}.tar`), work.at(`${name}-files`))).config;
  }
});
afterAll(() => work.dispose());

const put = (image: string, folder: string, name: string, unique = true) => [
  "process",
  `tar://${image}.tar`,
  `dir://${folder}${unique ? "?unique_names=true" : ""}#${name}`,
];
const catalogOf = (folder: string) => JSON.parse(readFileSync(work.at(folder, "catalog.json"), "utf8"));
const idOf = async (folder: string, name: string) =>
  (await work.json(["info", `dir://${folder}#${name}`])).config_digest;

describe("an image whose file or line of the catalogue belongs to one of another name", () => {
  it.each([
    ["another registry's", "team1/app:1", "h.io/team1/app:1"],
    ["a longer name with a shorter tag", "app-web:1", "app:web-1"],
    ["a slash for an underscore", "a/b:1", "a_b:1"],
    ["the catalogue's name, in manifest.json", "team1/app:1", "h.io/team1/app:1", false],
  ])("%s, is refused, and nothing changes", async (_, first, second, unique = true) => {
    const folder = `refused-${sha256(Buffer.from(first + second + unique)).slice(0, 9)}`;
    await work.sealift(put("one", folder, first, unique));
    const says = new RegExp(`another image, ${first}, stands in manifest`);
    await expectFailure(work, put("two", folder, second), { code: "ALREADY_EXISTS", exit: 1, says });
    expect(await idOf(folder, first)).toBe(ids.one);
  });

  it("is refused where manifest.json would take its line of the catalogue", async () => {
    await work.sealift(put("one", "line", "team1/app:1"));
    await expectFailure(work, put("two", "line", "h.io/team1/app:1", false), {
      code: "ALREADY_EXISTS",
      exit: 1,
    });
  });

  it("is refused where the two are written at once, be the folder there before or not", async () => {
    for (const folder of ["fresh", "present"]) {
      if (folder === "present") await work.sealift(put("one", folder, "before:1"));
      const names = ["a-b:1", "a:b-1", "x.io/a-b:1", "y.io/a:b-1"];
      const results = await Promise.all(
        names.map((name, at) => work.run(put(at % 2 === 0 ? "one" : "two", folder, name))),
      );
      const written = results.flatMap(({ code }, at) => (code === 0 ? [at] : []));
      expect(written).toHaveLength(1);
      for (const { code, stderr } of results) if (code !== 0) expect(stderr).toContain("ALREADY_EXISTS");
      const [at = 0] = written;
      expect(await idOf(folder, names[at] as string)).toBe(at % 2 === 0 ? ids.one : ids.two);
    }
  });

  it("but one of its own name takes its place, however that is spelled", async () => {
    await work.sealift(put("one", "again", "team/app:1"));
    for (const [image, name] of [
      ["two", "docker.io/team/app:1"],
      ["one", "team/app:1"],
    ] as const) {
      await work.sealift(put(image, "again", name));
      expect(catalogOf("again")).toEqual({ "team/app": { "1": "manifest-team_app-1.json" } });
      expect(await idOf("again", "team/app:1")).toBe(ids[image]);
    }
  });

  it("and so it does in a folder that occystrap wrote, whose RepoTags are shorter", async () => {
    await work.sealift(put("one", "theirs", "team/app:1"));
    const file = work.at("theirs", "manifest-team_app-1.json");
    const [entry] = JSON.parse(readFileSync(file, "utf8"));
    writeFileSync(file, JSON.stringify([{ ...entry, RepoTags: ["app:1"] }]));
    await work.sealift(put("two", "theirs", "team/app:1"));
    expect(await idOf("theirs", "team/app:1")).toBe(ids.two);
  });

  it("and so it does where its file was damaged", async () => {
    await work.sealift(put("one", "damaged", "team/app:1"));
    writeFileSync(work.at("damaged", "manifest-team_app-1.json"), "damaged");
    await work.sealift(put("two", "damaged", "team/app:1"));
    expect(await idOf("damaged", "team/app:1")).toBe(ids.two);
  });
});

describe("an image of a folder is read", () => {
  it("by its full name or the catalogue's, and not by another registry's", async () => {
    await work.sealift(put("one", "full", "h.io/team1/app:1"));
    for (const name of ["h.io/team1/app:1", "team1/app:1"]) expect(await idOf("full", name)).toBe(ids.one);
    for (const name of ["docker.io/team1/app:1", "g.io/team1/app:1", "app:1", "h.io/app:1"]) {
      await expectFailure(work, ["info", `dir://full#${name}`], { code: "NOT_FOUND", exit: 5 });
    }
  });

  it("by no name that the catalogue alone has for it", async () => {
    await work.sealift(put("two", "stale", "app:web-1"));
    const catalog = { "app-web": { "1": "manifest-app-web-1.json" }, ...catalogOf("stale") };
    writeFileSync(work.at("stale", "catalog.json"), JSON.stringify(catalog));
    await expectFailure(work, ["info", "dir://stale#app-web:1"], {
      code: "NOT_FOUND",
      exit: 5,
      says: /it has app:web-1$/m,
    });
    expect(await idOf("stale", "app:web-1")).toBe(ids.two);
  });

  it("by its own name before another's line of the catalogue", async () => {
    await work.sealift(put("one", "mixed", "team1/app:1", false));
    await work.sealift(put("two", "mixed", "h.io/team1/other:1"));
    const [entry] = JSON.parse(readFileSync(work.at("mixed", "manifest-team1_other-1.json"), "utf8"));
    const file = "manifest-team1_app-1.json";
    const other = { ...entry, RepoTags: ["h.io/team1/app:1"], ImageName: "team1/app" };
    writeFileSync(work.at("mixed", file), JSON.stringify([other]));
    writeFileSync(work.at("mixed", "catalog.json"), JSON.stringify({ "team1/app": { "1": file } }));
    expect(await idOf("mixed", "team1/app:1")).toBe(ids.one);
    expect(await idOf("mixed", "h.io/team1/app:1")).toBe(ids.two);
  });

  it("by a part of its name, as occystrap's RepoTags have it, where no other has that part", async () => {
    for (const [image, name] of [
      ["one", "team1/app:1"],
      ["two", "team2/app:1"],
    ] as const) {
      await work.sealift(put(image, "parts", name));
      const file = work.at("parts", `manifest-${name.replace("/", "_").replace(":", "-")}.json`);
      const [entry] = JSON.parse(readFileSync(file, "utf8"));
      writeFileSync(file, JSON.stringify([{ ...entry, RepoTags: ["app:1"] }]));
      if (image === "one") expect(await idOf("parts", "app:1")).toBe(ids.one);
    }
    await expectFailure(work, ["info", "dir://parts#app:1"], {
      code: "NOT_FOUND",
      exit: 5,
      says: "team1/app:1, team2/app:1",
    });
    expect(await idOf("parts", "team2/app:1")).toBe(ids.two);
  });
});
