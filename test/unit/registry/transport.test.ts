import { describe, expect, it } from "vitest";
import { RegistryClient } from "../../../src/registry/client.ts";
import { openRepository } from "../../../src/registry/repository.ts";
import { json, scripted, serve, testHost } from "./support.ts";

const alice = { username: "alice", password: "wonder", origin: "flags" };

describe("a redirect", () => {
  it("to another host is followed without Authorization, over real sockets", async () => {
    const seen: (string | undefined)[] = [];
    const storage = await serve((request, response) => {
      seen.push(request.headers.authorization);
      response.end(JSON.stringify({ tags: ["from storage"] }));
    });
    const registry = await serve((request, response) => {
      if (!request.headers.authorization) {
        response.writeHead(401, { "www-authenticate": 'Basic realm="r"' }).end();
      } else {
        response.writeHead(307, { location: `http://${storage}/signed?sig=1` }).end();
      }
    });
    const repository = openRepository(testHost({ credentials: [alice] }), { registry, repository: "a" });
    expect(await repository.tags()).toEqual(["from storage"]);
    expect(seen).toEqual([undefined]);
  });

  it("within the registry keeps Authorization", async () => {
    const { fetch, sent } = scripted(
      new Response(null, { status: 401, headers: { "www-authenticate": "Basic realm=r" } }),
      new Response(null, { status: 301, headers: { location: "/v2/b/tags/list" } }),
      json({ tags: [] }),
    );
    const host = testHost({ fetch, credentials: [alice] });
    await openRepository(host, { registry: "reg.example.com", repository: "a" }).tags();
    expect(sent[2]?.url).toBe("https://reg.example.com/v2/b/tags/list");
    expect(sent[2]?.headers.get("authorization")).toMatch(/^Basic /);
  });

  it("in a circle ends", async () => {
    const circle = () => new Response(null, { status: 302, headers: { location: "/v2/a/tags/list" } });
    const { fetch, sent } = scripted(...Array.from({ length: 30 }, circle));
    const repository = openRepository(testHost({ fetch }), { registry: "reg.example.com", repository: "a" });
    await expect(repository.tags()).rejects.toThrow(/redirects too often/);
    expect(sent).toHaveLength(11);
  });

  it("that a browser hides is left to the browser", async () => {
    const modes: (string | undefined)[] = [];
    const host = testHost({
      async fetch(_url, init) {
        modes.push(init?.redirect);
        if (init?.redirect !== "manual") return json({ tags: ["1"] });
        return Object.defineProperty(Response.error(), "type", { value: "opaqueredirect" });
      },
    });
    const repository = openRepository(host, { registry: "reg.example.com", repository: "a" });
    expect(await repository.tags()).toEqual(["1"]);
    expect(modes).toEqual(["manual", "follow"]);
  });
});

describe("a request", () => {
  it("says who asks, and wants no encoding in transfer", async () => {
    const { fetch, sent } = scripted(json({ tags: [] }));
    await openRepository(testHost({ fetch }), { registry: "reg.example.com", repository: "a" }).tags();
    expect(sent[0]?.headers.get("user-agent")).toBe("sealift");
    expect(sent[0]?.headers.get("accept-encoding")).toBe("identity");
  });

  it("whose own body fails is not blamed on the network, nor tried again", async () => {
    let opened = 0;
    const registry = await serve((request, response) => {
      request.resume();
      request.on("end", () => response.writeHead(201).end());
      request.on("error", () => {});
    });
    const host = testHost();
    const client = new RegistryClient(host, registry);
    const open = async () => {
      opened += 1;
      return new ReadableStream<Uint8Array>({
        pull(controller) {
          controller.error(new Error("the disk is gone"));
        },
      });
    };
    const url = client.url("a", "blobs", "uploads", "");
    await expect(
      client.ask({ method: "PUT", url, what: "push", scopes: [], expect: [201], body: { size: 10, open } }),
    ).rejects.toThrow("the disk is gone");
    expect(opened).toBe(1);
    expect(host.sleeps).toEqual([]);
  });

  it("that is interrupted fails with ABORTED", async () => {
    const abort = new AbortController();
    const registry = await serve(() => setTimeout(() => abort.abort(), 10));
    const host = testHost({ signal: abort.signal });
    const repository = openRepository(host, { registry, repository: "a" });
    await expect(repository.tags()).rejects.toMatchObject({ code: "ABORTED" });
  });
});
