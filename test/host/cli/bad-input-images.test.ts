/** Images that none are, by every command that reads one; see test/unit/pipeline/bad-images.test.ts for each of them by all. */
import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { BAD_IMAGES, BAD_SAVES, type BadImage, GOOD, WRONG_SIZE } from "../../bad-images.ts";
import { Workspace } from "./cli.ts";
import { expectFailure } from "./failure.ts";
import { archiveOf } from "./images.ts";

let work: Workspace;

beforeAll(() => {
  work = new Workspace();
  writeFileSync(work.at("good.tar"), archiveOf(GOOD.files));
});
afterAll(() => work.dispose());

const BAD = "oci-archive://bad.tar";

/** Reading, looking into and moving; what is written is written by none. */
const COMMANDS = [
  ["ls", BAD],
  ["cat", BAD, "/hello"],
  ["search", BAD, "*"],
  ["diff", "oci-archive://good.tar", BAD],
  ["process", BAD, "tar://out.tar"],
  ["process", BAD, "oci-archive://out.tar", "-f", "normalize-timestamps"],
  ["process", BAD, "dir://out"],
  ["process", BAD, "oci://out"],
];

/** Each command is a process, a tenth of a second of a processor: a case tries one, in turn. */
let turn = 0;
const next = () => COMMANDS[turn++ % COMMANDS.length] as string[];

it.each(BAD_IMAGES)("$what is refused", async ({ files, code, says }) => {
  writeFileSync(work.at("bad.tar"), archiveOf(files));
  await expectFailure(work, next(), { code, exit: 1, says });
});

it.each(BAD_SAVES)("$what is refused", async ({ files, code, says }) => {
  writeFileSync(work.at("bad.tar"), archiveOf(files));
  const args = next().map((arg) => arg.replace(BAD, "tar://bad.tar"));
  await expectFailure(work, args, { code, exit: 1, says });
});

it.each(["ls", "cat", "copy", "process"])(
  "an index of another size is told by %s as content that is not what it should be",
  async (command) => {
    writeFileSync(work.at("bad.tar"), archiveOf(WRONG_SIZE));
    const more =
      { ls: [], cat: ["/hello"], copy: ["oci-layout://out"], process: ["tar://out.tar"] }[command] ?? [];
    await expectFailure(work, [command, BAD, ...more], {
      code: "SIZE_MISMATCH",
      exit: 3,
      says: "expected 5",
    });
  },
);

it.each([
  ["a config that is no JSON", 3],
  ["a manifest that is no JSON", 1],
])("check finds %s, and exits with %d", async (name, exit) => {
  const { files, check } = BAD_IMAGES.find(({ what }) => what === name) as BadImage;
  writeFileSync(work.at("bad.tar"), archiveOf(files));
  const { code, stdout } = await work.run(["check", BAD, "--json"]);
  expect(code).toBe(exit);
  expect(JSON.parse(stdout).results).toContainEqual(expect.objectContaining({ severity: "error", check }));
});
