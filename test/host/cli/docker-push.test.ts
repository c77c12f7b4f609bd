/** `dockerpush://`: a daemon pushes to a registry that lives as long as the command. */

import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:tls";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { selfSignedCertificate } from "../../../cli/host/docker/certificate.ts";
import { servePushRegistry } from "../../../cli/host/docker/push-registry.ts";
import { silenceLimit } from "../../../cli/host/docker/silence-limit.ts";
import { serve } from "../../../cli/host/serve.ts";
import { isSealiftError } from "../../../src/error.ts";
import { parseDigest } from "../../../src/oci/digest.ts";
import { memoryStore } from "../../../src/store/memory.ts";
import { memoryHost } from "../../memory-host.ts";
import { startRegistry, until, Workspace } from "./cli.ts";
import { FakeDaemon, json, send } from "./docker-daemon.ts";
import { expectFailure } from "./failure.ts";
import { checkedLayout, type Layout, smallLayout } from "./images.ts";

let work: Workspace;
let daemon: FakeDaemon;
const layout = smallLayout();
const manifest = layout.files.get(`blobs/sha256/${layout.image.digest.slice(7)}`) as Uint8Array;
const { mediaType } = layout.image;

beforeAll(async () => {
  work = new Workspace();
  daemon = await new FakeDaemon().start();
});
afterEach(() => daemon.reset());
afterAll(async () => {
  daemon.close();
  await work.dispose();
});

const pushing = (name = "team/app:1", more = "") => [
  "process",
  `dockerpush://${name}?socket=${daemon.socket}${more}`,
  "oci-layout://out",
];
const image = (id: string, bytes = manifest, type = mediaType, of: Layout = layout) => ({
  id,
  archive: new Uint8Array(),
  pushed: { layout: of, mediaType: type, bytes },
});
const untagged = () => daemon.requests.filter((line) => line.startsWith("DELETE"));

describe("an image that a daemon pushes", () => {
  it("is what it pushed, and the name it was pushed by is gone", async () => {
    daemon.images.set("team/app:1", image(layout.config.digest));
    const result = await work.json(pushing());
    expect(result.manifest.digest).toBe(layout.image.digest);
    expect(checkedLayout(work.at("out"))).toMatchObject({
      manifest: layout.image.digest,
      config: layout.config.digest,
    });
    const [inspect, tag, push, untag, ...others] = daemon.requests;
    const port = /127\.0\.0\.1%3A(\d+)/.exec(tag ?? "")?.[1];
    expect([inspect, tag, push, untag, others]).toEqual([
      "GET /images/team/app:1/json",
      `POST /images/team/app:1/tag?repo=127.0.0.1%3A${port}%2Fteam%2Fapp&tag=1`,
      `POST /images/127.0.0.1:${port}/team/app/push?tag=1&tlsVerify=false`,
      `DELETE /images/127.0.0.1:${port}/team/app:1?noprune=true`,
      [],
    ]);
    expect(work.temporaryFiles()).toEqual([]);
  });

  it("may have the manifest's digest for an ID, where containerd stores images", async () => {
    daemon.images.set("app:latest", image(layout.image.digest));
    expect((await work.json(pushing("app"))).manifest.digest).toBe(layout.image.digest);
  });

  it("may be asked for by its ID", async () => {
    daemon.images.set(layout.config.digest, image(layout.config.digest));
    expect((await work.json(pushing(layout.config.digest))).manifest.digest).toBe(layout.image.digest);
    expect(untagged()).toEqual([expect.stringMatching(/\/library\/image:latest\?noprune=true$/)]);
  });
});

describe("layers that an earlier run has seen pushed", () => {
  const cached = (...args: string[]) => [...args, "--layer-cache", "cache", "--json"];
  const uploads = () => daemon.uploaded.splice(0).toSorted();
  const digests = (...blobs: { digest: string }[]) => blobs.map(({ digest }) => digest).toSorted();

  it("are not sent again where nobody reads them, and are where somebody does", async () => {
    const registry = await startRegistry(work);
    const source = `dockerpush://team/app:1?socket=${daemon.socket}`;
    const push = cached("process", source, `registry://${registry.host}/team/app:1`);
    const all = digests(layout.config, ...layout.layers);
    daemon.images.set("team/app:1", image(layout.config.digest));
    await work.sealift(push);
    expect(uploads()).toEqual(all);
    expect(JSON.parse(await work.sealift(push)).manifest.digest).toBe(layout.image.digest);
    expect(uploads()).toEqual(digests(layout.config));
    const again = await work.sealift(cached("process", source, "oci-layout://read-after-all"));
    expect(JSON.parse(again).manifest.digest).toBe(layout.image.digest);
    checkedLayout(work.at("read-after-all"));
    expect(uploads()).toEqual(all);
    await registry.stop();
  });

  it("are none without a layer cache", async () => {
    daemon.images.set("team/app:1", image(layout.config.digest));
    for (const out of ["first", "second"]) {
      await work.sealift([
        "process",
        `dockerpush://team/app:1?socket=${daemon.socket}`,
        `oci-layout://${out}`,
      ]);
      expect(uploads()).toEqual(digests(layout.config, ...layout.layers));
    }
  });
});

describe("a push that fails", () => {
  it.each([
    [
      "at the daemon",
      () => ({ id: layout.config.digest, archive: new Uint8Array() }),
      { code: "DAEMON_ERROR", exit: 1, says: "denied: requested access" },
    ],
    [
      "for several platforms",
      () => {
        const several = smallLayout({ architectures: ["amd64", "arm64"] });
        const bytes = json({ schemaVersion: 2, mediaType: several.image.mediaType, manifests: [] });
        return image(layout.config.digest, bytes, several.image.mediaType, several);
      },
      { code: "UNSUPPORTED", exit: 1, says: "docker pushed several platforms" },
    ],
    [
      "with fewer layers than diff_ids",
      () => {
        const parsed = JSON.parse(Buffer.from(manifest).toString());
        return image(layout.config.digest, json({ ...parsed, layers: parsed.layers.slice(1) }));
      },
      { code: "CONFIG_INVALID", exit: 1, says: "2 diff_ids for 1 layer" },
    ],
    [
      "with another image",
      () => image(`sha256:${"0".repeat(64)}`),
      { code: "DIGEST_MISMATCH", exit: 3, says: "docker says its ID is sha256:0000" },
    ],
  ] as const)("%s takes the name away again", async (_, make, expected) => {
    daemon.images.set("team/app:1", make());
    await expectFailure(work, pushing(), expected);
    expect(untagged()).toHaveLength(1);
  });

  it("without a word, though no manifest came, is no success", async () => {
    daemon.images.set("team/app:1", image(layout.config.digest));
    daemon.takeover = (_, response, path) => {
      if (path.endsWith("/push")) response.end('{"status":"done"}\r\n');
      return path.endsWith("/push");
    };
    const expected = { code: "DAEMON_ERROR", exit: 1, says: "ended without a manifest" } as const;
    await expectFailure(work, pushing(), expected);
    expect(untagged()).toHaveLength(1);
  });

  it("because there is no such image, or of another platform, is not begun", async () => {
    await expectFailure(work, pushing(), {
      code: "NOT_FOUND",
      exit: 5,
      says: "Cannot find image team/app:1",
    });
    daemon.images.set("team/app:1", image(layout.config.digest));
    const expected = { code: "PLATFORM_NOT_FOUND", exit: 5, says: "linux/amd64" } as const;
    await expectFailure(work, pushing("team/app:1", "&arch=arm64"), expected);
    expect(daemon.requests.filter((line) => !line.endsWith("/json"))).toEqual([]);
  });

  it("because the daemon is on another machine is not begun", async () => {
    const args = ["process", "dockerpush://app?host=tcp://192.0.2.1", "oci-layout://out"];
    await expectFailure(work, args, { code: "UNSUPPORTED", exit: 1, says: "another machine's" });
  });

  it("or is interrupted takes the name away again", async () => {
    let stalled = false;
    daemon.images.set("team/app:1", image(layout.config.digest));
    daemon.takeover = (_, response, path) => {
      if (!path.endsWith("/push")) return false;
      response.write('{"status":"Preparing","id":"1"}\r\n');
      stalled = true;
      return true;
    };
    const running = work.start(pushing());
    await until(() => stalled);
    running.process.kill("SIGINT");
    const { code, stderr } = await running.ended;
    expect({ code, stderr }).toMatchObject({ code: 130, stderr: expect.stringMatching(/^error\[ABORTED\]/) });
    expect(untagged()).toHaveLength(1);
    expect(work.temporaryFiles()).toEqual([]);
  });

  it("or not: a name that cannot be taken away is named", async () => {
    daemon.images.set("team/app:1", image(layout.config.digest));
    daemon.takeover = ({ method }, response) => {
      if (method !== "DELETE") return false;
      response.writeHead(409).end('{"message":"in use"}');
      return true;
    };
    const { code, stderr } = await work.run(pushing());
    expect(code).toBe(0);
    expect(stderr).toMatch(/The name 127\.0\.0\.1:\d+\/team\/app:1 stays behind \(docker rmi .*in use/);
  });
});

describe("the registry that is pushed to", () => {
  it("has the layers that are known, and takes a manifest of theirs", async () => {
    const host = await memoryHost();
    const [known] = layout.layers;
    const store = memoryStore(host.kernels, host.random);
    const knownSize = async (digest: string) => (digest === known?.digest ? 123 : undefined);
    const options = { knownSize, onActivity() {} };
    const registry = await servePushRegistry(store, options, host);
    const blob = (digest: string) => send("HEAD", `${registry.url}/v2/app/blobs/${digest}`);
    expect(await blob(known?.digest as string)).toMatchObject({ status: 200, length: "123" });
    expect(await blob(layout.config.digest)).toMatchObject({ status: 404 });
    await registry.close();
    expect(await store.blobs.size("app", parseDigest(known?.digest as string))).toBeUndefined();
  });

  it("has a certificate for its address, of its own making, for a day", async () => {
    const now = Date.parse("2026-03-01T12:00:00Z");
    const certificate = new X509Certificate(selfSignedCertificate("127.0.0.1", now).cert);
    expect(certificate.subject).toBe("CN=127.0.0.1");
    expect(certificate.subjectAltName).toBe("IP Address:127.0.0.1");
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(new Date(certificate.validFrom).toISOString()).toBe("2026-03-01T11:00:00.000Z");
    expect(new Date(certificate.validTo).toISOString()).toBe("2026-03-02T11:00:00.000Z");
    const late = new X509Certificate(selfSignedCertificate("127.0.0.1", Date.parse("2051-01-01")).cert);
    expect(new Date(late.validFrom).getUTCFullYear()).toBe(2050);
  });

  it("is believed by a client that trusts the certificate, and by no other", async () => {
    const tls = selfSignedCertificate("127.0.0.1");
    const served = await serve({ fetch: () => new Response("hello") }, { host: "127.0.0.1", port: 0, tls });
    const port = Number(new URL(served.url).port);
    const trusting = connect({ host: "127.0.0.1", port, ca: tls.cert });
    await once(trusting, "secureConnect");
    expect(trusting.authorized).toBe(true);
    trusting.destroy();
    const [error] = await once(connect({ host: "127.0.0.1", port }), "error");
    expect(error.code).toBe("DEPTH_ZERO_SELF_SIGNED_CERT");
    await served.close();
  });
});

describe("waiting for a daemon", () => {
  it("ends when it has been silent for too long, or the user has had enough", async () => {
    const silence = silenceLimit("Cannot push", undefined, 20);
    await once(silence.signal, "abort");
    expect(isSealiftError(silence.signal.reason, "UNREACHABLE")).toBe(true);
    expect(silence.signal.reason.message).toMatch(/^Cannot push: docker was silent/);
    const user = new AbortController();
    const other = silenceLimit("Cannot push", user.signal);
    user.abort(new Error("enough"));
    expect(other.signal.reason).toEqual(new Error("enough"));
    other.end();
  });
});
