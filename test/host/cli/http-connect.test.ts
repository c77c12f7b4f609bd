/** How connections are made: where to, by what name, and that nothing is left of an attempt. */
import { getEventListeners } from "node:events";
import { type AddressInfo, createServer as createTcp, type Server } from "node:net";
import { createServer as createTls } from "node:tls";
import { afterEach, describe, expect, it, vi } from "vitest";
import { selfSignedCertificate } from "../../../cli/host/docker/certificate.ts";
import { connect } from "../../../cli/host/http/connect.ts";
import { httpTransport } from "../../../cli/host/http/transport.ts";
import { TestServer } from "../../contract/fetch.ts";

const servers: Server[] = [];
afterEach(() => {
  vi.restoreAllMocks();
  for (const server of servers.splice(0)) server.close();
});

async function portOf(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

describe("a connection is made", () => {
  it.each([
    ["http://r.example.com/", "node:net", { host: "r.example.com", port: 80, noDelay: true }],
    ["http://[::1]:5000/", "node:net", { host: "::1", port: 5000, noDelay: true }],
    ["https://r.example.com/", "node:tls", { host: "r.example.com", port: 443, noDelay: true }],
  ] as const)(
    "for %s over %s to the host, and its protocol's port where it names none",
    async (url, module, place) => {
      const asked = vi.spyOn(process.getBuiltinModule(module as "node:net"), "connect");
      asked.mockImplementation(() => {
        throw new Error("as far as this");
      });
      await expect(connect(new URL(url), undefined, { patience: 1000 })).rejects.toThrow("as far as this");
      expect(asked.mock.calls).toEqual([[expect.objectContaining(place)]]);
    },
  );

  it.each([
    ["localhost", "localhost"],
    ["127.0.0.1", false],
  ])("with TLS to %s by the name %j, and for HTTP/1.1 alone", async (host, name) => {
    const asked: unknown[] = [];
    const ALPNCallback = ({ servername, protocols }: { servername: string | false; protocols: string[] }) => {
      asked.push([servername, protocols]);
      return undefined;
    };
    const port = await portOf(createTls({ ...selfSignedCertificate("127.0.0.1"), ALPNCallback }));
    const connecting = connect(new URL(`https://${host}:${port}/`), undefined, { patience: 10_000 });
    await expect(connecting).rejects.toThrow();
    expect(asked).toEqual([[name, ["http/1.1"]]]);
  });
});

describe("an attempt to connect", () => {
  const around = (signal: AbortSignal) => ({ patience: 60_000, signal });

  it("is none where it was given up before", async () => {
    const port = await portOf(createTcp());
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(connect(new URL(`http://127.0.0.1:${port}/`), undefined, around(signal))).rejects.toThrow(
      "enough",
    );
  });

  it("that stands still ends when it is given up", async () => {
    const stop = new AbortController();
    // It says no word of TLS.
    const port = await portOf(createTcp(() => stop.abort(new Error("enough"))));
    const connecting = connect(new URL(`https://127.0.0.1:${port}/`), undefined, around(stop.signal));
    await expect(connecting).rejects.toThrow("enough");
  });

  it("leaves nobody listening, and neither does a request", async () => {
    const server = new TestServer();
    await server.start();
    server.answer = (_, response) => response.end("content");
    const { signal } = new AbortController();
    const { fetch, dispose } = httpTransport({});
    for (let time = 0; time < 2; time++) await (await fetch(server.url(), { signal })).body?.cancel();
    dispose();
    await (await fetch(server.url(), { signal, method: "HEAD" })).body?.cancel();
    const url = server.url();
    server.stop();
    await expect(fetch(url, { signal })).rejects.toThrow("ECONNREFUSED");
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });
});
