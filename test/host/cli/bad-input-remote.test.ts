/** Registries that are not there, refuse, lie, break off or stand still; and a user who has had enough of waiting. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ErrorCode } from "../../../src/error.ts";
import { archive, rawMember } from "../../unit/tar/raw.ts";
import { type Running, startRegistry, until, Workspace } from "./cli.ts";
import { expectError, expectFailure, snapshot } from "./failure.ts";
import { archiveOf, dockerArchive, type Layout, layoutOf } from "./images.ts";

let work: Workspace;
let server: Server;
let host: string;
/** How the registry answers for a blob; each test says. */
let answerBlob: (request: IncomingMessage, response: ServerResponse, bytes: Uint8Array) => void;
const noise = randomBytes(200_000);
const layout: Layout = layoutOf([archive(rawMember({ name: "noise" }, noise))]);

beforeAll(async () => {
  work = new Workspace();
  server = createServer((request, response) => {
    const [, name, kind, target = ""] =
      /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(request.url ?? "") ?? [];
    const status = { denied: 403, locked: 401, busy: 429, broken: 500, gone: 404 }[name ?? ""];
    if (status) return void response.writeHead(status).end();
    const digest = target === "v1" ? layout.image.digest : target;
    const stored = layout.files.get(`blobs/sha256/${digest.slice(7)}`);
    if (!stored) return void response.writeHead(request.url === "/v2/" ? 200 : 404).end();
    const bytes = Uint8Array.from(stored);
    if (name === "lying" && kind === "manifests") bytes.fill(0x20, 1, 2);
    response.setHeader("docker-content-digest", digest);
    response.setHeader(
      "content-type",
      kind === "manifests" ? layout.image.mediaType : "application/octet-stream",
    );
    if (kind === "manifests" || request.method === "HEAD" || digest === layout.config.digest)
      return void response
        .setHeader("content-length", bytes.length)
        .end(request.method === "HEAD" ? "" : bytes);
    answerBlob(request, response, bytes);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  writeFileSync(work.at("app.tar"), archiveOf(layout.files));
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await work.dispose();
});

const copy = (name: string, sink = "tar://out.tar") => ["process", `registry://${host}/${name}`, sink];

describe("a registry that", () => {
  it.each<[string, string, ErrorCode, number]>([
    ["has no such image", "gone:v1", "MANIFEST_UNKNOWN", 5],
    ["asks for a login", "locked:v1", "UNAUTHORIZED", 5],
    ["refuses", "denied:v1", "DENIED", 5],
    ["is broken", "broken:v1", "REGISTRY_ERROR", 1],
  ])("%s ends the command with its own code", async (_, name, code, exit) => {
    await expectFailure(work, copy(name), { code, exit, says: host });
    const whole = ["copy", `registry://${host}/${name}`, "oci-archive://out.tar"];
    await expectFailure(work, whole, { code, exit, says: host });
    await expectFailure(work, ["bundle", "pull", `${host}/${name}`], { code, exit, says: host });
  });

  it.each<[string, (nobody: string) => string[]]>([
    ["copying from it", (nobody) => ["process", `registry://${nobody}/app:v1`, "tar://out.tar"]],
    ["copying to it", (nobody) => ["process", "oci-archive://app.tar", `registry://${nobody}/app:v1`]],
    ["pulling a bundle", (nobody) => ["bundle", "pull", `${nobody}/app:v1`]],
  ])("is not there is unreachable: %s", async (_, args) => {
    const closed = createServer().listen(0, "127.0.0.1");
    await once(closed, "listening");
    const nobody = `127.0.0.1:${(closed.address() as AddressInfo).port}`;
    closed.close();
    await once(closed, "close");
    await expectFailure(work, args(nobody), { code: "UNREACHABLE", exit: 5, says: nobody });
  });

  it("has no address is unreachable", async () => {
    const name = "registry://nowhere.invalid/app:v1";
    await expectFailure(work, ["process", name, "tar://out.tar"], { code: "UNREACHABLE", exit: 5 });
  });

  it("breaks off in the middle of a layer is taken up again where it broke", async () => {
    let breaks = 3;
    answerBlob = (request, response, bytes) => {
      const start = Number(/bytes=(\d+)/.exec(request.headers.range ?? "")?.[1] ?? 0);
      const rest = bytes.subarray(start);
      if (start > 0)
        response.setHeader("content-range", `bytes ${start}-${bytes.length - 1}/${bytes.length}`);
      response.writeHead(start > 0 ? 206 : 200, { "content-length": rest.length, "accept-ranges": "bytes" });
      if (breaks-- > 0) response.write(rest.subarray(0, 20_000), () => response.destroy());
      else response.end(rest);
    };
    await work.sealift(copy("app:v1", "oci-archive://resumed.tar"));
    expect(breaks).toBe(-1);
  });

  it("always breaks off leaves nothing", async () => {
    answerBlob = (_, response, bytes) => {
      response.writeHead(200, { "content-length": bytes.length });
      response.write(bytes.subarray(0, 100), () => response.destroy());
    };
    await expectFailure(work, copy("app:v1"), { code: "UNREACHABLE", exit: 5 });
  });

  it.each(["tar://out.tar", "oci-archive://out.tar", "oci-layout://out", "dir://out", "bundle://out.bundle"])(
    "sends another layer is not believed: %s",
    async (sink) => {
      answerBlob = (_, response, bytes) => {
        const wrong = Uint8Array.from(bytes);
        wrong[wrong.length - 1] = (wrong[wrong.length - 1] as number) ^ 1;
        response.writeHead(200, { "content-length": wrong.length }).end(wrong);
      };
      await expectFailure(work, copy("app:v1", sink), { code: "DIGEST_MISMATCH", exit: 3 });
      const [, ...args] = copy("app:v1", sink);
      await expectFailure(work, ["copy", ...args], { code: "DIGEST_MISMATCH", exit: 3 });
    },
  );

  it("sends another manifest is not believed", async () => {
    const name = `lying@${layout.image.digest}`;
    await expectFailure(work, copy(name), { code: "DIGEST_MISMATCH", exit: 3 });
  });
});

describe("interrupted", () => {
  // Seconds of compressing, where only the disk and the processor have a say.
  const big = new Uint8Array(128 << 20);
  for (let at = 0; at < big.length; at += noise.length) big.set(noise.subarray(0, big.length - at), at);
  const saved = dockerArchive([archive(rawMember({ name: "big" }, big))], "big:1");

  beforeAll(() => writeFileSync(work.at("big.tar"), saved));

  /** Interrupts; the command must end by itself, with 130 and its reason, and leave nothing. */
  async function interrupt(
    running: Running,
    before: object,
    signal: NodeJS.Signals = "SIGINT",
  ): Promise<void> {
    running.process.kill(signal);
    // One that did not stop would be ended without a word.
    expectError(await running.ended, "ABORTED", 130);
    expect(snapshot(work.path)).toEqual(before);
    expect(work.temporaryFiles()).toEqual([]);
  }

  it.each<[string, NodeJS.Signals]>([
    ["tar://out.tar", "SIGINT"],
    ["oci-archive://out.tar", "SIGTERM"],
    ["oci-layout://out", "SIGINT"],
    ["bundle://out.bundle", "SIGINT"],
  ])("while a registry stands still, a copy to %s ends by %s", async (sink, signal) => {
    const before = snapshot(work.path);
    let waiting = false;
    answerBlob = (_, response, bytes) => {
      response.writeHead(200, { "content-length": bytes.length });
      response.write(bytes.subarray(0, 70_000), () => {
        waiting = true;
      });
    };
    const running = work.start(copy("app:v1", sink));
    await until(() => waiting);
    await interrupt(running, before, signal);
  });

  it("in the middle of a large copy between files, it stops at once", async () => {
    const before = snapshot(work.path);
    for (const sink of ["oci-archive://out.tar", "oci-layout://out"]) {
      const running = work.start(["process", "tar://big.tar", sink]);
      await until(() => work.temporaryFiles().length > 1);
      await interrupt(running, before);
    }
  });

  it("while it pushes, the registry keeps no tag", async () => {
    const registry = await startRegistry(work, "../interrupted-store");
    const before = snapshot(work.path);
    const running = work.start(["process", "tar://big.tar", `registry://${registry.host}/big:1`]);
    await until(() => work.temporaryFiles().length > 1);
    await interrupt(running, before);
    const { status } = await fetch(`${registry.url}/v2/big/manifests/1`);
    expect(status).toBe(404);
    await registry.stop();
  });

  it("while it waits for standard input, it stops at once", async () => {
    const before = snapshot(work.path);
    for (const args of [
      ["process", "tar://-", "tar://out.tar"],
      ["bundle", "verify", "-"],
    ]) {
      const running = work.start(args, { input: "hold" });
      // More than a pipe holds: when it is gone, somebody reads.
      await new Promise((resolve) => running.process.stdin?.write(saved.subarray(0, 4 << 20), resolve));
      await interrupt(running, before);
    }
  });

  it("twice, it does not wait for anything", async () => {
    let waiting = false;
    answerBlob = (_, response, bytes) => {
      response.writeHead(200, { "content-length": bytes.length }).flushHeaders();
      waiting = true;
    };
    const running = work.start(copy("app:v1"));
    await until(() => waiting);
    running.process.kill("SIGINT");
    running.process.kill("SIGINT");
    expect((await running.ended).code).toBe(130);
    expect(work.temporaryFiles()).toEqual([]);
  });
});
