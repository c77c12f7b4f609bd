import type { ServerResponse } from "node:http";
import { describe, expect, it } from "vitest";
import { contentOf, digestOf } from "../../../src/bytes/content.ts";
import { collect } from "../../../src/bytes/stream.ts";
import type { SealiftError } from "../../../src/error.ts";
import { openRepository } from "../../../src/registry/repository.ts";
import { sampleBytes, scripted, serve, testHost } from "./support.ts";

const host0 = testHost();
const blob = sampleBytes(300_000);
const descriptor = { digest: digestOf(host0.kernels, blob), size: blob.length };
const LIMIT = 1 << 20;

/** Sends part of a body, then breaks the connection. */
function breakOff(response: ServerResponse, bytes: Uint8Array, length: number): void {
  response.write(bytes.subarray(0, length), () => setTimeout(() => response.destroy(), 5));
}

async function repositoryAt(listener: Parameters<typeof serve>[0]) {
  const host = testHost();
  const registry = await serve(listener);
  return { host, repository: openRepository(host, { registry, repository: "a" }) };
}

describe("a blob's download", () => {
  it("gives the bytes, whole or from an offset or a range", async () => {
    const { repository } = await repositoryAt((request, response) => {
      const [, first, last] = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? "") ?? [];
      if (first === undefined) return void response.end(blob);
      const end = last ? Number(last) + 1 : blob.length;
      response.writeHead(206, { "content-range": `bytes ${first}-${end - 1}/${blob.length}` });
      response.end(blob.subarray(Number(first), end));
    });
    const read = async (start?: number, end?: number) =>
      collect(await repository.openBlob(descriptor, start, end), LIMIT);
    expect(await read()).toEqual(blob);
    expect(await read(1000)).toEqual(blob.subarray(1000));
    expect(await read(1000, 2000)).toEqual(blob.subarray(1000, 2000));
    expect(await read(0, 10)).toEqual(blob.subarray(0, 10));
    expect(await read(300_000)).toEqual(new Uint8Array());
  });

  it("goes on by Range where the connection broke", async () => {
    const ranges: (string | undefined)[] = [];
    const { repository, host } = await repositoryAt((request, response) => {
      ranges.push(request.headers.range);
      const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
      const headers = { "content-length": blob.length - from };
      if (from > 0) {
        response.writeHead(206, {
          ...headers,
          "content-range": `bytes ${from}-${blob.length - 1}/${blob.length}`,
        });
      } else {
        response.writeHead(200, headers);
      }
      if (ranges.length < 4) breakOff(response, blob.subarray(from), 70_000);
      else response.end(blob.subarray(from));
    });
    expect(await collect(await repository.openBlob(descriptor), LIMIT)).toEqual(blob);
    expect(ranges).toEqual([undefined, "bytes=70000-", "bytes=140000-", "bytes=210000-"]);
    expect(host.sleeps, "progress in between starts the waiting anew").toEqual([250, 250, 250]);
  });

  it("passes over what a server without Range sends again", async () => {
    let requests = 0;
    const { repository } = await repositoryAt((_request, response) => {
      requests += 1;
      response.writeHead(200, { "content-length": blob.length });
      if (requests === 1) breakOff(response, blob, 123_456);
      else response.end(blob);
    });
    expect(await collect(await repository.openBlob(descriptor), LIMIT)).toEqual(blob);
    expect(await collect(await repository.openBlob(descriptor, 99_999, 100_010), LIMIT)).toEqual(
      blob.subarray(99_999, 100_010),
    );
  });

  it("is no way to a part far from the start where the server knows no Range", async () => {
    const { repository } = await repositoryAt((_request, response) => response.end(blob));
    const large = { ...descriptor, size: 3_000_000 };
    await expect(repository.openBlob(large, 2_000_000, 2_000_010)).rejects.toMatchObject({
      code: "UNSUPPORTED",
      message: expect.stringContaining("the registry sends no parts"),
    });
  });

  it("fails when the connection breaks again and again at the same place", async () => {
    let requests = 0;
    const { repository } = await repositoryAt((_request, response) => {
      requests += 1;
      response.writeHead(200, { "content-length": blob.length });
      breakOff(response, blob, 50_000);
    });
    await expect(collect(await repository.openBlob(descriptor), LIMIT)).rejects.toMatchObject({
      code: "UNREACHABLE",
    });
    expect(requests).toBe(5);
  });

  it("fails when the body simply ends early", async () => {
    const { repository } = await repositoryAt((_request, response) => {
      response.writeHead(200, { "transfer-encoding": "chunked" });
      response.end(blob.subarray(0, 1000));
    });
    await expect(collect(await repository.openBlob(descriptor), LIMIT)).rejects.toMatchObject({
      code: "UNREACHABLE",
      message: expect.stringContaining("ended at byte 1000 of 300000"),
    });
  });

  it("fails with SIZE_MISMATCH when the registry has more or fewer bytes", async () => {
    const longer = await repositoryAt((_request, response) => {
      response.writeHead(200, { "transfer-encoding": "chunked" });
      response.write(blob);
      response.end("x");
    });
    await expect(collect(await longer.repository.openBlob(descriptor), LIMIT)).rejects.toMatchObject({
      code: "SIZE_MISMATCH",
    });
    const shorter = await repositoryAt((_request, response) => void response.end(blob.subarray(1)));
    await expect(shorter.repository.openBlob(descriptor)).rejects.toMatchObject({ code: "SIZE_MISMATCH" });
  });

  it("fails when a 206 starts elsewhere than asked, rather than lose or double bytes", async () => {
    const { repository } = await repositoryAt((_request, response) => {
      response.writeHead(206, { "content-range": `bytes 0-299999/300000` });
      response.end(blob);
    });
    await expect(repository.openBlob(descriptor, 10)).rejects.toMatchObject({ code: "REGISTRY_ERROR" });
  });

  it("does not verify by itself; as content it does", async () => {
    const wrong = Uint8Array.from(blob);
    wrong[299_999] = (wrong[299_999] ?? 0) ^ 1;
    const { repository } = await repositoryAt((_request, response) => void response.end(wrong));
    expect(await collect(await repository.openBlob(descriptor), LIMIT)).toEqual(wrong);
    await expect(collect(await repository.blob(descriptor).open(), LIMIT)).rejects.toMatchObject({
      code: "DIGEST_MISMATCH",
      exitCode: 3,
    });
  });

  it("fails at once with BLOB_UNKNOWN where there is none", async () => {
    const { repository } = await repositoryAt((_request, response) => void response.writeHead(404).end());
    await expect(repository.openBlob(descriptor)).rejects.toMatchObject({
      code: "BLOB_UNKNOWN",
      exitCode: 5,
    });
  });

  it("of no bytes is no trouble", async () => {
    const empty = contentOf(host0.kernels, new Uint8Array());
    const { repository } = await repositoryAt((_request, response) => void response.end());
    expect(await collect(await repository.openBlob(empty), LIMIT)).toHaveLength(0);
  });

  it("lets go of the connection when the reader stops, read or not", async () => {
    const closed: Promise<void>[] = [];
    const { repository } = await repositoryAt((_request, response) => {
      closed.push(new Promise((resolve) => response.once("close", resolve)));
      response.writeHead(200, { "content-length": descriptor.size });
      response.write(blob.subarray(0, 1000));
    });
    const reader = (await repository.openBlob(descriptor)).getReader();
    await reader.read();
    await reader.cancel();
    await (await repository.openBlob(descriptor)).cancel();
    await Promise.all(closed);
    expect(closed).toHaveLength(2);
  });
});

describe("a blob that a registry sends elsewhere for", () => {
  /** A registry that sends on to a storage host, whose addresses hold for so many requests. */
  async function redirecting(lifetime: number, refuse: (response: ServerResponse) => void) {
    const asked = { registry: 0, storage: 0, logins: 0 };
    const uses = new Map<string, number>();
    const storage = await serve((request, response) => {
      asked.storage++;
      if (request.headers.authorization) asked.logins++;
      const address = request.url as string;
      uses.set(address, (uses.get(address) ?? 0) + 1);
      if ((uses.get(address) as number) > lifetime) return refuse(response);
      const [, first, last] = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? "") ?? [];
      const end = last ? Number(last) + 1 : blob.length;
      response.writeHead(206, { "content-range": `bytes ${first}-${end - 1}/${blob.length}` });
      response.end(blob.subarray(Number(first), end));
    });
    const registry = await serve((request, response) => {
      if (!request.headers.authorization)
        return void response.writeHead(401, { "www-authenticate": "Basic" }).end();
      const location = `http://${storage}/${++asked.registry}?signature=x`;
      response.writeHead(307, { location }).end();
    });
    const host = testHost({ credentials: [{ username: "me", password: "x", origin: "test" }] });
    const repository = openRepository(host, { registry, repository: "a" });
    const read = async (from: number) =>
      expect(await collect(await repository.openBlob(descriptor, from, from + 10), LIMIT)).toEqual(
        blob.subarray(from, from + 10),
      );
    return { asked, read, registry, storage };
  }

  it("is asked for there from then on, and the login goes to the registry alone", async () => {
    const { asked, read } = await redirecting(Number.POSITIVE_INFINITY, () => {});
    for (const from of [1, 1_000, 200_000]) await read(from);
    await Promise.all([5, 6, 7].map(read));
    expect(asked).toEqual({ registry: 1, storage: 6, logins: 0 });
  });

  it.each<[string, (response: ServerResponse) => void]>([
    ["says 403", (response) => response.writeHead(403).end("expired")],
    ["says 404", (response) => response.writeHead(404).end()],
    ["says 400", (response) => response.writeHead(400).end()],
    ["breaks off", (response) => response.destroy()],
  ])("has the registry asked again where the address %s", async (_, refuse) => {
    const { asked, read } = await redirecting(2, refuse);
    for (const from of [1, 2, 3, 4, 5]) await read(from);
    expect(asked).toEqual({ registry: 3, storage: 7, logins: 0 });
  });

  it.each([
    [403, "DENIED"],
    [401, "UNAUTHORIZED"],
    [429, "RATE_LIMITED"],
  ])("and is refused there by %d is refused by that host, whatever the login", async (status, code) => {
    const { asked, read, registry, storage } = await redirecting(0, (response) =>
      response.writeHead(status, { "www-authenticate": "Basic" }).end("<Error>expired</Error>"),
    );
    const failure = await read(1).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code,
      message: `Cannot pull blob ${descriptor.digest} of ${registry}/a: ${storage} answered ${status}`,
      hint: expect.stringContaining(`${registry} sends its clients on to ${storage}`),
    });
    expect((failure as SealiftError).hint).not.toMatch(/credentials|log in/);
    expect(asked.logins).toBe(0);
  });

  it("is cut short by that host where it breaks off there", async () => {
    const storage = await serve((_request, response) => {
      response.writeHead(200, { "content-length": blob.length });
      breakOff(response, blob, 1_000);
    });
    const { repository } = await repositoryAt((_request, response) => {
      response.writeHead(307, { location: `http://${storage}/1` }).end();
    });
    const reading = repository.openBlob(descriptor).then((stream) => collect(stream, LIMIT));
    await expect(reading).rejects.toThrow(`: ${storage} cannot be reached`);
  });

  it("under another path of its own is asked for as before", async () => {
    let requests = 0;
    const { repository } = await repositoryAt((request, response) => {
      requests++;
      if (request.url?.startsWith("/v2/")) return void response.writeHead(307, { location: "/moved" }).end();
      response.writeHead(206, { "content-range": `bytes 1-2/${blob.length}` }).end(blob.subarray(1, 3));
    });
    for (let time = 0; time < 2; time++) await collect(await repository.openBlob(descriptor, 1, 3), LIMIT);
    expect(requests).toBe(4);
  });
});

describe("a blob's presence", () => {
  it("is asked by HEAD", async () => {
    const { fetch, sent } = scripted(
      new Response(null, { status: 200 }),
      new Response(null, { status: 404 }),
    );
    const repository = openRepository(testHost({ fetch }), { registry: "r.example.com", repository: "a" });
    expect(await repository.hasBlob(descriptor)).toBe(true);
    expect(await repository.hasBlob(descriptor)).toBe(false);
    expect(sent.map(({ method }) => method)).toEqual(["HEAD", "HEAD"]);
  });
});
