import { describe, expect, it } from "vitest";
import { type Content, contentOf, digestOf } from "../../../src/bytes/content.ts";
import { streamFrom } from "../../../src/bytes/stream.ts";
import { formatDigest } from "../../../src/oci/digest.ts";
import { openRepository, type RepositoryOptions } from "../../../src/registry/repository.ts";
import { turn } from "../../turn.ts";
import { bodyOf, sampleBytes, serve, testHost } from "./support.ts";
import { keepThenBreak, type UploadServer, uploadServer } from "./upload-server.ts";

const { kernels } = testHost();
const MIB = 1 << 20;
/** Past what is sent from memory, so that bodies are streams. */
const large = sampleBytes(9 * MIB);
const largeDigest = digestOf(kernels, large);
const small = contentOf(kernels, sampleBytes(5000));

/** Content read in 64 KiB chunks, which counts how often it is opened. */
function largeContent(): Content & { opened: number } {
  return {
    digest: largeDigest,
    size: large.length,
    opened: 0,
    async open() {
      this.opened += 1;
      return streamFrom(
        (function* () {
          for (let at = 0; at < large.length; at += 65536) yield large.subarray(at, at + 65536);
        })(),
      );
    },
  };
}

function repositoryOf(server: UploadServer, options: RepositoryOptions = {}) {
  const host = testHost();
  return { host, repository: openRepository(host, { registry: server.registry, repository: "a" }, options) };
}

/** Compared by Buffer: an assertion on each of nine million elements takes seconds. */
const received = (server: UploadServer) => server.blobs.get(`a@${largeDigest}`)?.equals(large);

const bodies = (server: UploadServer) =>
  server.requests.flatMap(({ method, headers }) =>
    method === "PUT" || method === "PATCH"
      ? [
          `${method} ${headers["content-range"] ?? "-"} ${headers["content-length"] ?? headers["transfer-encoding"]}`,
        ]
      : [],
  );

describe("the push of a blob", () => {
  it("sends it in one PUT with its length, once there is a session", async () => {
    const server = await uploadServer();
    expect(await repositoryOf(server).repository.pushBlob(largeContent())).toBe("uploaded");
    expect(server.log).toEqual([`HEAD ${largeDigest}`, "POST uploads/", "PUT uploads/s1"]);
    expect(bodies(server)).toEqual([`PUT - ${large.length}`]);
    expect(received(server)).toBe(true);
  });

  it("brings a Location's query back as it was, also from a relative Location", async () => {
    for (const relative of [false, true]) {
      const server = await uploadServer({ relative });
      await repositoryOf(server).repository.pushBlob(small);
      expect(server.requests.at(-1)?.url).toBe(
        `/v2/a/blobs/uploads/s1?_state=a%2Fb+s1%3D&digest=${encodeURIComponent(small.digest)}`,
      );
    }
  });

  it("opens the content while the session is begun", async () => {
    const server = await uploadServer();
    const content = largeContent();
    const { host } = repositoryOf(server);
    let openedAtPost: number | undefined;
    const fetch: typeof host.fetch = async (url, init) => {
      // What the session's answer could be waited for with has been done by now, or never is.
      if (init?.method === "POST") {
        await turn();
        openedAtPost = content.opened;
      }
      return host.fetch(url, init);
    };
    const repository = openRepository({ ...host, fetch }, { registry: server.registry, repository: "a" });
    expect(await repository.pushBlob(content)).toBe("uploaded");
    expect(openedAtPost).toBe(1);
    expect(content.opened).toBe(1);
    expect(received(server)).toBe(true);
  });

  it("lets go of the content that was opened for a session that never began", async () => {
    const server = await uploadServer({
      intercept(request, response) {
        if (request.method !== "POST") return false;
        response.writeHead(403).end();
        return true;
      },
    });
    let released = 0;
    const content: Content = {
      digest: largeDigest,
      size: large.length,
      open: async () => streamFrom([large], () => (released += 1)),
    };
    await expect(repositoryOf(server).repository.pushBlob(content)).rejects.toMatchObject({ code: "DENIED" });
    expect(released).toBe(1);
    expect(bodies(server)).toEqual([]);
  });

  it("is skipped if the repository has it", async () => {
    const server = await uploadServer();
    server.blobs.set(`a@${small.digest}`, Buffer.alloc(0));
    expect(await repositoryOf(server).repository.pushBlob(small)).toBe("exists");
    expect(server.log).toHaveLength(1);
  });

  it("of no bytes works", async () => {
    const server = await uploadServer();
    const empty = contentOf(kernels, new Uint8Array());
    expect(await repositoryOf(server).repository.pushBlob(empty)).toBe("uploaded");
    expect(
      await repositoryOf(server, { chunkSize: 10 }).repository.pushBlob(contentOf(kernels, new Uint8Array())),
    ).toBe("exists");
  });

  it("in chunks sends Content-Range and never more than the chunk's size, opening the content once", async () => {
    const server = await uploadServer();
    const content = largeContent();
    await repositoryOf(server, { chunkSize: 4 * MIB }).repository.pushBlob(content);
    expect(bodies(server)).toEqual([
      `PATCH 0-${4 * MIB - 1} ${4 * MIB}`,
      `PATCH ${4 * MIB}-${8 * MIB - 1} ${4 * MIB}`,
      `PATCH ${8 * MIB}-${9 * MIB - 1} ${MIB}`,
      "PUT - 0",
    ]);
    expect(content.opened).toBe(1);
    expect(received(server)).toBe(true);
  });

  it("makes chunks as large as the registry's minimum", async () => {
    const server = await uploadServer({ minimumChunk: 2000 });
    await repositoryOf(server, { chunkSize: 100 }).repository.pushBlob(small);
    expect(bodies(server)).toEqual([
      "PATCH 0-1999 2000",
      "PATCH 2000-3999 2000",
      "PATCH 4000-4999 1000",
      "PUT - 0",
    ]);
  });

  it("fails with DIGEST_MISMATCH, and not again, if the registry received something else", async () => {
    const server = await uploadServer();
    const wrong = { ...small, digest: largeDigest };
    await expect(repositoryOf(server).repository.pushBlob(wrong)).rejects.toMatchObject({
      code: "DIGEST_MISMATCH",
    });
    expect(server.log.filter((entry) => entry.startsWith("PUT"))).toHaveLength(1);
  });

  it("fails with DIGEST_MISMATCH if the registry stores it under another name", async () => {
    const server = await uploadServer({
      intercept(request, response) {
        if (request.method !== "PUT") return false;
        request.resume();
        request.on("end", () => response.writeHead(201, { "docker-content-digest": largeDigest }).end());
        return true;
      },
    });
    await expect(repositoryOf(server).repository.pushBlob(small)).rejects.toMatchObject({
      code: "DIGEST_MISMATCH",
    });
  });

  it("fails with SIZE_MISMATCH if the content ends early, and cancels the session", async () => {
    const server = await uploadServer();
    const short = { ...largeContent(), size: large.length + 1 };
    await expect(repositoryOf(server).repository.pushBlob(short)).rejects.toMatchObject({
      code: "SIZE_MISMATCH",
    });
    expect(server.log.at(-1)).toBe("DELETE uploads/s1");
    expect(server.sessions.size).toBe(0);
  });

  it("fails where the registry does not say where to", async () => {
    const server = await uploadServer({
      intercept(request, response) {
        if (request.method !== "POST") return false;
        response.writeHead(202).end();
        return true;
      },
    });
    await expect(repositoryOf(server).repository.pushBlob(small)).rejects.toMatchObject({
      code: "REGISTRY_ERROR",
      message: expect.stringContaining("the registry does not say where to"),
    });
  });

  it("fails with DENIED and what the registry says", async () => {
    const server = await uploadServer({
      intercept(request, response) {
        if (request.method !== "POST") return false;
        response.writeHead(403).end(JSON.stringify({ errors: [{ code: "DENIED", message: "read only" }] }));
        return true;
      },
    });
    await expect(repositoryOf(server).repository.pushBlob(small)).rejects.toMatchObject({
      code: "DENIED",
      message: expect.stringContaining("read only"),
    });
  });

  it("leaves our credentials here when the session is on another host", async () => {
    let authorization: string | undefined = "none came";
    const storage = await serve(async (request, response) => {
      authorization = request.headers.authorization;
      await bodyOf(request);
      response.writeHead(201).end();
    });
    const server = await uploadServer({
      intercept(request, response) {
        if (!request.headers.authorization) {
          response.writeHead(401, { "www-authenticate": "Basic realm=r" }).end();
          return true;
        }
        if (request.method !== "POST") return false;
        response.writeHead(202, { location: `http://${storage}/put?sig=1` }).end();
        return true;
      },
    });
    const credential = { username: "alice", password: "wonder", origin: "flags" };
    expect(await repositoryOf(server, { credential }).repository.pushBlob(small)).toBe("uploaded");
    expect(authorization).toBeUndefined();
  });
});

describe("a mount", () => {
  it("takes the blob from another repository", async () => {
    const server = await uploadServer();
    server.blobs.set(`b@${small.digest}`, Buffer.alloc(1));
    const { repository } = repositoryOf(server);
    expect(await repository.pushBlob(small, { mountFrom: ["b"] })).toBe("mounted");
    expect(server.requests.at(-1)?.url).toBe(
      `/v2/a/blobs/uploads/?mount=${encodeURIComponent(small.digest)}&from=b`,
    );
  });

  it("that fails leaves a session, which is used; those before it are cancelled", async () => {
    const server = await uploadServer();
    const { repository } = repositoryOf(server);
    expect(await repository.pushBlob(small, { mountFrom: ["a", "b", "c"] })).toBe("uploaded");
    expect(server.log).toEqual([
      "POST uploads/",
      `HEAD ${small.digest}`,
      "POST uploads/",
      "DELETE uploads/s1",
      "PUT uploads/s2",
    ]);
    expect(server.sessions.size).toBe(0);
  });

  it("is asked for in one request, which what is there already needs as well", async () => {
    const server = await uploadServer();
    for (const place of ["a", "b"]) server.blobs.set(`${place}@${small.digest}`, Buffer.alloc(1));
    const { repository } = repositoryOf(server);
    expect(await repository.pushBlob(small, { mountFrom: ["b"] })).toBe("mounted");
    expect(server.log).toEqual(["POST uploads/"]);
  });

  it("that was refused once is asked for only where the blob is not there", async () => {
    const server = await uploadServer();
    const { repository } = repositoryOf(server);
    await repository.pushBlob(small, { mountFrom: ["b"] });
    server.log.length = 0;
    expect(await repository.pushBlob(small, { mountFrom: ["b"] })).toBe("exists");
    expect(server.log).toEqual([`HEAD ${small.digest}`]);
    expect(server.sessions.size).toBe(0);
  });

  it("that is refused for what is there leaves no session behind", async () => {
    const server = await uploadServer();
    await repositoryOf(server).repository.pushBlob(small);
    server.log.length = 0;
    expect(await repositoryOf(server).repository.pushBlob(small, { mountFrom: ["b"] })).toBe("exists");
    expect(server.log).toEqual(["POST uploads/", `HEAD ${small.digest}`, "DELETE uploads/s2"]);
    expect(server.sessions.size).toBe(0);
  });

  it("whose answer does not come is asked for again, and then the push has failed", async () => {
    const server = await uploadServer({
      intercept(request) {
        if (request.method === "POST") request.socket.destroy();
        return request.method === "POST";
      },
    });
    const pushing = repositoryOf(server).repository.pushBlob(small, { mountFrom: ["b"] });
    await expect(pushing).rejects.toMatchObject({ code: "UNREACHABLE" });
    expect(server.log).toEqual(Array(5).fill("POST uploads/"));
  });

  it("from a repository we may not read is no obstacle", async () => {
    const server = await uploadServer({
      intercept(request, response) {
        if (!request.url?.includes("from=")) return false;
        response.writeHead(403).end();
        return true;
      },
    });
    expect(await repositoryOf(server).repository.pushBlob(small, { mountFrom: ["secret"] })).toBe("uploaded");
  });
});

describe("an upload that breaks", () => {
  it("goes on with PATCH from what the registry kept", async () => {
    let broken = false;
    const server = await uploadServer({
      async intercept(request, _response, server, id) {
        if (request.method !== "PUT" || broken || !id) return false;
        broken = true;
        await keepThenBreak(request, server, id, 3 * MIB);
        return true;
      },
    });
    const { repository, host } = repositoryOf(server);
    expect(await repository.pushBlob(largeContent())).toBe("uploaded");
    expect(server.log.slice(2)).toEqual([
      "PUT uploads/s1",
      "GET uploads/s1",
      "PATCH uploads/s1",
      "PUT uploads/s1",
    ]);
    expect(bodies(server).slice(1)).toEqual([`PATCH ${3 * MIB}-${9 * MIB - 1} ${6 * MIB}`, "PUT - 0"]);
    expect(received(server)).toBe(true);
    expect(host.sleeps).toEqual([250]);
  });

  it("in the middle of a chunk goes on inside it", async () => {
    let patches = 0;
    const server = await uploadServer({
      async intercept(request, _response, server, id) {
        if (request.method !== "PATCH" || ++patches !== 2 || !id) return false;
        await keepThenBreak(request, server, id, 1_000_000);
        return true;
      },
    });
    const { repository } = repositoryOf(server, { chunkSize: 4 * MIB });
    await repository.pushBlob(largeContent());
    const resumed = 4 * MIB + 1_000_000;
    expect(bodies(server)[2]).toBe(`PATCH ${resumed}-${resumed + 4 * MIB - 1} ${4 * MIB}`);
    expect(received(server)).toBe(true);
  });

  it("starts anew when the registry forgot the session", async () => {
    let broken = false;
    const server = await uploadServer({
      async intercept(request, _response, server, id) {
        if (request.method !== "PUT" || broken || !id) return false;
        broken = true;
        await keepThenBreak(request, server, id, MIB);
        server.sessions.delete(id);
        return true;
      },
    });
    expect(await repositoryOf(server).repository.pushBlob(largeContent())).toBe("uploaded");
    expect(received(server)).toBe(true);
  });

  it("is done when only the answer was lost", async () => {
    const server = await uploadServer({
      async intercept(request, _response, server, id) {
        if (request.method !== "PUT" || !id) return false;
        server.blobs.set(`a@${small.digest}`, await bodyOf(request));
        server.sessions.delete(id);
        request.socket.destroy();
        return true;
      },
    });
    expect(await repositoryOf(server).repository.pushBlob(small)).toBe("uploaded");
    expect(server.log.filter((entry) => entry.startsWith("POST"))).toHaveLength(1);
  });

  it("survives a 503 in the middle", async () => {
    let patches = 0;
    const server = await uploadServer({
      async intercept(request, response) {
        if (request.method !== "PATCH" || ++patches !== 2) return false;
        await bodyOf(request);
        response.writeHead(503, { "retry-after": "3" }).end();
        return true;
      },
    });
    const { repository, host } = repositoryOf(server, { chunkSize: 4 * MIB });
    await repository.pushBlob(largeContent());
    expect(host.sleeps).toEqual([3000]);
    expect(received(server)).toBe(true);
  });

  it.each([0, 300])(
    "as often as it likes, %d bytes on each time, is patiently gone on with",
    async (kept) => {
      const tried = new Set<string>();
      const server = await uploadServer({
        async intercept(request, _response, server, id) {
          const range = request.headers["content-range"];
          const again = kept === 0 && tried.has(`${range}`);
          if (request.method !== "PATCH" || again || tried.size === 8) return false;
          tried.add(`${range}`);
          if (kept > 0) await keepThenBreak(request, server, id as string, kept);
          else request.socket.destroy();
          return true;
        },
      });
      const { repository, host } = repositoryOf(server, { chunkSize: 600 });
      expect(await repository.pushBlob(small)).toBe("uploaded");
      // More often than without progress, and never longer waited for than at first.
      expect(host.sleeps).toEqual(Array(8).fill(250));
    },
  );

  it("is not believed to have kept what its Range denies", async () => {
    const server = await uploadServer({
      async intercept(request, response) {
        if (request.method !== "PATCH" || !request.headers["content-range"]?.startsWith("2000-"))
          return false;
        await bodyOf(request);
        response.writeHead(201, {
          location: request.url,
          range: "0-1999",
        });
        response.end();
        return true;
      },
    });
    const { repository } = repositoryOf(server, { chunkSize: 2000 });
    await expect(repository.pushBlob(small)).rejects.toMatchObject({
      code: "REGISTRY_ERROR",
      message: expect.stringContaining("the registry kept 2000 of 4000 bytes"),
    });
    expect(server.sessions.size, "the session is cancelled").toBe(0);
  });

  it("again and again ends with the reason, and the session is cancelled", async () => {
    const server = await uploadServer({
      async intercept(request) {
        if (request.method !== "PUT") return false;
        request.socket.destroy();
        return true;
      },
    });
    const { repository, host } = repositoryOf(server);
    await expect(repository.pushBlob(small)).rejects.toMatchObject({ code: "UNREACHABLE" });
    expect(host.sleeps).toHaveLength(4);
    expect(server.sessions.size).toBe(0);
  });
});

describe("a proxy that takes no large requests", () => {
  /** Past the 100 MB that the best known of them takes. */
  const size = 100_000_001;
  const piece = new Uint8Array(1 << 20);
  const zeros = () => {
    let left = size;
    return streamFrom(
      (function* () {
        for (; left > 0; left -= piece.length) yield piece.subarray(0, left);
      })(),
    );
  };

  it("gets the blob in smaller ones, without being told to", async () => {
    const hasher = kernels.hasher("sha256");
    for (let left = size; left > 0; left -= piece.length) hasher.update(piece.subarray(0, left));
    const digest = formatDigest("sha256", hasher.digest());
    let kept = 0;
    const server = await uploadServer({
      async intercept(request, response, _, session) {
        if (session === undefined || request.method === "DELETE") return false;
        if (Number(request.headers["content-length"] ?? 0) > 100_000_000) {
          response.writeHead(413, { connection: "close" }).end();
          request.resume();
          return true;
        }
        for await (const part of request) kept += (part as Buffer).length;
        response
          .writeHead(request.method === "PUT" ? 201 : 202, { range: `0-${Math.max(0, kept - 1)}` })
          .end();
        return true;
      },
    });
    const { repository } = repositoryOf(server);
    expect(await repository.pushBlob({ digest, size, open: async () => zeros() })).toBe("uploaded");
    expect(kept).toBe(size);
    expect(bodies(server)).toEqual([
      `PUT - ${size}`,
      "PATCH 0-94999999 95000000",
      `PATCH 95000000-${size - 1} ${size - 95_000_000}`,
      "PUT - 0",
    ]);
  });

  it("that refuses those as well is an error that says so", async () => {
    const server = await uploadServer({
      intercept(request, response, _, session) {
        if (session === undefined || request.method !== "PUT") return false;
        response.writeHead(413).end();
        return true;
      },
    });
    const pushed = repositoryOf(server).repository.pushBlob(small);
    await expect(pushed).rejects.toMatchObject({
      code: "LIMIT_EXCEEDED",
      message: expect.stringContaining("413"),
      hint: expect.stringContaining("--chunk-size"),
    });
  });
});
