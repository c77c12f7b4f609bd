import { describe, expect, it } from "vitest";
import { type Content, contentOf } from "../../../src/bytes/content.ts";
import type { GrowingContent } from "../../../src/bytes/growing-content.ts";
import { spoolContent } from "../../../src/bytes/spooled-content.ts";
import { streamFrom } from "../../../src/bytes/stream.ts";
import { RegistryClient } from "../../../src/registry/client.ts";
import { EarlyUpload } from "../../../src/registry/early-upload.ts";
import { openRepository, type RepositoryOptions } from "../../../src/registry/repository.ts";
import { bodyOf, sampleBytes, testHost } from "./support.ts";
import { keepThenBreak, type Misbehaviour, type UploadServer, uploadServer } from "./upload-server.ts";

const bytes = sampleBytes(300_000);
const wanted = async () => true;

function repositoryOf(server: UploadServer, options: RepositoryOptions = {}) {
  const host = testHost();
  return { host, repository: openRepository(host, { registry: server.registry, repository: "a" }, options) };
}

/** Spools the bytes, and has the upload begin after the first of them; `between` runs before the last. */
async function making(upload: EarlyUpload, between: () => Promise<void> = async () => {}) {
  const { kernels, spool } = testHost();
  const stream = streamFrom(
    (async function* () {
      for (let at = 0; at < bytes.length; at += 50_000) {
        if (at + 50_000 === bytes.length) await between();
        yield bytes.subarray(at, at + 50_000);
      }
    })(),
  );
  return spoolContent(spool, kernels, stream, {
    from: 50_000,
    begin: (content: GrowingContent) => upload.begin(content, wanted),
  });
}

/** A registry that tells when so many bytes of a PATCH have arrived; `answers` or not. */
async function awaitingPatch(answers: boolean, length = 1) {
  let arrived = () => {};
  const patched = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const server = await uploadServer({
    intercept(request) {
      if (request.method !== "PATCH") return false;
      let received = 0;
      request.on("data", (part: Buffer) => {
        received += part.length;
        if (received >= length) arrived();
      });
      return !answers;
    },
  });
  return { server, patched };
}

/** Made and pushed, as a sink does it. */
async function push(misbehaviour: Misbehaviour = {}) {
  const server = await uploadServer(misbehaviour);
  const { host, repository } = repositoryOf(server);
  const early = repository.earlyUpload?.() as EarlyUpload;
  const content = await making(early);
  const outcome = await repository.pushBlob(content, { early });
  await early.abandon();
  const stored = server.blobs.get(`a@${content.digest}`)?.equals(bytes);
  return { server, host, outcome, stored, digest: content.digest, methods: methodsOf(server) };
}

const methodsOf = (server: UploadServer) => server.log.map((line) => line.split(" ")[0]);

describe("an upload that begins before the blob is whole", () => {
  it("sends it in one PATCH of unknown length, and states the digest in the end", async () => {
    const { server, outcome, stored, methods } = await push();
    expect([outcome, stored]).toEqual(["uploaded", true]);
    expect(methods.toSorted()).toEqual(["HEAD", "PATCH", "POST", "PUT"]);
    const patch = server.requests.find(({ method }) => method === "PATCH");
    expect(patch?.headers).toMatchObject({ "transfer-encoding": "chunked" });
    expect(patch?.headers).not.toHaveProperty("content-range");
    expect(patch?.headers).not.toHaveProperty("content-length");
    expect(server.sessions.size).toBe(0);
  });

  it("has sent what there is before the rest is made", async () => {
    const { server, patched } = await awaitingPatch(true, 200_000);
    const { repository } = repositoryOf(server);
    const early = repository.earlyUpload?.() as EarlyUpload;
    const content = await making(early, () => patched);
    expect(await repository.pushBlob(content, { early })).toBe("uploaded");
  });

  it("tells how far it has come once the blob has a name, and of no other blob", async () => {
    let whole = () => {};
    const isWhole = new Promise<void>((resolve) => {
      whole = resolve;
    });
    const server = await uploadServer();
    const host = testHost({
      async fetch(url, init) {
        if (init?.method === "PATCH") await isWhole;
        return fetch(url, init);
      },
    });
    const repository = openRepository(host, { registry: server.registry, repository: "a" });
    const early = repository.earlyUpload?.() as EarlyUpload;
    const content = await making(early);
    const told: number[] = [];
    early.follow(content, (sent) => told.push(sent));
    early.follow(contentOf(host.kernels, new Uint8Array(1)), () => told.push(-1));
    whole();
    expect(await repository.pushBlob(content, { early })).toBe("uploaded");
    expect(told.at(-1)).toBe(bytes.length);
    expect(told).toEqual(told.toSorted((one, other) => one - other));
    expect(Math.min(...told)).toBeGreaterThan(0);
  });

  it.each([400, 404, 405, 411, 413, 416, 500, 501])(
    "is refused with %i, and the blob is sent in the usual way",
    async (status) => {
      const { server, host, outcome, stored, methods } = await push({
        async intercept(request, response) {
          if (request.method !== "PATCH") return false;
          response.writeHead(status).end();
          return true;
        },
      });
      expect([outcome, stored]).toEqual(["uploaded", true]);
      expect(methods.filter((method) => method === "POST")).toHaveLength(2);
      expect(methods).toContain("DELETE");
      expect(server.sessions.size).toBe(0);
      expect(host.sleeps).toEqual([]);
    },
  );

  it("is refused by a registry that reads all of it first, and the blob is sent in the usual way", async () => {
    const { outcome, stored } = await push({
      async intercept(request, response) {
        if (request.method !== "PATCH") return false;
        await bodyOf(request);
        response.writeHead(400).end(JSON.stringify({ errors: [{ code: "BLOB_UPLOAD_INVALID" }] }));
        return true;
      },
    });
    expect([outcome, stored]).toEqual(["uploaded", true]);
  });

  it("whose connection breaks goes on from what the registry kept", async () => {
    let broken = false;
    const { server, outcome, stored } = await push({
      async intercept(request, _response, server, id) {
        if (request.method !== "PATCH" || broken) return false;
        broken = true;
        await keepThenBreak(request, server, id as string, 120_000);
        return true;
      },
    });
    expect([outcome, stored]).toEqual(["uploaded", true]);
    const ranges = server.requests.map(({ headers }) => headers["content-range"]).filter(Boolean);
    expect(ranges).toEqual([`120000-${bytes.length - 1}`]);
  });

  it("whose session is lost with the connection begins anew", async () => {
    let broken = false;
    const { outcome, stored } = await push({
      intercept(request, _response, server, id) {
        if (request.method !== "PATCH" || broken) return false;
        broken = true;
        server.sessions.delete(id as string);
        request.socket.destroy();
        return true;
      },
    });
    expect([outcome, stored]).toEqual(["uploaded", true]);
  });

  it("is not believed where the registry kept less than was sent", async () => {
    let answered = false;
    const { outcome, stored } = await push({
      async intercept(request, response) {
        if (request.method !== "PATCH" || answered) return false;
        answered = true;
        await bodyOf(request);
        response.writeHead(202, { location: request.url, range: "0-99" }).end();
        return true;
      },
    });
    expect([outcome, stored]).toEqual(["uploaded", true]);
  });

  it("whose digest the closing PUT refuses is given up, and the blob is sent again, once", async () => {
    const { server, host, outcome, stored } = await push({
      intercept(request, response, server, id) {
        if (request.method !== "PUT" || id !== "s1") return false;
        server.sessions.delete("s1");
        response.writeHead(400).end(JSON.stringify({ errors: [{ code: "DIGEST_INVALID" }] }));
        return true;
      },
    });
    expect([outcome, stored]).toEqual(["uploaded", true]);
    expect(server.log.filter((line) => line.startsWith("PUT"))).toHaveLength(2);
    expect(host.events).toContainEqual(
      expect.objectContaining({ type: "debug", details: { event: "early-upload-given-up" } }),
    );
  });

  it("fails with DIGEST_MISMATCH where the registry refuses the digest again", async () => {
    const answer = push({
      async intercept(request, response) {
        if (request.method !== "PUT") return false;
        await bodyOf(request);
        response.writeHead(400).end(JSON.stringify({ errors: [{ code: "DIGEST_INVALID" }] }));
        return true;
      },
    });
    await expect(answer).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
  });

  it("is cancelled where the blob turns out to be there, without waiting for its end", async () => {
    const { server, patched } = await awaitingPatch(false);
    const { repository } = repositoryOf(server);
    const early = repository.earlyUpload?.() as EarlyUpload;
    const content = await making(early, () => patched);
    server.blobs.set(`a@${content.digest}`, Buffer.from(bytes));
    expect(await repository.pushBlob(content, { early })).toBe("exists");
    await early.abandon();
    expect(server.log.at(-1)).toBe("DELETE uploads/s1");
    expect(server.sessions.size).toBe(0);
  });

  it("of other bytes than are pushed in the end is cancelled, though they are as many", async () => {
    const server = await uploadServer();
    const { host, repository } = repositoryOf(server);
    const early = repository.earlyUpload?.() as EarlyUpload;
    await making(early);
    const other: Content = contentOf(host.kernels, bytes.toReversed());
    expect(await repository.pushBlob(other, { early })).toBe("uploaded");
    await early.abandon();
    expect([...server.blobs.keys()]).toEqual([`a@${other.digest}`]);
    expect(methodsOf(server).filter((method) => method === "PUT")).toHaveLength(1);
    expect(server.sessions.size).toBe(0);
  });

  it("that is refused while the blob is made fails nobody before the blob is pushed", async () => {
    let refused = () => {};
    const isRefused = new Promise<void>((resolve) => {
      refused = resolve;
    });
    const server = await uploadServer({
      intercept(request, response) {
        if (request.method !== "PATCH") return false;
        response.writeHead(404).end();
        return true;
      },
    });
    const { host, repository } = repositoryOf(server);
    const fetch: typeof host.fetch = async (url, init) => {
      const response = await host.fetch(url, init);
      // A turn later the upload has heard it as well.
      if (init?.method === "PATCH") setTimeout(refused);
      return response;
    };
    const early = new EarlyUpload(new RegistryClient({ ...host, fetch }, server.registry), "a");
    const content = await making(early, () => isRefused);
    expect(await repository.pushBlob(content, { early })).toBe("uploaded");
    await early.abandon();
    expect(server.sessions.size).toBe(0);
  });

  it("is of the first content that is given, and of no second one", async () => {
    const server = await uploadServer();
    const { repository } = repositoryOf(server);
    const early = repository.earlyUpload?.() as EarlyUpload;
    const content = await making(early);
    await making(early);
    expect(await repository.pushBlob(content, { early })).toBe("uploaded");
    expect(methodsOf(server).toSorted()).toEqual(["HEAD", "PATCH", "POST", "PUT"]);
  });

  it("that was handed over is no more the early one's to cancel", async () => {
    const server = await uploadServer();
    const { repository } = repositoryOf(server);
    const early = repository.earlyUpload?.() as EarlyUpload;
    const begun = await early.handOver(await making(early));
    await early.abandon();
    expect(begun).toMatchObject({ received: bytes.length, session: { isOpen: true } });
    expect(methodsOf(server)).toEqual(["POST", "PATCH"]);
  });

  it("is taken up in place of a session that a refused mount has left, which is cancelled", async () => {
    const server = await uploadServer();
    const { repository } = repositoryOf(server);
    const early = repository.earlyUpload?.() as EarlyUpload;
    const content = await making(early);
    expect(await repository.pushBlob(content, { early, mountFrom: ["b"] })).toBe("uploaded");
    expect(methodsOf(server).toSorted()).toEqual(["DELETE", "HEAD", "PATCH", "POST", "POST", "PUT"]);
    expect(server.sessions.size).toBe(0);
  });

  it("that was never begun is abandoned without a request", async () => {
    const server = await uploadServer();
    await repositoryOf(server).repository.earlyUpload?.().abandon();
    expect(server.log).toEqual([]);
  });

  it("that the run's interruption ends is not sent in the usual way", async () => {
    const { server, patched } = await awaitingPatch(false);
    const interruption = new AbortController();
    const host = testHost({
      signal: interruption.signal,
      async fetch(url, init) {
        const response = await fetch(url, init);
        // The blob is not there: a turn later its early upload is waited for.
        if (init?.method === "HEAD") setTimeout(() => interruption.abort());
        return response;
      },
    });
    const repository = openRepository(host, { registry: server.registry, repository: "a" });
    const early = repository.earlyUpload?.() as EarlyUpload;
    const content = await making(early, () => patched);
    const pushing = repository.pushBlob(content, { early });
    await expect(pushing).rejects.toMatchObject({ code: "ABORTED" });
    expect(methodsOf(server)).not.toContain("PUT");
    expect(JSON.stringify(host.events)).not.toContain("early-upload-given-up");
  });

  it("is cancelled where making the blob fails", async () => {
    const { server, patched } = await awaitingPatch(false);
    const { repository } = repositoryOf(server);
    const early = repository.earlyUpload?.() as EarlyUpload;
    const damaged = async () => {
      await patched;
      throw new Error("the layer is damaged");
    };
    await expect(making(early, damaged)).rejects.toThrow("the layer is damaged");
    await early.abandon();
    expect(server.log.at(-1)).toBe("DELETE uploads/s1");
    expect([server.sessions.size, server.blobs.size]).toEqual([0, 0]);
    expect(methodsOf(server)).not.toContain("PUT");
  });

  it("is not begun where it is not wanted, and costs nothing then", async () => {
    const server = await uploadServer();
    const { host, repository } = repositoryOf(server);
    const early = repository.earlyUpload?.() as EarlyUpload;
    const content = await spoolContent(host.spool, host.kernels, streamFrom([bytes]), {
      from: 1,
      begin: (growing) => early.begin(growing, async () => false),
    });
    expect(await repository.pushBlob(content, { early })).toBe("uploaded");
    await early.abandon();
    expect(methodsOf(server)).toEqual(["HEAD", "POST", "PUT"]);
  });

  it("is not offered where requests have a limit", async () => {
    const server = await uploadServer();
    expect(repositoryOf(server, { chunkSize: 1000 }).repository.earlyUpload).toBeUndefined();
  });

  describe("to a registry that stands still", () => {
    const PATIENCE = 50;
    /** What the registry does with the first PATCH; it never answers it. */
    const stalling = async (read: boolean) => {
      let patches = 0;
      const server = await uploadServer({
        async intercept(request) {
          if (request.method !== "PATCH" || patches++ > 0) return false;
          if (read) await bodyOf(request);
          return true;
        },
      });
      const { host, repository } = repositoryOf(server);
      const early = new EarlyUpload(new RegistryClient(host, server.registry), "a", PATIENCE);
      return { server, host, repository, early };
    };

    it.each([true, false])(
      "(having read all: %s) is given up for the usual one, which is told",
      async (read) => {
        const { server, host, repository, early } = await stalling(read);
        const content = await making(early);
        expect(await repository.pushBlob(content, { early })).toBe("uploaded");
        await early.abandon();
        expect(server.blobs.get(`a@${content.digest}`)?.equals(bytes)).toBe(true);
        const warnings = host.events.filter(({ type }) => type === "warning");
        expect(warnings).toMatchObject([{ message: expect.stringContaining("stood still for 0.05 s") }]);
        // What stands still is not asked how far it came.
        expect(methodsOf(server)).not.toContain("GET");
      },
    );

    it("is not asked for ever whether it is wanted", async () => {
      const { server, host, repository } = await stalling(false);
      const early = new EarlyUpload(new RegistryClient(host, server.registry), "a", PATIENCE);
      const { kernels, spool } = host;
      let stopped = false;
      const content = await spoolContent(spool, kernels, streamFrom([bytes]), {
        from: 1,
        begin: (growing: GrowingContent) =>
          early.begin(
            growing,
            (signal) =>
              new Promise((_, reject) =>
                signal.addEventListener("abort", () => {
                  stopped = true;
                  reject(signal.reason);
                }),
              ),
          ),
      });
      expect(await repository.pushBlob(content, { early })).toBe("uploaded");
      expect(stopped).toBe(true);
    });
  });
});
