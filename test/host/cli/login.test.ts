import { readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Workspace } from "./cli.ts";

/** A registry that lets ada in, and gives everybody else an anonymous token that opens nothing. */
let server: Server;
let registry: string;
let open = false;
let shop: Workspace;

const ADA = `Basic ${Buffer.from("ada:love lace").toString("base64")}`;

function answer({
  url = "",
  headers,
}: IncomingMessage): [status: number, headers: Record<string, string>, body: string] {
  if (url.startsWith("/token")) {
    if (headers.authorization === undefined) return [200, {}, JSON.stringify({ token: "anonymous" })];
    return headers.authorization === ADA ? [200, {}, JSON.stringify({ token: "ada" })] : [401, {}, "{}"];
  }
  // As Docker Hub does: any token opens /v2/.
  if (open || headers.authorization?.startsWith("Bearer ")) return [200, {}, "{}"];
  return [401, { "www-authenticate": `Bearer realm="http://${registry}/token",service="r"` }, "{}"];
}

beforeAll(async () => {
  server = createServer((request, response) => {
    const [status, headers, body] = answer(request);
    response.writeHead(status, headers).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  registry = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());
beforeEach(() => {
  shop = new Workspace();
  open = false;
});
afterEach(() => shop.dispose());

const config = () => shop.at("config");
const file = () => join(config(), "sealift", "auth.json");
const run = (args: readonly string[], input = "") =>
  shop.run([...args], { env: { XDG_CONFIG_HOME: config() }, input: new TextEncoder().encode(input) });
const login = (password: string, user = "ada") =>
  run(["login", registry, "-u", user, "--password-stdin"], password);

describe("login", () => {
  it("keeps what the registry takes, in docker's format, for its owner alone", async () => {
    const { code, stdout } = await login("love lace\n");
    expect([code, stdout]).toEqual([0, `Login succeeded for ${registry}\n`]);
    expect(JSON.parse(readFileSync(file(), "utf8"))).toEqual({
      auths: { [registry]: { auth: ADA.slice("Basic ".length) } },
    });
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    expect(statSync(join(file(), "..")).mode & 0o777).toBe(0o700);
  });

  it("does not keep a wrong password, though the registry would let nobody in as well", async () => {
    const { code, stderr } = await login("wrong");
    expect(code).toBe(5);
    expect(stderr).toContain(`Cannot log in to ${registry}: the registry answered 401`);
    expect(stderr).not.toContain("wrong");
    expect(() => statSync(file())).toThrow();
  });

  it("replaces the registry's earlier login and leaves the others", async () => {
    await login("love lace");
    const other = {
      auths: { "other.example.com": { auth: "eDp5" }, [`https://${registry}`]: { auth: "b2xk" } },
    };
    writeFileSync(file(), JSON.stringify({ ...other, credHelpers: { "x.example.com": "x" } }), {
      mode: 0o644,
    });
    await login("love lace");
    expect(JSON.parse(readFileSync(file(), "utf8"))).toEqual({
      auths: { "other.example.com": { auth: "eDp5" }, [registry]: { auth: ADA.slice("Basic ".length) } },
      credHelpers: { "x.example.com": "x" },
    });
    expect(statSync(file()).mode & 0o777).toBe(0o600);
  });

  it("says so where the registry asks nobody for a password", async () => {
    open = true;
    const { code, stderr } = await login("whatever");
    expect(code).toBe(0);
    expect(stderr).toContain("lets everybody in");
  });

  it("does not touch a file it cannot read", async () => {
    await login("love lace");
    writeFileSync(file(), '{"auths": {"a": "c2VjcmV0"');
    const { code, stderr } = await login("love lace");
    expect(code).toBe(1);
    expect(stderr).toContain("CONFIG_INVALID");
    expect(stderr).not.toContain("c2VjcmV0");
    expect(readFileSync(file(), "utf8")).toBe('{"auths": {"a": "c2VjcmV0"');
  });

  it("asks where there is somebody to ask, and says what to do where not", async () => {
    const { code, stderr } = await run(["login", registry, "-u", "ada"]);
    expect(code).toBe(2);
    expect(stderr).toContain("Use --password-stdin.");
  });

  it.each([
    ["", "a:b"],
    ["pw", "a:b"],
    ["", "ada"],
  ])("refuses the password %j for %j as wrong usage", async (password, user) => {
    expect((await login(password, user)).code).toBe(2);
  });
});

describe("logout", () => {
  it("forgets the registry's login, and there is none the second time", async () => {
    await login("love lace");
    expect((await run(["logout", registry])).code).toBe(0);
    expect(JSON.parse(readFileSync(file(), "utf8"))).toEqual({ auths: {} });
    expect((await run(["logout", registry])).code).toBe(5);
  });
});
