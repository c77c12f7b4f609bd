/** `docker://` as a destination: what the daemon is sent, and what it may do with it. */
import { writeFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { loadWriter } from "../../../cli/host/docker/load-writer.ts";
import type { ErrorCode } from "../../../src/error.ts";
import { archive, rawMember } from "../../unit/tar/raw.ts";
import { until, Workspace } from "./cli.ts";
import { FakeDaemon, legacySave } from "./docker-daemon.ts";
import { expectFailure } from "./failure.ts";
import { archiveOf, checkedDockerSave, layoutOf, smallLayout, unpack } from "./images.ts";

let work: Workspace;
let daemon: FakeDaemon;
const layout = smallLayout();
/** More than sockets hold between two programs. */
const large = layoutOf([archive(rawMember({ name: "large" }, "0123456789abcdef".repeat(1 << 20)))]);

beforeAll(async () => {
  work = new Workspace();
  daemon = await new FakeDaemon().start();
  writeFileSync(work.at("app.tar"), archiveOf(layout.files));
  writeFileSync(work.at("large.tar"), archiveOf(large.files));
});
afterEach(() => daemon.reset());
afterAll(async () => {
  daemon.close();
  await work.dispose();
});

const to = (name: string) => `docker://${name}?socket=${daemon.socket}`;
const loading = (name = "app:1", file = "app.tar") => ["process", `oci-archive://${file}`, to(name)];

/** The one archive that the daemon was sent. */
function sent(): { config: string; tags: readonly string[] } {
  expect(daemon.loads).toHaveLength(1);
  writeFileSync(work.at("sent.tar"), daemon.loads[0] as Buffer);
  const folder = unpack(work.at("sent.tar"), work.at("sent"));
  const [image] = [...daemon.images.keys()];
  return {
    config: checkedDockerSave(folder).config,
    tags: image === undefined ? [] : [...daemon.images.keys()],
  };
}

describe("an image loaded into a daemon", () => {
  it("is what docker save writes, with the config untouched", async () => {
    const { name, layers } = await work.json(loading());
    expect(name).toBe("docker://docker.io/library/app:1");
    expect(layers.map(({ digest }: { digest: string }) => digest)).toEqual(layout.diffIds);
    expect(sent()).toEqual({ config: layout.config.digest, tags: ["docker.io/library/app:1"] });
    expect(daemon.requests).toEqual([
      "GET /_ping",
      "POST /images/load?quiet=1",
      "GET /images/docker.io/library/app:1/json",
    ]);
  });

  it.each([
    ["app", "docker.io/library/app:latest"],
    ["localhost:5000/x", "localhost:5000/x:latest"],
    ["me/app:2", "docker.io/me/app:2"],
  ])("as %s is called %s", async (name, full) => {
    await work.sealift(loading(name));
    expect(sent().tags).toEqual([full]);
  });

  it("has the destination's name, whatever it was called before", async () => {
    const saved = legacySave([archive(rawMember({ name: "a" }, "a"))], "before:1");
    daemon.images.set("before:1", saved);
    await work.sealift(["process", to("before:1"), to("after:1")]);
    daemon.images.delete("before:1");
    expect(sent()).toEqual({ config: saved.id, tags: ["docker.io/library/after:1"] });
  });

  it("is sent to its end, also behind a piece of nothing", async () => {
    const { archive: saved } = legacySave([archive(rawMember({ name: "a" }, "a"))], "pieces:1");
    const endpoint = { name: daemon.socket, address: { socketPath: daemon.socket }, prefix: "" };
    const writer = loadWriter(endpoint, { name: "pieces:1" });
    for (const piece of [saved.subarray(0, 700), saved.subarray(0, 0), saved.subarray(700)])
      await writer.write(piece);
    await writer.commit();
    expect(daemon.loads.map((load) => load.equals(saved))).toEqual([true]);
  });

  it("may be large", async () => {
    await work.sealift(loading("app:1", "large.tar"));
    expect(sent().config).toBe(large.config.digest);
  });

  it("may have another ID where containerd stores images, with the same layers", async () => {
    const digest = `sha256:${"1".repeat(64)}`;
    const Descriptor = { mediaType: layout.image.mediaType, digest };
    const answer = (Layers: readonly string[]) => {
      daemon.takeover = (_, response, path) => {
        if (!path.endsWith("/json")) return false;
        const told = { Id: digest, Os: "linux", Architecture: "amd64", RootFS: { Layers }, Descriptor };
        response.end(JSON.stringify(told));
        return true;
      };
    };
    answer(layout.diffIds);
    await work.sealift(loading());
    answer(layout.diffIds.slice(1));
    await expectFailure(work, loading(), { code: "DIGEST_MISMATCH", exit: 3, says: digest });
  });
});

describe("a daemon that", () => {
  /** Answers a load before, or after, it has read the archive. */
  const answering = (status: number, body: string, early = false) => {
    daemon.takeover = (request, response, path) => {
      if (path !== "/images/load") return false;
      if (early) response.writeHead(status).end(body);
      else request.resume().once("end", () => response.writeHead(status).end(body));
      return true;
    };
  };
  const failing = (says: string, code: ErrorCode, exit: number, file = "app.tar") =>
    expectFailure(work, loading("app:1", file), { code, exit, says });

  it.each<[string, number, string, string, ErrorCode, number]>([
    [
      "fails in its answer",
      200,
      '{"stream":"Loading"}\r\n{"errorDetail":{"message":"no space"},"error":"no space"}\r\n',
      "Cannot load docker.io/library/app:1 into docker: no space",
      "DAEMON_ERROR",
      1,
    ],
    ["fails by its status", 500, '{"message":"bad tar"}', "into docker: bad tar", "DAEMON_ERROR", 1],
    ["answers no JSON", 200, "<html>\n", "Cannot read docker's answer", "JSON_INVALID", 1],
    ["answers without end", 200, "x".repeat(2 << 20), "line over", "LIMIT_EXCEEDED", 1],
    ["loads nothing", 200, '{"stream":""}\n', "Cannot find image docker.io/library/app:1", "NOT_FOUND", 5],
  ])("%s ends the command with its own code", async (_, status, body, says, code, exit) => {
    answering(status, body);
    await failing(says, code, exit);
  });

  it("refuses before it has read the archive is heard", async () => {
    answering(400, '{"message":"no room for that"}', true);
    const { code, stderr } = await work.run(loading("app:1", "large.tar"));
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining("no room for that") });
    expect(work.temporaryFiles()).toEqual([]);
  });

  it("closes the connection while it is sent to is unreachable", async () => {
    daemon.takeover = (request, _, path) => {
      if (path === "/images/load") request.once("data", () => request.destroy());
      return path === "/images/load";
    };
    await failing("Cannot reach docker", "UNREACHABLE", 5, "large.tar");
  });

  it("has another image under the name afterwards is not believed", async () => {
    const id = `sha256:${"2".repeat(64)}`;
    daemon.takeover = (_, response, path) => {
      if (!path.endsWith("/json")) return false;
      response.end(JSON.stringify({ Id: id, Os: "linux", Architecture: "amd64", RootFS: { Layers: [] } }));
      return true;
    };
    await failing(`it has ${id} under that name`, "DIGEST_MISMATCH", 3);
  });

  it("is not there is missed before the image is read", async () => {
    const args = ["process", "oci-archive://app.tar", "docker://app?socket=/nowhere/s"];
    await expectFailure(work, args, { code: "UNREACHABLE", exit: 5, says: "there is no such socket" });
  });
});

describe("an archive that breaks off", () => {
  it("is none to the daemon: a layer turns out to be damaged", async () => {
    const bytes = Buffer.from(archiveOf(large.files));
    const [layer] = large.layers;
    const at = bytes.indexOf(`blobs/sha256/${layer?.digest.slice(7)}`) + 512;
    bytes.set([0xff], at + (layer?.size ?? 0) - 5);
    writeFileSync(work.at("damaged.tar"), bytes);
    await work.run(loading("app:1", "damaged.tar"));
    expect(daemon.loads).toEqual([]);
    const first = { code: "DIGEST_MISMATCH" as const, exit: 3, says: "its digest is" };
    await expectFailure(work, loading("app:1", "damaged.tar"), first);
  });

  it("is none to the daemon: the user has had enough", async () => {
    let taking: IncomingMessage | undefined;
    daemon.takeover = (request, _, path) => {
      if (path !== "/images/load") return false;
      request.once("data", () => {
        // Who does not read does not hear of an end either, so the test reads on.
        taking = request.pause();
      });
      request.once("error", () => daemon.brokenLoads++);
      return true;
    };
    const running = work.start(loading("app:1", "large.tar"));
    await until(() => taking !== undefined);
    running.process.kill("SIGINT");
    const { code, stderr } = await running.ended;
    expect({ code, stderr }).toMatchObject({ code: 130, stderr: expect.stringMatching(/^error\[ABORTED\]/) });
    taking?.resume();
    await until(() => daemon.brokenLoads === 1);
    expect(work.temporaryFiles()).toEqual([]);
  });
});

describe("a destination's name", () => {
  it.each<[string, string, ErrorCode, number, string]>([
    ["with a digest", `app@${layout.config.digest}`, "REFERENCE_INVALID", 2, "tags, not digests"],
    ["that is none", "App:1", "REFERENCE_INVALID", 2, "is not a repository name"],
    ["with credentials", "me:secret@h.io/app", "URI_INVALID", 2, "Cannot use credentials"],
  ])("%s is refused", async (_, name, code, exit, says) => {
    await expectFailure(work, loading(name), { code, exit, says });
    expect(daemon.requests).toEqual([]);
  });
});
