/** Sockets that are no daemon's, and daemons that answer wrongly: to every command that asks one. */
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { ErrorCode } from "../../../src/error.ts";
import { archive, rawMember } from "../../unit/tar/raw.ts";
import { canDrop, until, Workspace } from "./cli.ts";
import { FakeDaemon, legacySave } from "./docker-daemon.ts";
import { expectError, expectFailure } from "./failure.ts";
import { archiveOf, smallLayout } from "./images.ts";

let work: Workspace;
let daemon: FakeDaemon;
const saved = legacySave([archive(rawMember({ name: "a" }, "a"))], "app:1");

beforeAll(async () => {
  work = new Workspace();
  daemon = await new FakeDaemon().start();
  writeFileSync(work.at("app.tar"), archiveOf(smallLayout().files));
});
afterEach(() => daemon.reset());
afterAll(async () => {
  daemon.close();
  await work.dispose();
});

/** Every command that speaks to a daemon, each in the way it begins. */
const commands = (socket: string): readonly (readonly [string, readonly string[]])[] => [
  ["process from docker://", ["process", `docker://app:1?socket=${socket}`, "tar://out.tar"]],
  ["process from dockerpush://", ["process", `dockerpush://app:1?socket=${socket}`, "oci-layout://out"]],
  ["copy to docker://", ["copy", "oci-archive://app.tar", `docker://app:1?socket=${socket}`]],
  ["info", ["info", `docker://app:1?socket=${socket}`]],
  ["check", ["check", `docker://app:1?socket=${socket}`]],
  ["ls", ["ls", `docker://app:1?socket=${socket}`]],
];

async function refused(socket: string, code: ErrorCode, exit: number, says: string | RegExp) {
  for (const [, args] of commands(socket)) await expectFailure(work, args, { code, exit, says });
}

/** A socket that does with each connection what it is told. */
async function socketThat(act: (socket: Socket) => void): Promise<{ path: string; server: Server }> {
  const path = work.at(`${Math.random().toString(36).slice(2, 8)}.sock`);
  const server = createServer((socket) => {
    socket.on("error", () => {});
    act(socket);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return { path, server };
}

describe("a socket", () => {
  it("that is not there", () => refused("/nowhere/s", "UNREACHABLE", 5, "there is no such socket"));

  it("that is a file", async () => {
    await refused(work.at("app.tar"), "UNREACHABLE", 5, "Cannot reach docker at unix://");
  });

  it("that is a folder", async () => {
    mkdirSync(work.at("folder"));
    await refused(work.at("folder"), "UNREACHABLE", 5, "Cannot reach docker at unix://");
  });

  it.each<[string, (socket: Socket) => void, string]>([
    [
      "where something else answers",
      (socket) => void socket.end("SSH-2.0-OpenSSH_9.2\r\n"),
      "no docker daemon",
    ],
    [
      "where nobody says a word",
      (socket) => void socket.once("data", () => socket.end()),
      "without an answer",
    ],
    ["that hangs up at once", (socket) => void socket.destroy(), "without an answer"],
    [
      "whose answer is cut in its header",
      (socket) => void socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\nContent-Le")),
      "Cannot reach docker",
    ],
  ])("%s", async (_, act, says) => {
    const { path, server } = await socketThat(act);
    await refused(path, "UNREACHABLE", 5, says);
    server.close();
  });
});

describe("a daemon", () => {
  it.each<[string, number, string, ErrorCode, number, string]>([
    [
      "of a version that does not speak with us",
      400,
      '{"message":"client version 1.24 is too old. Minimum supported API version is 1.44"}',
      "DAEMON_ERROR",
      1,
      "client version 1.24 is too old. Minimum supported API version is 1.44",
    ],
    ["that sends us elsewhere", 301, "", "DAEMON_ERROR", 1, "docker answered 301"],
    ["that asks for a login", 401, '{"message":"log in"}', "DENIED", 5, "log in"],
    ["that fails", 500, '{"message":"the disk is on fire"}', "DAEMON_ERROR", 1, "the disk is on fire"],
  ])("%s", async (_, status, body, code, exit, says) => {
    daemon.takeover = (_, response) => {
      response.writeHead(status, status === 301 ? { location: "http://127.0.0.1:1/" } : {}).end(body);
      return true;
    };
    await refused(daemon.socket, code, exit, says);
  });

  it("that never answers is waited for until its user has had enough", async () => {
    let isAsked = false;
    daemon.takeover = () => {
      isAsked = true;
      return true;
    };
    const running = work.start(["info", `docker://app:1?socket=${daemon.socket}`]);
    await until(() => isAsked);
    running.process.kill("SIGINT");
    expectError(await running.ended, "ABORTED", 130);
  });

  it("that hangs up in the middle of what it says of an image", async () => {
    daemon.takeover = (_, response, path) => {
      if (!path.endsWith("/json")) return false;
      response.writeHead(200, { "content-length": 1000 });
      response.write('{"Id":"sha256:', () => response.destroy());
      return true;
    };
    for (const [name, args] of commands(daemon.socket)) {
      if (name.includes(" to ")) continue;
      await expectFailure(work, args, { code: "UNREACHABLE", exit: 5, says: "the connection broke off" });
    }
  });

  it.each<[string, (whole: Buffer) => Buffer, "hangs up" | "ends", ErrorCode, number]>([
    [
      "that hangs up in the middle of an archive",
      (whole) => whole.subarray(0, 1500),
      "hangs up",
      "UNREACHABLE",
      5,
    ],
    ["whose archive is cut", (whole) => whole.subarray(0, 1500), "ends", "TAR_TRUNCATED", 1],
    ["whose archive is noise", () => Buffer.alloc(2048, "noise"), "ends", "TAR_INVALID", 1],
    ["whose archive is empty", () => Buffer.alloc(0), "ends", "LAYOUT_INVALID", 1],
  ])("%s", async (_, change, end, code, exit) => {
    daemon.images.set("app:1", saved);
    daemon.takeover = (_, response, path) => {
      if (!path.endsWith("/get")) return false;
      response.write(change(Buffer.from(saved.archive)), () =>
        end === "hangs up" ? response.destroy() : response.end(),
      );
      return true;
    };
    for (const [name, args] of commands(daemon.socket)) {
      if (["process from docker://", "check", "ls"].includes(name))
        await expectFailure(work, args, { code, exit });
    }
  });

  it.each<[string, string, ErrorCode, number, string]>([
    ["that fails while it loads", '{"error":"no space"}\r\n', "DAEMON_ERROR", 1, "no space"],
    ["that answers a load with noise", "\u0000\u0001\u0002", "JSON_INVALID", 1, "it is not JSON"],
  ])("%s", async (_, body, code, exit, says) => {
    daemon.takeover = (request, response, path) => {
      if (path !== "/images/load") return false;
      request.resume().once("end", () => response.end(body));
      return true;
    };
    const args = ["copy", "oci-archive://app.tar", `docker://app:1?socket=${daemon.socket}`];
    await expectFailure(work, args, { code, exit, says });
  });
});

it.skipIf(!canDrop)("a socket that this user may not open is said to be that", async () => {
  const { path, server } = await socketThat(() => {});
  for (const [, args] of commands(path)) {
    const { code, stderr } = await work.run(
      args.map((arg) => arg.replace("app.tar", work.at("app.tar"))),
      {
        as: "65534",
      },
    );
    expect(stderr).toMatch(
      /^error\[DENIED\]: Cannot reach docker at .*: this user may not open the socket\n/,
    );
    expect(stderr).toContain("hint: Run as a user of the socket's group");
    expect(code).toBe(5);
  }
  server.close();
});
