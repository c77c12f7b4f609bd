/** `docker://` as a source: images of a daemon that is honest, old, new, broken or hostile. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { ErrorCode } from "../../../src/error.ts";
import { archive, rawMember } from "../../unit/tar/raw.ts";
import { canDrop, until, Workspace } from "./cli.ts";
import { FakeDaemon, json, legacySave, modernSave, severalSave } from "./docker-daemon.ts";
import { expectFailure } from "./failure.ts";
import { checkedDockerSave, checkedLayout, sha256, smallLayout, unpack } from "./images.ts";

let work: Workspace;
let daemon: FakeDaemon;
const tars = ["one", "two", "three", "one"].map((text) => archive(rawMember({ name: text, mtime: 5 }, text)));
const legacy = legacySave(tars, "app:1");
const several = severalSave(tars.slice(0, 2), tars.slice(2, 3));
const layout = smallLayout();

beforeAll(async () => {
  work = new Workspace();
  daemon = await new FakeDaemon().start();
});
afterEach(() => daemon.reset());
afterAll(async () => {
  daemon.close();
  await work.dispose();
});

const from = (name: string, more = "") => `docker://${name}?socket=${daemon.socket}${more}`;

/** Takes an image to a docker-save archive; gives what is in it. */
async function taken(source: string) {
  await work.sealift(["process", source, "tar://out.tar"]);
  rmSync(work.at("out"), { recursive: true, force: true });
  return checkedDockerSave(unpack(work.at("out.tar"), work.at("out")));
}
const tags = () => JSON.parse(readFileSync(work.at("out/manifest.json"), "utf8"))[0].RepoTags;

describe("an image of a daemon", () => {
  it("keeps its ID: layers out of order and repeated, as Docker before 25 saves them", async () => {
    daemon.images.set("app:1", legacy);
    const image = await taken(from("app:1"));
    expect(image.config).toBe(legacy.id);
    expect(image.tars.map(String)).toEqual(tars.map((tar) => Buffer.from(tar).toString()));
    expect(tags()).toEqual(["app:1"]);
  });

  it("keeps its ID: an OCI layout with manifest.json, as Docker 25 and later save it", async () => {
    daemon.images.set("app:1", modernSave(layout, "app:1"));
    expect((await taken(from("app:1"))).config).toBe(layout.config.digest);
  });

  it("may come from an archive of several, by its ID", async () => {
    const [, second = ""] = several.ids;
    daemon.images.set("app:2", { id: second, archive: several.archive });
    expect((await taken(from("app:2"))).config).toBe(second);
  });

  it("keeps its manifest where containerd stores images, whose ID is the manifest's", async () => {
    const { mediaType, digest } = layout.image;
    const inspect = { Descriptor: { mediaType, digest } };
    const { archive } = modernSave(layout, "app:1");
    daemon.images.set("app:1", { id: digest, archive, inspect });
    await work.sealift(["process", from("app:1"), "oci-layout://contained"]);
    expect(checkedLayout(work.at("contained")).manifest).toBe(digest);
  });

  it("is the daemon's own platform's of several, or the one asked for", async () => {
    const index = smallLayout({ architectures: ["arm64", "s390x"] });
    const { mediaType, digest } = index.image;
    const inspect = { Architecture: "s390x", Descriptor: { mediaType, digest } };
    daemon.images.set("app:1", { id: digest, archive: modernSave(index, "app:1").archive, inspect });
    const architecture = async (source: string) => {
      const { config } = await taken(source);
      return JSON.parse(readFileSync(work.at("out", `${config.slice(7)}.json`), "utf8")).architecture;
    };
    expect(await architecture(from("app:1"))).toBe("s390x");
    expect(await architecture(from("app:1", "&arch=arm64"))).toBe("arm64");
    await expectFailure(work, ["process", from("app:1", "&arch=riscv64"), "tar://x.tar"], {
      code: "PLATFORM_NOT_FOUND",
      exit: 5,
      says: "linux/arm64, linux/s390x",
    });
  });

  it.each([
    ["busybox", "busybox:latest"],
    ["localhost:5000/x", "localhost:5000/x:latest"],
    ["localhost:5000/a/b:t", "localhost:5000/a/b:t"],
    [`busybox@${legacy.id}`, `busybox@${legacy.id}`],
    [`h.io/a/b@${legacy.id}`, `h.io/a/b@${legacy.id}`],
    [legacy.id, legacy.id],
    [legacy.id.slice(7, 19), legacy.id.slice(7, 19)],
  ])("called %s is asked for as %s", async (name, asked) => {
    daemon.images.set(asked, legacy);
    await taken(from(name));
    expect(daemon.requests).toEqual([`GET /images/${asked}/json`, `GET /images/${asked}/get`]);
  });

  it("is named as it was asked for, and not at all by its ID", async () => {
    for (const name of ["localhost:5000/x:latest", legacy.id]) daemon.images.set(name, legacy);
    await taken(from("localhost:5000/x"));
    expect(tags()).toEqual(["localhost:5000/x:latest"]);
  });
});

describe("a daemon that", () => {
  const failing = (says: string | RegExp, code: ErrorCode, exit: number, source = from("app:1")) =>
    expectFailure(work, ["process", source, "tar://x.tar"], { code, exit, says });

  it("does not have the image says so", async () => {
    await failing("Cannot find image app:1: docker at unix://", "NOT_FOUND", 5);
    daemon.images.set("app:1", legacy);
    daemon.takeover = (_, response, path) => {
      if (!path.endsWith("/get")) return false;
      response.writeHead(404).end();
      return true;
    };
    await failing("Cannot find image app:1", "NOT_FOUND", 5);
  });

  it("has it for another platform is not asked for the archive", async () => {
    daemon.images.set("app:1", legacy);
    await failing(
      "linux/arm64 in app:1: it has linux/amd64",
      "PLATFORM_NOT_FOUND",
      5,
      from("app:1", "&arch=arm64"),
    );
    expect(daemon.requests).toEqual(["GET /images/app:1/json"]);
  });

  it.each<[string, number, string, string, ErrorCode, number]>([
    [
      "fails with a message",
      500,
      '{"message":"graph is broken"}',
      "Cannot inspect image app:1: graph is broken",
      "DAEMON_ERROR",
      1,
    ],
    ["fails in plain text", 503, "busy\n", "Cannot inspect image app:1: busy", "DAEMON_ERROR", 1],
    ["fails without a word", 500, "", "docker answered 500", "DAEMON_ERROR", 1],
    ["refuses by a plugin", 403, '{"message":"authorization denied"}', "authorization denied", "DENIED", 5],
    ["answers no JSON", 200, "<html>", "Cannot read what docker says of app:1", "JSON_INVALID", 1],
    ["answers other JSON", 200, '{"Id":"x"}', "Cannot read what docker says of app:1", "JSON_INVALID", 1],
    ["answers without end", 200, " ".repeat(17 << 20), "larger than", "LIMIT_EXCEEDED", 1],
  ])("%s ends the command with its own code", async (_, status, body, says, code, exit) => {
    daemon.takeover = (_, response) => {
      response.writeHead(status).end(body);
      return true;
    };
    await failing(says, code, exit);
  });

  it("gives another image than it said is not believed", async () => {
    daemon.images.set("app:1", { ...legacy, id: `sha256:${"0".repeat(64)}` });
    await failing("what it sent is another image", "DIGEST_MISMATCH", 3);
  });

  it("gives a damaged layer or config is not believed", async () => {
    for (const needle of ["three", "x-unknown"]) {
      const archive = Buffer.from(legacy.archive);
      const at = archive.lastIndexOf(needle);
      archive.write("T", at);
      daemon.images.set("app:1", { id: legacy.id, archive });
      await failing("its digest is", "DIGEST_MISMATCH", 3);
    }
  });

  it("leaves a layer out is not believed", async () => {
    const archive = Buffer.from(legacy.archive);
    const name = `${sha256(Buffer.from("v1 3"))}/layer.tar`;
    const at = archive.indexOf(name);
    archive.set(
      rawMember({ name: `${"x".repeat(64)}/layer.tar` }, tars[1] as Uint8Array).subarray(0, 512),
      at,
    );
    daemon.images.set("app:1", { id: legacy.id, archive });
    await failing(`names ${name}, which is not there`, "LAYOUT_INVALID", 1);
  });

  it.each<[string, (whole: Buffer) => Buffer, boolean, ErrorCode, number, string]>([
    ["breaks off", (whole) => whole.subarray(0, 4000), true, "UNREACHABLE", 5, "the connection broke off"],
    ["ends early", (whole) => whole.subarray(0, 4000), false, "TAR_TRUNCATED", 1, "Cannot read"],
    [
      "fails on the way, and says why behind what it sent",
      (whole) => Buffer.concat([whole.subarray(0, 4096), json({ errorDetail: {}, error: "disk on fire" })]),
      false,
      "DAEMON_ERROR",
      1,
      "Cannot save image app:1: disk on fire",
    ],
    ["sends noise", () => Buffer.alloc(4096, "noise"), false, "TAR_INVALID", 1, "Cannot read"],
    ["sends nothing", () => Buffer.alloc(0), false, "LAYOUT_INVALID", 1, "it has no manifest.json"],
  ])("%s leaves nothing behind", async (_, change, breaks, code, exit, says) => {
    daemon.images.set("app:1", legacy);
    daemon.takeover = (_, response, path) => {
      if (!path.endsWith("/get")) return false;
      response.write(change(Buffer.from(legacy.archive)), () =>
        breaks ? response.destroy() : response.end(),
      );
      return true;
    };
    await failing(says, code, exit);
  });

  it.each(["the answer", "the archive"])("stands still in %s can be interrupted", async (where) => {
    daemon.images.set("app:1", legacy);
    let stalled = false;
    daemon.takeover = (_, response, path) => {
      if (where === "the archive" && !path.endsWith("/get")) return false;
      if (where === "the archive") response.write(legacy.archive.subarray(0, 4000));
      stalled = true;
      return true;
    };
    const running = work.start(["process", from("app:1"), "tar://x.tar"]);
    await until(() => stalled);
    running.process.kill("SIGINT");
    const { code, stderr } = await running.ended;
    expect({ code, stderr }).toMatchObject({ code: 130, stderr: expect.stringMatching(/^error\[ABORTED\]/) });
    expect(work.temporaryFiles()).toEqual([]);
  });

  it("is none, but something that talks otherwise, is told from one", async () => {
    const other = createServer((socket) => void socket.end("SSH-2.0-OpenSSH_9.2\r\n"));
    const path = work.at("other.sock");
    await new Promise<void>((resolve) => other.listen(path, resolve));
    await failing("what answers there is no docker daemon", "UNREACHABLE", 5, `docker://app?socket=${path}`);
    other.close();
  });
});

describe("a URI that", () => {
  it.each<[string, string, ErrorCode, number, string]>([
    [
      "names no socket there is",
      "docker://app?socket=/nowhere/s",
      "UNREACHABLE",
      5,
      "there is no such socket",
    ],
    ["names a file", "docker://app?socket=file", "UNREACHABLE", 5, "Cannot reach docker at unix://file"],
    ["names a daemon twice", "docker://app?socket=a&host=tcp://b", "URI_INVALID", 2, "name one daemon"],
    ["names an odd host", "docker://app?host=gopher://x", "USAGE", 2, "neither unix:///path nor tcp://"],
    ["names a host over ssh", "docker://app?host=ssh://x", "UNSUPPORTED", 1, "ssh:// is not supported"],
    ["has an option of other schemes", "docker://app?insecure=1", "URI_INVALID", 2, 'option "insecure"'],
    ["has credentials", "docker://me:secret@h.io/app", "URI_INVALID", 2, "Cannot use credentials"],
    ["has a fragment", "docker://app#1", "URI_INVALID", 2, "Cannot use #1"],
    ["has a name that is none", "docker://App", "REFERENCE_INVALID", 2, '"library/App" is not a repository'],
    [
      "leads elsewhere by its name",
      "docker://a/../../containers",
      "REFERENCE_INVALID",
      2,
      "not a repository",
    ],
  ])("%s is refused", async (_, source, code, exit, says) => {
    writeFileSync(work.at("file"), "");
    await expectFailure(work, ["process", source, "tar://x.tar"], { code, exit, says });
  });

  it.skipIf(!canDrop)("leads to a socket of another user's is told so", async () => {
    mkdirSync(work.at("closed"), { mode: 0o700 });
    const args = ["process", `docker://app?socket=${work.at("closed")}/s`, "tar:///dev/null/x"];
    const { code, stderr } = await work.run(args, { as: "65534", cwd: "/" });
    expect(stderr).toMatch(/^error\[DENIED\]: Cannot reach docker at .*this user may not open the socket/);
    expect(code).toBe(5);
  });
});
