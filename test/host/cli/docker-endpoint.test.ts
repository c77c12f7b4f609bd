/** Which daemon is meant: options, environment, docker's contexts, sockets; and TLS. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { selfSignedCertificate } from "../../../cli/host/docker/certificate.ts";
import { findDocker } from "../../../cli/host/docker/endpoint.ts";
import { dockerEngine } from "../../../cli/host/docker/engine.ts";
import { isSealiftError } from "../../../src/error.ts";
import { FakeDaemon, json } from "./docker-daemon.ts";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "sealift-docker-"));
});
afterEach(() => {
  rmSync(home, { recursive: true, force: true });
});

const find = (options: Record<string, string>, env: Record<string, string> = {}) =>
  findDocker(new Map(Object.entries(options)), { env, home, uid: 1000 });
const write = (path: string, bytes: Uint8Array | string) => {
  mkdirSync(join(home, path, ".."), { recursive: true });
  writeFileSync(join(home, path), bytes);
};
const makeContext = (name: string, docker: object) => {
  const id = createHash("sha256").update(name).digest("hex");
  write(`.docker/contexts/meta/${id}/meta.json`, json({ Name: name, Endpoints: { docker } }));
  return id;
};

describe("the daemon", () => {
  it("is the option's, before the environment's, before the context's", async () => {
    makeContext("lab", { Host: "tcp://lab:1" });
    write(".docker/config.json", json({ currentContext: "lab" }));
    const env = { DOCKER_HOST: "unix:///env.sock" };
    expect((await find({ socket: "/my.sock" }, env)).address).toEqual({ socketPath: "/my.sock" });
    expect((await find({ host: "tcp://h:2" }, env)).address).toEqual({ host: "h", port: 2 });
    expect((await find({}, env)).address).toEqual({ socketPath: "/env.sock" });
    expect((await find({})).address).toEqual({ host: "lab", port: 1 });
  });

  it.each([
    ["tcp://h", { host: "h", port: 2375 }, ""],
    ["tcp://[::1]:99", { host: "::1", port: 99 }, ""],
    ["http://h:1/base/", { host: "h", port: 1 }, "/base"],
    ["https://h", { host: "h", port: 2376, tls: {} }, ""],
    ["unix:///a b", { socketPath: "/a b" }, ""],
  ])("may be at %s", async (host, address, prefix) => {
    expect(await find({ host })).toEqual({ name: host, address, prefix });
  });

  it.each(["h:1", "unix://relative", "tcp://", "tcp://u:p@h", "npipe:////./pipe/docker_engine"])(
    "cannot be at %s",
    async (host) => {
      await expect(find({ host })).rejects.toSatisfy((error) =>
        isSealiftError(error, "USAGE", "UNSUPPORTED"),
      );
    },
  );

  it("is that of DOCKER_CONTEXT before the configured one, with its certificates", async () => {
    const id = makeContext("lab", { Host: "tcp://lab:1", SkipTLSVerify: false });
    write(`.docker/contexts/tls/${id}/docker/ca.pem`, "authority");
    expect((await find({}, { DOCKER_CONTEXT: "lab" })).address).toEqual({
      host: "lab",
      port: 1,
      tls: { ca: "authority" },
    });
    makeContext("loose", { Host: "tcp://lab:1", SkipTLSVerify: true });
    const { address } = await find({}, { DOCKER_CONTEXT: "loose" });
    expect(address).toMatchObject({ tls: { rejectUnauthorized: false } });
    await expect(find({}, { DOCKER_CONTEXT: "gone" })).rejects.toThrow('docker\'s context "gone"');
  });

  it("is docker's socket where nothing is said", async () => {
    write(".docker/config.json", json({ currentContext: "default", auths: {} }));
    const sockets = ["/var/run/docker.sock", "/run/podman/podman.sock", "/run/user/1000/podman/podman.sock"];
    const first = sockets.find((path) => existsSync(path)) ?? sockets[0];
    expect((await find({})).address).toEqual({ socketPath: first });
  });

  it.skipIf(existsSync("/var/run/docker.sock") || existsSync("/run/podman/podman.sock"))(
    "is podman's where docker's socket is absent",
    async () => {
      write("podman/podman.sock", "");
      const { address } = await find({}, { XDG_RUNTIME_DIR: home });
      expect(address).toEqual({ socketPath: join(home, "podman/podman.sock") });
    },
  );
});

describe("a daemon behind TLS", () => {
  const daemon = new FakeDaemon();
  const tls = selfSignedCertificate("127.0.0.1");
  let server: Server;
  let host: string;

  beforeAll(async () => {
    server = createServer({ ...tls, requestCert: true, rejectUnauthorized: false }, daemon.listener);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    host = `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
    daemon.close();
  });
  const ping = async (env: Record<string, string>) => dockerEngine(await find({ host }, env)).ping();

  it("is spoken to with the certificates of DOCKER_CERT_PATH, and believed by them alone", async () => {
    write("certs/ca.pem", tls.cert);
    write("certs/cert.pem", tls.cert);
    write("certs/key.pem", tls.key);
    await ping({ DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: join(home, "certs") });
    await expect(ping({ DOCKER_TLS_VERIFY: "1" })).rejects.toThrow(
      /^Cannot reach docker at tcp:.*self-signed/,
    );
    await expect(ping({})).rejects.toThrow("Cannot reach docker at tcp:");
  });

  it("needs the files that were named", async () => {
    const env = { DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: join(home, "nothing") };
    await expect(ping(env)).rejects.toThrow(`Cannot read ${join(home, "nothing/ca.pem")}`);
  });
});

it.each(["tcp://ada:s3cret@127.0.0.1:1", "ssh://ada:s3cret@host"])(
  "a login in %s is refused without showing it",
  async (host) => {
    for (const asked of [find({ host }), find({}, { DOCKER_HOST: host })]) {
      const failure = await asked.catch((error: unknown) => error);
      expect(isSealiftError(failure, "USAGE", "UNSUPPORTED")).toBe(true);
      expect(String(failure)).not.toContain("s3cret");
    }
  },
);
