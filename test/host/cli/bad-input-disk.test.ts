/** Places that cannot be written to: full, forbidden, taken. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { archive, rawMember } from "../../unit/tar/raw.ts";
import { canDrop, startRegistry, until, Workspace } from "./cli.ts";
import { expectFailure, snapshot } from "./failure.ts";
import { archiveOf, dockerArchive, layoutOf } from "./images.ts";
import { mountSmallDisk, unmount } from "./small-disk.ts";

let work: Workspace;

beforeAll(async () => {
  work = new Workspace();
  const noise = crypto.getRandomValues(new Uint8Array(60_000));
  const tar = archive(...Array.from({ length: 50 }, (_, i) => rawMember({ name: `noise-${i}` }, noise)));
  writeFileSync(work.at("app.tar"), archiveOf(layoutOf([tar]).files));
  writeFileSync(work.at("docker.tar"), dockerArchive([tar], "app:1"));
  mkdirSync(work.at("files"));
  writeFileSync(work.at("files/noise"), tar);
  writeFileSync(
    work.at("x.sealift.yml"),
    "apiVersion: sealift.dev/v1\nkind: Manifest\nmetadata: {name: x}\n" +
      "artifacts: [{name: noise, origin: 'local://./files', target: noise/}]\n",
  );
  await work.sealift(["bundle", "build", "-f", "x.sealift.yml"]);
});
afterAll(() => work.dispose());

const probe = new Workspace();
const canMount = mountSmallDisk(probe.path);
if (canMount) unmount(probe.path);
await probe.dispose();
const needsMount = canMount ? "" : " (not run: this user may not mount a small disk)";

describe.skipIf(!canMount)(`a full disk${needsMount}`, () => {
  beforeAll(() => {
    mkdirSync(work.at("disk"));
    expect(mountSmallDisk(work.at("disk"))).toBe(true);
  });
  afterAll(() => unmount(work.at("disk")));

  it.each([
    ["an archive", ["process", "tar://docker.tar", "tar://disk/out.tar"]],
    ["an OCI archive", ["process", "oci-archive://app.tar", "oci-archive://disk/out.tar"]],
    ["a layout's folder", ["process", "oci-archive://app.tar", "oci-layout://disk/out"]],
    ["docker's folder", ["process", "oci-archive://app.tar", "dir://disk/out"]],
    ["a bundle from an image", ["process", "oci-archive://app.tar", "bundle://disk/out.bundle"]],
    ["a bundle from files", ["bundle", "build", "-f", "x.sealift.yml", "-o", "disk/out.bundle"]],
    ["what is in a bundle", ["bundle", "extract", "x.bundle", "disk/out"]],
  ])("takes no part of %s", async (_, args) => {
    const said = await expectFailure(work, args, { code: "NO_SPACE", exit: 1, says: "disk/" });
    expect(said).toContain("hint: Free some space there");
    expect(said, "temporary files are not what has no room").not.toContain("TMPDIR");
    expect(readdirSync(work.at("disk"))).toEqual([]);
  });

  it("for temporary files is named too, and nothing is left on it", async () => {
    mkdirSync(work.at("disk/tmp"));
    const env = { TMPDIR: work.at("disk/tmp") };
    const args = ["process", "tar://docker.tar", "oci-archive://out.tar"];
    const said = await expectFailure(work, args, { code: "NO_SPACE", exit: 1, env });
    expect(said).toMatch(/write temporary file .*\nhint: Free some space, or name .* TMPDIR/s);
    const input = readFileSync(work.at("x.bundle"));
    await expectFailure(work, ["bundle", "verify", "-"], { code: "NO_SPACE", exit: 1, env, input });
    expect(readdirSync(work.at("disk/tmp"))).toEqual([]);
  });

  it("leaves what was there before", async () => {
    writeFileSync(work.at("disk/out.tar"), "what stood here");
    const args = ["process", "oci-archive://app.tar", "oci-archive://disk/out.tar"];
    await expectFailure(work, args, { code: "NO_SPACE", exit: 1 });
    expect(readFileSync(work.at("disk/out.tar"), "utf8")).toBe("what stood here");
  });
});

describe("a destination", () => {
  it.each([
    ["a folder where a file goes", ["process", "oci-archive://app.tar", "tar://files"], "it is a folder"],
    [
      "a folder where a bundle goes",
      ["bundle", "build", "-f", "x.sealift.yml", "-o", "files"],
      "it is a folder",
    ],
    ["a file where a folder goes", ["process", "oci-archive://app.tar", "oci-layout://app.tar"], "a file"],
    ["a file where a folder is extracted", ["bundle", "extract", "x.bundle", "app.tar", "--force"], "a file"],
  ])("that is %s is refused", async (_, args, says) => {
    await expectFailure(work, args, { code: "IO", exit: 1, says });
  });

  it.each([
    ["process", ["process", "oci-archive://app.tar", "tar://absent/out.tar"]],
    ["bundle build", ["bundle", "build", "-f", "x.sealift.yml", "-o", "absent/x.bundle"]],
    ["key generate", ["key", "generate", "-o", "absent/key"]],
  ])("in a folder that is not there is refused: %s", async (_, args) => {
    await expectFailure(work, args, { code: "NOT_FOUND", exit: 5, says: "absent/" });
  });

  it("may be nowhere at all", async () => {
    await work.sealift(["process", "oci-archive://app.tar", "tar:///dev/null"]);
    expect(statSync("/dev/null").isCharacterDevice()).toBe(true);
  });

  it("that is a link is written through, and stays one", async () => {
    mkdirSync(work.at("linked"));
    symlinkSync("real.tar", work.at("linked/out.tar"));
    writeFileSync(work.at("linked/real.tar"), "old");
    await work.sealift(["process", "oci-archive://app.tar", "oci-archive://linked/out.tar"]);
    expect(readdirSync(work.at("linked")).sort()).toEqual(["out.tar", "real.tar"]);
    expect(statSync(work.at("linked/real.tar")).size).toBeGreaterThan(1_000);
  });

  it("given with --force for keys replaces both or neither", async () => {
    mkdirSync(work.at("halves/k.pub"), { recursive: true });
    writeFileSync(work.at("halves/k.key"), "old");
    const args = ["key", "generate", "-o", "halves/k", "--force"];
    await expectFailure(work, args, { code: "IO", exit: 1, says: "k.pub" });
    expect(readFileSync(work.at("halves/k.key"), "utf8")).toBe("old");
  });
});

const needsDrop = canDrop ? "" : " (not run: needs root and setpriv to become another)";

describe.skipIf(!canDrop)(`a folder that may not be written to${needsDrop}`, () => {
  it.each([
    ["process", ["process", "oci-archive://app.tar", "oci-archive://locked/out.tar"]],
    ["extract", ["bundle", "extract", "x.bundle", "locked/out"]],
    ["key generate", ["key", "generate", "-o", "locked/key"]],
    ["serve", ["serve", "--listen", "127.0.0.1:0", "--store", "locked/store"]],
  ])("is refused with its name: %s", async (_, args) => {
    if (!existsSync(work.at("locked"))) mkdirSync(work.at("locked"), { mode: 0o755 });
    const before = snapshot(work.path);
    const result = await work.run(args, { as: "nobody" });
    expect(result.stderr).toMatch(/^error\[IO\]: Cannot .*locked.*permission denied.*\n$/);
    expect({ code: result.code, stdout: result.stdout }).toEqual({ code: 1, stdout: "" });
    expect(snapshot(work.path)).toEqual(before);
  });

  it("is served for reading alone, with a warning, where it is a store that is there", async () => {
    const writable = await startRegistry(work, "theirs");
    await work.sealift(["process", "oci-archive://app.tar", `registry://${writable.host}/app:1`]);
    await writable.stop();
    const running = work.start(["serve", "--listen", "127.0.0.1:0", "--store", "theirs"], { as: "nobody" });
    await Promise.race([running.ended, until(() => running.stdout().includes("Serving"))]);
    try {
      const host = /http:\/\/(\S+)/.exec(running.stdout())?.[1];
      await work.sealift(["process", `registry://${host}/app:1`, "tar://pulled.tar"]);
      const push = ["process", "oci-archive://app.tar", `registry://${host}/other:1`];
      await expectFailure(work, push, { code: "DENIED", exit: 5, says: "can only be read" });
    } finally {
      running.process.kill("SIGINT");
    }
    const { code, stderr } = await running.ended;
    expect(stderr).toMatch(
      /^warning: Nothing can be pushed: Cannot write to store theirs: .*permission denied.*\n$/m,
    );
    expect(code).toBe(0);
  });

  it("and a file that may not be read is refused with its name", async () => {
    writeFileSync(work.at("secret.tar"), "secret", { mode: 0o600 });
    const result = await work.run(["process", "tar://secret.tar", "tar:///dev/null"], { as: "nobody" });
    expect(result.stderr).toBe("error[IO]: Cannot open secret.tar: permission denied\n");
    expect(result.code).toBe(1);
  });
});
