/** Names that would forge lines, look like others or lead in circles. */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { archive, rawMember } from "../../unit/tar/raw.ts";
import { Workspace } from "./cli.ts";
import { archiveOf, layoutOf } from "./images.ts";

const FEED = "a\nb";
const NAMES = [FEED, "a\\nb", "a b", "tab\there", "esc\u001b[31m", "flip\u202etxt"] as const;
const SHOWN = ["a\\nb", "a\\\\nb", "a b", "tab\\there", "esc\\x1b[31m", "flip\\u202etxt"] as const;

/** In Latin-1, as archives from before UTF-8 have them. */
const ACUTE = "caf\xe9";
const GRAVE = "caf\xe8";
const ACCENTS = [
  [ACUTE, "acute"],
  [GRAVE, "grave"],
] as const;

let work: Workspace;

beforeAll(() => {
  work = new Workspace();
  const members = NAMES.map((name) => rawMember({ name }, name));
  const odd = archive(
    ...members,
    rawMember({ name: "link", type: "2", linkname: FEED }),
    rawMember({ name: "d\ne/", type: "5", mode: "0000755\0" }),
  );
  writeFileSync(work.at("odd.tar"), archiveOf(layoutOf([odd]).files));
  writeFileSync(work.at("none.tar"), archiveOf(layoutOf([archive()]).files));
  const su = archive(rawMember({ name: FEED, mode: "0004777\0" }));
  writeFileSync(work.at("su.tar"), archiveOf(layoutOf([su]).files));
  const accents = archive(
    ...ACCENTS.map(([name, content]) => rawMember({ name: Buffer.from(name, "latin1") }, content)),
    rawMember({ name: "to", type: "2", linkname: Buffer.from(ACUTE, "latin1") }),
    rawMember({ name: "one", type: "1", linkname: Buffer.from(ACUTE, "latin1") }),
  );
  const whiteout = archive(rawMember({ name: Buffer.from(`.wh.${GRAVE}`, "latin1") }));
  writeFileSync(work.at("accents.tar"), archiveOf(layoutOf([accents]).files));
  writeFileSync(work.at("acute.tar"), archiveOf(layoutOf([accents, whiteout]).files));
  const loop = archive(
    rawMember({ name: "a", type: "2", linkname: "b" }),
    rawMember({ name: "b", type: "2", linkname: "a" }),
  );
  writeFileSync(work.at("loop.tar"), archiveOf(layoutOf([loop]).files));
});
afterAll(() => work.dispose());

describe("a name with a line feed, a backslash or what cannot be seen", () => {
  test("is one line of ls, unlike any other, and exact in JSON", async () => {
    const lines = (await work.sealift(["ls", "oci-archive://odd.tar"])).split("\n");
    for (const shown of SHOWN) expect(lines.filter((line) => line === `/${shown}`)).toHaveLength(1);
    expect(lines).toContain("/d\\ne/");
    expect(await work.sealift(["ls", "oci-archive://odd.tar", "-l"])).toContain(" /link -> a\\nb\n");
    const { files } = await work.json(["ls", "oci-archive://odd.tar"]);
    const paths = files.map(({ path }: { path: string }) => path);
    expect(paths).toEqual(expect.arrayContaining([...NAMES, "d\ne"]));
  });

  test("is shown as GNU tar shows it", async () => {
    mkdirSync(work.at("gnu"));
    for (const name of NAMES.slice(0, 4)) writeFileSync(work.at("gnu", name), "");
    const listed = execFileSync("tar", ["-C", work.at("gnu"), "-cf", work.at("gnu.tar"), "."]);
    expect(listed).toHaveLength(0);
    const gnu = execFileSync("tar", ["-tf", work.at("gnu.tar")], { encoding: "utf8" });
    for (const shown of SHOWN.slice(0, 4)) expect(gnu.split("\n")).toContain(`./${shown}`);
  });

  test("is so in diff", async () => {
    const { stdout } = await work.run([
      "diff",
      "oci-archive://none.tar",
      "oci-archive://odd.tar",
      "--files-only",
    ]);
    for (const shown of SHOWN) expect(stdout).toContain(`  + /${shown}  `);
    const { stdout: json } = await work.run([
      "diff",
      "oci-archive://none.tar",
      "oci-archive://odd.tar",
      "--json",
    ]);
    expect(JSON.parse(json).files.map(({ path }: { path: string }) => path)).toContain(FEED);
  });

  test("is so in search, for scripts too", async () => {
    const found = await work.sealift(["search", "oci-archive://odd.tar", "a*b"]);
    for (const shown of SHOWN.slice(0, 3)) expect(found).toContain(`  ${shown} (file, `);
    const script = await work.sealift(["search", "oci-archive://odd.tar", "a*b", "--script-friendly"]);
    expect(
      script
        .trimEnd()
        .split("\n")
        .map((line) => line.split(":").at(-1)),
    ).toEqual(SHOWN.slice(0, 3));
    const { layers } = await work.json(["search", "oci-archive://odd.tar", "a*b"]);
    expect(layers[0].paths.map(({ path }: { path: string }) => path)).toEqual(NAMES.slice(0, 3));
  });

  test("is so in what check finds", async () => {
    const said = await work.sealift(["check", "oci-archive://su.tar"]);
    expect(said).toContain("layer 0: a\\nb is setuid");
  });

  test("is so in what cat says, and gives its file as it is", async () => {
    expect(await work.sealift(["cat", "oci-archive://odd.tar", FEED])).toBe(FEED);
    const { stderr } = await work.run(["cat", "oci-archive://odd.tar", "/x\ny"]);
    expect(stderr).toMatch(/^error\[NOT_FOUND\]: Cannot find \/x\\ny: [^\n]*\n$/);
    const folder = await work.run(["cat", "oci-archive://odd.tar", "/d\ne"]);
    expect(folder.stderr).toContain("Cannot print /d\\ne: it is a directory");
  });
});

describe("a name that is not UTF-8", () => {
  const source = "oci-archive://accents.tar";

  test("is shown as GNU tar shows it, and in JSON as a lone surrogate", async () => {
    const long = await work.sealift(["ls", source, "-l"]);
    for (const line of [" /caf\\351\n", " /caf\\350\n", " /to -> caf\\351\n"]) expect(long).toContain(line);
    const { files } = await work.json(["ls", source]);
    expect(files.map(({ path }: { path: string }) => path)).toContain("caf\udce9");
  });

  test("is found by what is shown, in ls, cat and search", async () => {
    expect(await work.sealift(["cat", source, "caf\\351"])).toBe("acute");
    expect(await work.sealift(["cat", source, "/caf\\350"])).toBe("grave");
    for (const name of ["to", "one"]) expect(await work.sealift(["cat", source, name])).toBe("acute");
    expect(await work.sealift(["ls", source, "caf\\350"])).toBe("/caf\\350\n");
    expect(await work.sealift(["ls", source, "caf\\350", "--layer", "0"])).toBe("/caf\\350\n");
    const { layers } = await work.json(["search", source, "*\\351"]);
    expect(layers[0].paths.map(({ path }: { path: string }) => path)).toEqual(["caf\udce9"]);
  });

  test("that is not there is told as it was given", async () => {
    const { code, stderr } = await work.run(["cat", source, "caf\\352"]);
    expect(code).toBe(5);
    expect(stderr).toContain("Cannot find caf\\\\352: ");
  });

  test("is taken away by its own whiteout, and is a difference", async () => {
    expect(await work.sealift(["ls", "oci-archive://acute.tar"])).toBe("/caf\\351\n/one\n/to\n");
    const { files } = await work.run(["diff", source, "oci-archive://acute.tar", "--json"]).then(parsed);
    expect(files.map(({ path }: { path: string }) => path)).toEqual(["caf\udce8"]);
  });

  test("is excluded alone, and kept alone", async () => {
    for (const [pattern, left] of [
      ["caf\\350", "/caf\\351\n/one\n/to\n"],
      ["caf\\351", "/caf\\350\n/one\n/to\n"],
    ] as const) {
      await work.sealift(["process", source, "oci-archive://left.tar", "-f", `exclude:pattern=${pattern}`]);
      expect(await work.sealift(["ls", "oci-archive://left.tar"])).toBe(left);
      expect(await work.sealift(["cat", "oci-archive://left.tar", "one"])).toBe("acute");
    }
  });
});

const parsed = ({ stdout }: { stdout: string }) => JSON.parse(stdout);

test("a loop of symlinks is said to be one, not a way out", async () => {
  const { code, stderr } = await work.run(["cat", "oci-archive://loop.tar", "a/file"]);
  expect(code).toBe(1);
  expect(stderr).toContain("it goes through a loop of symlinks");
  expect(stderr).toContain("hint: Symlinks on the way point at each other");
});
