/** What Node has compiled of the command is kept for the next run, by nobody but the user. */
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import module from "node:module";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Workspace } from "./cli.ts";
import { archiveOf, smallLayout } from "./images.ts";

let work: Workspace;
beforeAll(() => {
  work = new Workspace();
  writeFileSync(work.at("app.tar"), archiveOf(smallLayout().files));
});
afterAll(() => work.dispose());

const list = (cache: string) =>
  work.sealift(["ls", "oci-archive://app.tar", "--no-cache"], { env: { XDG_CACHE_HOME: work.at(cache) } });
const compiled = (cache: string) => work.at(cache, "sealift", "compiled");

/** Files below a folder. */
function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

describe.skipIf(!module.enableCompileCache)("what was compiled", () => {
  test("lies beside the user's other caches and not among temporary files, in a folder that is the user's", async () => {
    const env = { XDG_CACHE_HOME: work.at("cache") };
    await work.sealift(["ls", "oci-archive://app.tar", "--no-cache"], { env, umask: "000" });
    expect(filesIn(compiled("cache"))).not.toEqual([]);
    expect(work.temporaryFiles()).toEqual([]);
    for (const folder of ["cache", "cache/sealift", "cache/sealift/compiled"])
      expect(statSync(work.at(folder)).mode & 0o077, folder).toBe(0);
  });

  test("is used by the next run, which adds nothing", async () => {
    const first = await list("again");
    const kept = filesIn(compiled("again"));
    expect(await list("again")).toBe(first);
    expect(filesIn(compiled("again")).sort()).toEqual(kept.sort());
  });

  test("is compiled again where it is damaged", async () => {
    const sound = await list("damaged");
    for (const path of filesIn(compiled("damaged")))
      writeFileSync(
        path,
        readFileSync(path).map((byte) => byte ^ 1),
      );
    expect(await list("damaged")).toBe(sound);
    for (const path of filesIn(compiled("damaged"))) writeFileSync(path, "");
    expect(await list("damaged")).toBe(sound);
  });

  test("is not kept where it cannot be, and nobody hears of it", async () => {
    writeFileSync(work.at("a-file"), "");
    mkdirSync(work.at("taken/sealift"), { recursive: true });
    writeFileSync(work.at("taken/sealift/compiled"), "");
    for (const cache of ["a-file", "taken"]) {
      const env = { XDG_CACHE_HOME: work.at(cache) };
      const result = await work.run(["ls", "oci-archive://app.tar", "--no-cache"], { env });
      expect(result).toMatchObject({ code: 0, stderr: "" });
    }
  });

  test("is nothing for who asks for the version alone", async () => {
    await work.sealift(["--version"], { env: { XDG_CACHE_HOME: work.at("version") } });
    expect(readdirSync(work.path)).not.toContain("version");
  });
});
