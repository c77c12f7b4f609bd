import { describe, expect, it } from "vitest";
import type { Credential } from "../../../src/host.ts";
import { openRegistry, openRepository } from "../../../src/registry/repository.ts";
import { mergeScopes } from "../../../src/registry/scope.ts";
import { challenged, json, type ScriptedAnswer, type Sent, scripted, serve, testHost } from "./support.ts";

const alice: Credential = { username: "alice", password: "wonder", origin: "flags" };
const bob: Credential = { username: "bob", password: "builder", origin: "docker's file" };
const BEARER = 'Bearer realm="https://auth.example.com/token",service="reg",scope="repository:a:pull"';

const basic = ({ username, password }: Credential) => `Basic ${btoa(`${username}:${password}`)}`;
const tags = () => json({ name: "a", tags: ["1"] });
const denied = () => json({ errors: [{ code: "DENIED", message: "not yours" }] }, { status: 403 });

function repositoryWith(credentials: readonly Credential[], ...answers: ScriptedAnswer[]) {
  const script = scripted(...answers);
  const host = testHost({ fetch: script.fetch, credentials });
  return {
    ...script,
    host,
    repository: openRepository(host, { registry: "reg.example.com", repository: "a" }),
  };
}

const authorizations = (sent: readonly Sent[]) => sent.map(({ headers }) => headers.get("authorization"));

describe("a registry with Basic", () => {
  it("gets the credential only after it asks, and with the next request at once", async () => {
    const { repository, sent } = repositoryWith([alice], challenged('Basic realm="r"'), tags(), tags());
    await repository.tags();
    await repository.tags();
    expect(authorizations(sent)).toEqual([null, basic(alice), basic(alice)]);
  });

  it("is given UTF-8", async () => {
    const accented = { username: "zoë", password: "pâss", origin: "flags" };
    const { repository, sent } = repositoryWith([accented], challenged("Basic realm=r"), tags());
    await repository.tags();
    const sentText = Buffer.from(authorizations(sent)[1]?.slice(6) ?? "", "base64").toString("utf8");
    expect(sentText).toBe("zoë:pâss");
  });

  it("gets the next credential when it refuses one, and keeps to it", async () => {
    const { repository, sent } = repositoryWith(
      [alice, bob],
      challenged("Basic realm=r"),
      challenged("Basic realm=r"),
      tags(),
      tags(),
    );
    await repository.tags();
    await repository.tags();
    expect(authorizations(sent)).toEqual([null, basic(alice), basic(bob), basic(bob)]);
  });

  it("that repeats what it was sent does not have it repeated on the screen", async () => {
    const echo = () =>
      json(
        { errors: [{ code: "UNAUTHORIZED", message: `bad credentials ${basic(alice)}` }] },
        { status: 401, headers: { "www-authenticate": "Basic realm=r" } },
      );
    const { repository } = repositoryWith([alice], echo(), echo());
    const failure = await repository.tags().catch((error: unknown) => error);
    expect(String(failure)).toContain("bad credentials Basic …");
    expect(String(failure)).not.toContain(basic(alice).slice("Basic ".length));
  });

  it("that refuses all fails with UNAUTHORIZED, naming where they came from and none of their secrets", async () => {
    const no = () => challenged("Basic realm=r");
    const { repository, sent } = repositoryWith([alice, bob], no(), no(), no(), no());
    const failure = await repository.tags().catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "UNAUTHORIZED", exitCode: 5 });
    expect(String(failure)).toContain("tried credentials from flags, docker's file");
    expect(String(failure)).not.toMatch(/wonder|builder/);
    await expect(repository.tags()).rejects.toMatchObject({ code: "UNAUTHORIZED" });
    expect(authorizations(sent), "a refused password is not sent again").toEqual([
      null,
      basic(alice),
      basic(bob),
      null,
    ]);
  });

  it("is offered credentials again after five minutes, looked up anew", async () => {
    const no = () => challenged("Basic realm=r");
    const { fetch, sent } = scripted(no(), no(), no(), tags());
    let password = "old";
    const host = {
      ...testHost({ fetch }),
      credentials: { find: async () => [{ username: "alice", password, origin: "file" }] },
    };
    const repository = openRepository(host, { registry: "reg.example.com", repository: "a" });
    await expect(repository.tags()).rejects.toMatchObject({ code: "UNAUTHORIZED" });
    password = "new";
    await expect(repository.tags()).rejects.toMatchObject({ code: "UNAUTHORIZED" });
    host.advance(300_000);
    expect(await repository.tags()).toEqual(["1"]);
    expect(authorizations(sent)).toEqual([
      null,
      `Basic ${btoa("alice:old")}`,
      null,
      `Basic ${btoa("alice:new")}`,
    ]);
  });

  it("is asked without credentials where there are none, and that is said", async () => {
    const { repository } = repositoryWith([], challenged("Basic realm=r"));
    await expect(repository.tags()).rejects.toThrow(/answered 401; no credentials were sent/);
  });

  it("that denies one thing keeps the login for the rest", async () => {
    const { repository, sent } = repositoryWith(
      [alice],
      challenged("Basic realm=r"),
      tags(),
      denied(),
      tags(),
    );
    await repository.tags();
    await expect(repository.tags()).rejects.toMatchObject({ code: "DENIED" });
    await repository.tags();
    expect(authorizations(sent)).toEqual([null, basic(alice), basic(alice), basic(alice)]);
  });

  it("tries another credential where one may not, and reports the denial if none may", async () => {
    const { repository, sent } = repositoryWith(
      [alice, bob],
      challenged("Basic realm=r"),
      denied(),
      challenged("Basic realm=r"),
    );
    await expect(repository.tags()).rejects.toMatchObject({
      code: "DENIED",
      message: expect.stringContaining("DENIED: not yours"),
    });
    expect(sent).toHaveLength(3);
  });

  it("uses an explicit credential for its own registry, instead of the host's", async () => {
    const { fetch, sent } = scripted(challenged("Basic realm=r"), tags());
    const host = testHost({ fetch, credentials: [bob] });
    await openRegistry(host, "reg.example.com", { credential: alice }).repository("a").tags();
    expect(authorizations(sent)).toEqual([null, basic(alice)]);
  });
});

describe("a registry with bearer tokens", () => {
  it("is served an anonymous token where there are no credentials", async () => {
    const { repository, sent } = repositoryWith([], challenged(BEARER), json({ token: "t1" }), tags());
    await repository.tags();
    expect(sent[1]?.url).toBe("https://auth.example.com/token?service=reg&scope=repository%3Aa%3Apull");
    expect(authorizations(sent)).toEqual([null, null, "Bearer t1"]);
  });

  it("is served a token made from the credential; access_token will do", async () => {
    const { repository, sent } = repositoryWith(
      [alice],
      challenged(BEARER),
      json({ access_token: "t2" }),
      tags(),
    );
    await repository.tags();
    expect(authorizations(sent)).toEqual([null, basic(alice), "Bearer t2"]);
  });

  it("tells of its requests, and of none of their secrets", async () => {
    const { repository, host } = repositoryWith(
      [alice],
      challenged(BEARER),
      json({ token: "t0ken" }),
      new Response(null, {
        status: 307,
        headers: { location: "https://cdn.example.com/x?signature=s1gned" },
      }),
      tags(),
    );
    await repository.tags();
    const said = JSON.stringify(host.events);
    expect(said).toContain("GET https://auth.example.com/token?service=…&scope=…: 200");
    expect(said).toContain("GET https://cdn.example.com/x?signature=…: 200");
    for (const secret of ["wonder", btoa("alice:wonder"), "t0ken", "s1gned"])
      expect(said).not.toContain(secret);
  });

  it("falls back from refused credentials to the next and at last to none", async () => {
    const { repository, sent } = repositoryWith(
      [alice, bob],
      challenged(BEARER),
      new Response(null, { status: 401 }),
      new Response(null, { status: 403 }),
      json({ token: "anonymous" }),
      tags(),
    );
    await repository.tags();
    expect(authorizations(sent)).toEqual([null, basic(alice), basic(bob), null, "Bearer anonymous"]);
  });

  it("falls back when the token is granted but not enough", async () => {
    const { repository, sent } = repositoryWith(
      [alice, bob],
      challenged(BEARER),
      json({ token: "weak" }),
      challenged(`${BEARER},error="insufficient_scope"`),
      json({ token: "strong" }),
      tags(),
    );
    await repository.tags();
    expect(authorizations(sent)).toEqual([null, basic(alice), "Bearer weak", basic(bob), "Bearer strong"]);
  });

  it("renews a token shortly before it ends", async () => {
    const { repository, sent, host } = repositoryWith(
      [alice],
      challenged(BEARER),
      json({ token: "t1", expires_in: 300 }),
      tags(),
      tags(),
      json({ token: "t2", expires_in: 300 }),
      tags(),
    );
    await repository.tags();
    host.advance(265_000);
    await repository.tags();
    host.advance(10_000);
    await repository.tags();
    expect(authorizations(sent).slice(2)).toEqual(["Bearer t1", "Bearer t1", basic(alice), "Bearer t2"]);
  });

  it("renews a token that the registry stops taking, with the same credential", async () => {
    const { repository, sent } = repositoryWith(
      [alice, bob],
      challenged(BEARER),
      json({ token: "t1" }),
      tags(),
      challenged(BEARER),
      json({ token: "t2" }),
      tags(),
    );
    await repository.tags();
    await repository.tags();
    expect(authorizations(sent).slice(3)).toEqual(["Bearer t1", basic(alice), "Bearer t2"]);
  });

  it("asks for one token however many requests wait for it", async () => {
    let tokens = 0;
    const host = testHost({
      async fetch(url, init) {
        if (url.startsWith("https://auth.")) {
          tokens += 1;
          await new Promise((resolve) => setTimeout(resolve, 10));
          return json({ token: `t${tokens}` });
        }
        return new Request(url, init).headers.get("authorization") === "Bearer t1"
          ? tags()
          : challenged(BEARER);
      },
    });
    const repository = openRepository(host, { registry: "reg.example.com", repository: "a" });
    await Promise.all(Array.from({ length: 20 }, () => repository.tags()));
    expect(tokens).toBe(1);
  });

  it("asks with what the challenge names and what we need, joined", () => {
    expect(
      mergeScopes(["repository:a:pull,push", "repository:b:pull"], "repository:a:pull repository:a:delete"),
    ).toEqual(["repository:a:pull,push,delete", "repository:b:pull"]);
  });

  it("serves pulls with a token for pushing, and another repository with a token of its own", async () => {
    const asked: string[] = [];
    const host = testHost({
      async fetch(url, init) {
        const { headers, method } = new Request(url, init);
        if (url.startsWith("https://auth.")) {
          asked.push(new URL(url).searchParams.getAll("scope").join(" "));
          return json({ token: `t${asked.length}` });
        }
        if (!headers.has("authorization")) return challenged('Bearer realm="https://auth.example.com/"');
        if (method === "PUT") return new Response(null, { status: 201 });
        return url.includes("referrers") ? new Response(null, { status: 404 }) : tags();
      },
    });
    const registry = openRegistry(host, "reg.example.com");
    await registry.repository("a").pushManifest("1", new TextEncoder().encode("{}"), "application/json");
    await registry.repository("a").tags();
    await registry.repository("b").tags();
    expect(asked).toEqual(["repository:a:pull,push", "repository:b:pull"]);
  });

  it("exchanges a refresh token by OAuth 2", async () => {
    const identity: Credential = { username: "", password: "r3fresh", kind: "refresh-token", origin: "file" };
    const { repository, sent } = repositoryWith(
      [identity],
      challenged(BEARER),
      json({ access_token: "t" }),
      tags(),
    );
    await repository.tags();
    expect(sent[1]).toMatchObject({ method: "POST", url: "https://auth.example.com/token" });
    expect(Object.fromEntries(new URLSearchParams(sent[1]?.body))).toEqual({
      grant_type: "refresh_token",
      client_id: "sealift",
      refresh_token: "r3fresh",
      service: "reg",
      scope: "repository:a:pull",
    });
  });

  it("does not let a redirect carry a refresh token to another host", async () => {
    const identity: Credential = { username: "", password: "r3fresh", kind: "refresh-token", origin: "file" };
    const moved = new Response(null, { status: 307, headers: { location: "https://thief.example.com/" } });
    const { repository, sent } = repositoryWith([identity], challenged(BEARER), moved);
    await expect(repository.tags()).rejects.toMatchObject({ code: "REGISTRY_ERROR" });
    expect(sent.map(({ url }) => new URL(url).host)).not.toContain("thief.example.com");
  });

  it("sends a bearer token as it is", async () => {
    const bearer: Credential = { username: "", password: "tok", kind: "bearer-token", origin: "environment" };
    const { repository, sent } = repositoryWith([bearer], challenged(BEARER), tags());
    await repository.tags();
    expect(authorizations(sent)).toEqual([null, "Bearer tok"]);
  });

  it("tries a token server that breaks down again, with the same credential", async () => {
    const { repository, sent } = repositoryWith(
      [alice],
      challenged(BEARER),
      new Response(null, { status: 503 }),
      json({ token: "t" }),
      tags(),
    );
    await repository.tags();
    expect(authorizations(sent)).toEqual([null, basic(alice), basic(alice), "Bearer t"]);
  });

  it("whose token server is down for one credential goes on with that one, not with those refused before", async () => {
    const down = () => new Response(null, { status: 503 });
    const { repository, sent } = repositoryWith(
      [alice, bob],
      challenged(BEARER),
      new Response(null, { status: 401 }),
      ...Array.from({ length: 4 }, down),
      json({ token: "t" }),
      tags(),
    );
    expect(await repository.tags()).toEqual(["1"]);
    expect(authorizations(sent).filter((header) => header === basic(alice))).toHaveLength(1);
    expect(authorizations(sent).at(-1)).toBe("Bearer t");
  });

  it("is not believed when its token server gives no token, or one that would break the header", async () => {
    for (const reply of [{}, { token: "" }, { token: "a\r\nx: y" }, { token: 5 }]) {
      const { repository } = repositoryWith([], challenged(BEARER), json(reply));
      await expect(repository.tags()).rejects.toMatchObject({ code: "REGISTRY_ERROR" });
    }
  });
});

describe("over real sockets", () => {
  it("a token server and its registry let a user in", async () => {
    const tokens = await serve((request, response) => {
      const known = request.headers.authorization === basic(alice);
      if (!known) response.writeHead(401).end();
      else response.end(JSON.stringify({ token: `for ${request.url}`.replaceAll(" ", "_"), expires_in: 60 }));
    });
    const registry = await serve((request, response) => {
      const scope = "scope=repository%3Aa%3Apull";
      if (request.headers.authorization === `Bearer for_/token?service=reg&${scope}`) {
        response.end(JSON.stringify({ tags: ["in"] }));
      } else {
        response
          .writeHead(401, { "www-authenticate": `Bearer service="reg",realm="http://${tokens}/token"` })
          .end();
      }
    });
    const open = (credentials: readonly Credential[]) =>
      openRepository(testHost({ credentials }), { registry, repository: "a" });
    expect(await open([bob, alice]).tags()).toEqual(["in"]);
    await expect(open([bob]).tags()).rejects.toMatchObject({ code: "UNAUTHORIZED" });
  });
});

describe("credentials are never sent", () => {
  it.each([
    ["to a token server in the clear", "reg.example.com", "http://auth.example.com/token", false],
    [
      "to a token server in the clear, for an insecure registry",
      "10.0.0.9:5000",
      "http://auth.example.com/",
      true,
    ],
    ["to a token server on our own machine", "reg.example.com", "https://127.0.0.1/token", false],
    ["to a token server that is no URL", "reg.example.com", "javascript:alert(1)", false],
  ])("%s", async (_, registry, realm, insecure) => {
    const { fetch, sent } = scripted(challenged(`Bearer realm="${realm}"`));
    const host = testHost({ fetch, credentials: [alice] });
    const repository = openRepository(host, { registry, repository: "a" }, { insecure });
    await expect(repository.tags()).rejects.toThrow(/Cannot (log in|follow)/);
    expect(sent).toHaveLength(1);
  });

  it("to a host that the token server redirects to", async () => {
    const { repository, sent } = repositoryWith(
      [alice],
      challenged(BEARER),
      new Response(null, { status: 302, headers: { location: "https://other.example.com/t" } }),
      json({ token: "t" }),
      tags(),
    );
    await repository.tags();
    expect(authorizations(sent)).toEqual([null, basic(alice), null, "Bearer t"]);
  });

  it("in answer to the challenge of a host that the registry redirects to", async () => {
    const { repository, sent } = repositoryWith(
      [alice],
      new Response(null, { status: 307, headers: { location: "https://thief.example.com/x" } }),
      challenged('Basic realm="give me"'),
    );
    await expect(repository.tags()).rejects.toMatchObject({ code: "UNAUTHORIZED" });
    expect(authorizations(sent)).toEqual([null, null]);
  });
});
