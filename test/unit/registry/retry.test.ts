import { describe, expect, it } from "vitest";
import { RegistryClient } from "../../../src/registry/client.ts";
import { json, type ScriptedAnswer, scripted, testHost } from "./support.ts";

function clientOf(...answers: ScriptedAnswer[]) {
  const script = scripted(...answers);
  const host = testHost({ fetch: script.fetch });
  const client = new RegistryClient(host, "reg.example.com");
  const ask = () =>
    client.ask({
      method: "GET",
      url: client.url("a", "tags", "list"),
      what: "list the tags of a",
      scopes: [],
      expect: [200],
    });
  return { ask, host, ...script };
}

const status = (code: number, headers: Record<string, string> = {}) =>
  new Response(null, { status: code, headers });
const refused = () =>
  new TypeError("fetch failed", { cause: new Error("connect ECONNREFUSED 10.0.0.1:443") });

describe("a request that fails", () => {
  it.each([408, 429, 500, 502, 503, 504])("with %d is made again", async (code) => {
    const { ask, sent, host } = clientOf(status(code), status(200));
    expect((await ask()).response.status).toBe(200);
    expect(sent).toHaveLength(2);
    expect(host.sleeps).toEqual([250]);
  });

  it.each([400, 403, 404, 405, 413, 501])("with %d is not", async (code) => {
    const { ask, sent } = clientOf(status(code), status(200));
    await expect(ask()).rejects.toThrow(`answered ${code}`);
    expect(sent).toHaveLength(1);
  });

  it("waits twice as long each time, and gives up after five tries with the reason", async () => {
    const { ask, sent, host } = clientOf(refused(), refused(), refused(), refused(), refused());
    await expect(ask()).rejects.toMatchObject({
      code: "UNREACHABLE",
      message:
        "Cannot list the tags of a: reg.example.com cannot be reached: connect ECONNREFUSED 10.0.0.1:443",
    });
    expect(sent).toHaveLength(5);
    expect(host.sleeps).toEqual([250, 500, 1000, 2000]);
  });

  it("is not made again where this machine has nobody at the port", async () => {
    const cause = Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:5000"), { code: "ECONNREFUSED" });
    const { fetch, sent } = scripted(new TypeError("fetch failed", { cause }));
    const host = testHost({ fetch });
    const client = new RegistryClient(host, "localhost:5000");
    const url = client.url("a", "tags", "list");
    await expect(
      client.ask({ method: "GET", url, what: "list", scopes: [], expect: [200] }),
    ).rejects.toMatchObject({
      code: "UNREACHABLE",
      message: "Cannot list: localhost:5000 cannot be reached: connect ECONNREFUSED 127.0.0.1:5000",
    });
    expect(sent).toHaveLength(1);
    expect(host.sleeps).toEqual([]);
  });

  it.each([
    [
      "DEPTH_ZERO_SELF_SIGNED_CERT",
      "self-signed certificate; try Node.js's own",
      "cannot be trusted: self-signed certificate",
    ],
    ["ERR_SSL_WRONG_VERSION_NUMBER", "0A00010B:SSL routines", "does not speak TLS there"],
    ["NOT_HTTP", "its answer is not HTTP: it ends", "cannot be understood: its answer is not HTTP: it ends"],
    ["PROXY_REFUSED", "the proxy p:1 asks for a login", "cannot be reached: the proxy p:1 asks for a login"],
  ])("is not made again where that would change nothing: %s", async (code, said, told) => {
    const { ask, sent } = clientOf(Object.assign(new Error(said), { code }), status(200));
    const message = `Cannot list the tags of a: reg.example.com ${told}`;
    await expect(ask()).rejects.toMatchObject({ code: "UNREACHABLE", message });
    expect(sent).toHaveLength(1);
  });

  it("by a silence that lasted is made again once, and says who was silent", async () => {
    const silence = () => Object.assign(new Error("sent nothing for 60 s"), { name: "TimeoutError" });
    const { ask, sent } = clientOf(silence(), silence(), status(200));
    await expect(ask()).rejects.toMatchObject({
      code: "UNREACHABLE",
      message: "Cannot list the tags of a: reg.example.com sent nothing for 60 s",
    });
    expect(sent).toHaveLength(2);
  });

  it("names the reason that a list of causes hides", async () => {
    const cause = new AggregateError([new Error("connect ECONNREFUSED ::1:443")]);
    const failures = Array.from({ length: 5 }, () => new TypeError("fetch failed", { cause }));
    await expect(clientOf(...failures).ask()).rejects.toThrow(/connect ECONNREFUSED ::1:443/);
  });

  it("does not show the signature of the address that failed", async () => {
    const address = "https://reg.example.com/v2/a/blobs/uploads/1?sig=s3cret";
    const { fetch } = scripted(
      ...Array.from({ length: 5 }, () => new TypeError(`Failed to parse URL from ${address}`)),
    );
    const client = new RegistryClient(testHost({ fetch }), "reg.example.com");
    const asked = client.ask({
      method: "GET",
      url: new URL(address),
      what: "push",
      scopes: [],
      expect: [200],
    });
    const failure = await asked.catch((error: unknown) => error);
    expect(String(failure)).toContain("uploads/1?sig=…");
    expect(String(failure)).not.toContain("s3cret");
  });

  it("waits as long as Retry-After asks, in seconds or until a date", async () => {
    const date = new Date(1_700_000_000_000 + 20_000).toUTCString();
    const { ask, host } = clientOf(status(429, { "retry-after": "7" }), status(200));
    await ask();
    expect(host.sleeps).toEqual([7000]);
    const other = clientOf(status(503, { "retry-after": date }), status(200));
    await other.ask();
    expect(other.host.sleeps).toEqual([20_000]);
  });

  it("does not come back early when Retry-After asks for more than a minute: it fails at once", async () => {
    const { ask, sent, host } = clientOf(status(429, { "retry-after": "3600" }));
    await expect(ask()).rejects.toMatchObject({ code: "RATE_LIMITED" });
    expect(sent).toHaveLength(1);
    expect(host.sleeps).toEqual([]);
  });

  it("says honestly that a broken registry is one, not that it is out of reach", async () => {
    const { ask } = clientOf(...Array.from({ length: 5 }, () => status(500)));
    await expect(ask()).rejects.toMatchObject({ code: "REGISTRY_ERROR" });
  });

  it("stops when it is interrupted while waiting", async () => {
    const abort = new AbortController();
    const { fetch, sent } = scripted(status(503), status(200));
    const host = {
      ...testHost({ fetch, signal: abort.signal }),
      clock: { now: () => 0, sleep: () => new Promise<void>(() => {}) },
    };
    const client = new RegistryClient(host, "reg.example.com");
    const url = client.url("a", "tags", "list");
    const asked = client.ask({ method: "GET", url, what: "list", scopes: [], expect: [200] });
    setTimeout(() => abort.abort(), 10);
    await expect(asked).rejects.toMatchObject({ code: "ABORTED", exitCode: 130 });
    expect(sent).toHaveLength(1);
  });
});

describe("a registry's error answer", () => {
  it("gives its code, its words and its status", async () => {
    const answer = json(
      { errors: [{ code: "NAME_UNKNOWN", message: "no such repository" }] },
      { status: 404 },
    );
    await expect(clientOf(answer).ask()).rejects.toMatchObject({
      code: "NAME_UNKNOWN",
      message: "Cannot list the tags of a: the registry answered 404 (NAME_UNKNOWN: no such repository)",
    });
  });

  it("cannot name a code with a server error", async () => {
    const answers = Array.from({ length: 5 }, () =>
      json({ errors: [{ code: "MANIFEST_UNKNOWN" }] }, { status: 500 }),
    );
    await expect(clientOf(...answers).ask()).rejects.toMatchObject({ code: "REGISTRY_ERROR" });
  });

  it("cannot move the reader's terminal", async () => {
    const answer = json({ errors: [{ code: "X", message: "a\u001b[2Jb\u202ec\nd" }] }, { status: 400 });
    await expect(clientOf(answer).ask()).rejects.toThrow("(X: a [2Jb c d)");
  });

  it("of endless length is read up to 64 KiB, then let go", async () => {
    let pulled = 0;
    let cancelled = false;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled += 16384;
        controller.enqueue(new Uint8Array(16384).fill(97));
      },
      cancel() {
        cancelled = true;
      },
    });
    await expect(clientOf(new Response(body, { status: 404 })).ask()).rejects.toMatchObject({
      code: "NOT_FOUND",
    });
    expect(pulled).toBeLessThan(160 * 1024);
    expect(cancelled).toBe(true);
  });

  it("in HTML leaves the status to speak", async () => {
    const answer = new Response("<html>nope</html>", { status: 404 });
    await expect(clientOf(answer).ask()).rejects.toThrow(
      "Cannot list the tags of a: the registry answered 404",
    );
  });
});

describe("a registry's warning", () => {
  it("is passed on once, without control characters", async () => {
    const warning = { warning: '299 - "moves to\u009bnew.example.com \\"soon\\""' };
    const { ask, host } = clientOf(status(200, warning), status(200, warning));
    await ask();
    await ask();
    expect(host.events.filter(({ type }) => type === "warning")).toEqual([
      { type: "warning", message: 'reg.example.com warns: moves to new.example.com "soon"' },
    ]);
  });
});
