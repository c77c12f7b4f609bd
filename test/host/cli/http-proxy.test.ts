/** The proxies that the environment names, and TLS, alone and through one. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttp, type Server } from "node:http";
import { createServer as createHttps } from "node:https";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { selfSignedCertificate } from "../../../cli/host/docker/certificate.ts";
import { proxyFor } from "../../../cli/host/http/proxy.ts";

const PROXY = "http://proxy.example:3128";

describe("the proxy for a URL", () => {
  it.each([
    ["http://a.example/", { HTTP_PROXY: PROXY }, `${PROXY}/`],
    ["https://a.example/", { HTTPS_PROXY: PROXY }, `${PROXY}/`],
    ["https://a.example/", { HTTP_PROXY: PROXY }, undefined],
    ["http://a.example/", { HTTPS_PROXY: PROXY }, undefined],
    ["http://a.example/", { http_proxy: PROXY, HTTP_PROXY: "http://other.example" }, `${PROXY}/`],
    ["http://a.example/", { HTTP_PROXY: "proxy.example:3128" }, `${PROXY}/`],
    ["http://a.example/", { HTTP_PROXY: "" }, undefined],
    ["http://localhost:5000/", { HTTP_PROXY: PROXY }, undefined],
    ["http://127.0.0.1/", { HTTP_PROXY: PROXY }, undefined],
    ["http://[::1]:5000/", { HTTP_PROXY: PROXY }, undefined],
  ])("of %s with %j is %s", (url, env, proxy) => {
    expect(proxyFor(new URL(url), env)?.href).toBe(proxy);
  });

  it.each([
    ["*", "http://a.example/", true],
    ["a.example", "http://a.example/", true],
    ["a.example", "http://b.a.example/", true],
    ["a.example", "http://ba.example/", false],
    [".a.example", "http://b.a.example/", true],
    ["*.a.example", "http://b.a.example/", true],
    ["x, A.Example y", "http://a.example/", true],
    ["a.example:5000", "http://a.example:5000/", true],
    ["a.example:5000", "http://a.example/", false],
    ["a.example:443", "https://a.example/", true],
    ["10.1.2.3", "http://10.1.2.3:5000/", true],
    ["10.0.0.0/8", "http://10.1.2.3/", true],
    ["10.0.0.0/8", "http://11.1.2.3/", false],
    ["10.0.0.0/99", "http://10.1.2.3/", false],
    ["fd00::/8", "http://[fd00::1]/", true],
    ["fd00::1", "http://[fd00::1]/", true],
    ["[fd00::1]:5000", "http://[fd00::1]:5000/", true],
    ["10.0.0.0/8", "http://a.example/", false],
    ["10.0.0.0/8", "http://[fd00::1]/", false],
    ["fd00::/8", "http://10.1.2.3/", false],
    ["", "http://a.example/", false],
  ])("with NO_PROXY=%s is left out for %s: %s", (list, url, isExempt) => {
    const env = { HTTP_PROXY: PROXY, HTTPS_PROXY: PROXY, NO_PROXY: list };
    expect(proxyFor(new URL(url), env) === undefined).toBe(isExempt);
  });

  it.each(["socks5://user:secret@proxy.example", "http://", "ftp://x", "http://a%zz:secret@x"])(
    "is refused as %s, unseen",
    (text) => {
      const finding = () => proxyFor(new URL("http://a.example/"), { HTTP_PROXY: text });
      expect(finding).toThrow("Cannot use HTTP_PROXY");
      expect(finding).not.toThrow(/secret/);
    },
  );
});

describe("TLS", () => {
  // A name that is not this machine's, so that a proxy is asked; nobody resolves it.
  const HOST = "198.51.100.7";
  const MIB = 1 << 20;
  let folder: string;
  let registry: Server;
  let proxy: Server;
  let tunnels: string[];
  let connections = 0;

  /** A character at a time. */
  const slowly = async (text: string, to: Duplex) => {
    for (const character of text) {
      to.write(character);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  };

  const port = (server: Server) => (server.address() as AddressInfo).port;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "sealift-test-"));
    const tls = selfSignedCertificate(HOST);
    writeFileSync(join(folder, "ca.pem"), tls.cert);
    registry = createHttps(tls, (request, response) => {
      let size = 0;
      request.on("data", (piece: Buffer) => {
        size += piece.length;
      });
      request.on("end", () => response.setHeader("x-received", size).end(new Uint8Array(3 * MIB)));
    });
    registry.on("secureConnection", () => connections++);
    tunnels = [];
    proxy = createHttp().on("connect", (request, socket) => {
      tunnels.push(`${request.url} ${request.headers["proxy-authorization"] ?? ""}`.trim());
      if (request.url?.endsWith(":444"))
        return socket.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
      const onward = connect(port(registry), "127.0.0.1", () => {
        void slowly("HTTP/1.1 200 Connection established\r\n\r\n", socket).then(() =>
          socket.pipe(onward).pipe(socket),
        );
      });
      for (const end of [socket, onward]) end.on("error", () => {});
    });
    for (const server of [registry, proxy]) {
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    }
  });
  afterAll(() => {
    for (const server of [registry, proxy]) server.close().closeAllConnections();
    rmSync(folder, { recursive: true });
  });

  /** What a process of its own, which believes in the registry's certificate or not, gets from these URLs. */
  async function fetched(urls: readonly string[], env: Record<string, string>) {
    const program = `
      import { httpTransport } from ${JSON.stringify(new URL("../../../cli/host/http/transport.ts", import.meta.url).href)};
      const { fetch, dispose } = httpTransport();
      for (const url of ${JSON.stringify(urls)}) {
        try {
          const { status, headers, body } = await fetch(url, { method: "PUT", body: new Uint8Array(${2 * MIB}) });
          let size = 0;
          for await (const piece of body) size += piece.length;
          console.log(JSON.stringify([status, headers.get("x-received"), size]));
        } catch (error) { console.log(JSON.stringify(error.message)); }
      }
      dispose();`;
    const options = { env: { PATH: process.env.PATH, ...env } };
    const run = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", program], options);
    expect(run.stderr).toBe("");
    return run.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown);
  }

  it("goes through a proxy's tunnel, with its login, and keeps the connection", async () => {
    connections = 0;
    const found = await fetched([`https://${HOST}/`, `https://${HOST}/again`], {
      HTTPS_PROXY: `http://me:p%40ss@127.0.0.1:${port(proxy)}`,
      NODE_EXTRA_CA_CERTS: join(folder, "ca.pem"),
    });
    expect(found).toEqual([
      [200, `${2 * MIB}`, 3 * MIB],
      [200, `${2 * MIB}`, 3 * MIB],
    ]);
    expect(tunnels.splice(0)).toEqual([`${HOST}:443 Basic ${btoa("me:p@ss")}`]);
    expect(connections).toBe(1);
  });

  it("says what a proxy answers that opens no tunnel", async () => {
    const [said] = await fetched([`https://${HOST}:444/`], { HTTPS_PROXY: `127.0.0.1:${port(proxy)}` });
    expect(said).toBe(`the proxy 127.0.0.1:${port(proxy)} asks for a login`);
    tunnels.splice(0);
  });

  it("believes no certificate by itself, and none of another host's", async () => {
    const url = `https://127.0.0.1:${port(registry)}/`;
    const [unknown] = await fetched([url], {});
    expect(unknown).toMatch(/self-signed certificate/);
    const [foreign] = await fetched([url], { NODE_EXTRA_CA_CERTS: join(folder, "ca.pem") });
    expect(foreign).toMatch(/IP: 127\.0\.0\.1 is not in the cert's list/);
  });

  it("reads and sends as much as is there without a proxy", async () => {
    const tls = selfSignedCertificate("127.0.0.1");
    writeFileSync(join(folder, "own.pem"), tls.cert);
    const own = createHttps(tls, (request, response) => {
      request.resume().on("end", () => response.setHeader("x-received", "all").end(new Uint8Array(5 * MIB)));
    });
    await new Promise<void>((resolve) => own.listen(0, "127.0.0.1", resolve));
    const url = `https://127.0.0.1:${port(own)}/`;
    const found = await fetched([url, url], { NODE_EXTRA_CA_CERTS: join(folder, "own.pem") });
    own.close().closeAllConnections();
    expect(found).toEqual([
      [200, "all", 5 * MIB],
      [200, "all", 5 * MIB],
    ]);
  });
});
