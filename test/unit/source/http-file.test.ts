import { describe, expect, test } from "vitest";
import { contentOf } from "../../../src/bytes/content.ts";
import type { Host } from "../../../src/host.ts";
import { isImage } from "../../../src/image/multi-platform-image.ts";
import { encodeJson } from "../../../src/oci/json.ts";
import { archiveFiles } from "../../../src/pipeline/archive-files.ts";
import { parseUri } from "../../../src/pipeline/uri.ts";
import { openHttpFile } from "../../../src/source/http-file.ts";
import { filesImage } from "../../../src/source/layout-source.ts";
import { type MemoryHost, memoryHost } from "../../memory-host.ts";
import { archive, bytes, rawMember, readAll, text } from "../tar/raw.ts";

const ADDRESS = "https://files.test/app.tar?sig=s3cret";
const BODY = bytes("0123456789".repeat(20_000));

interface Server {
  readonly host: Host & Pick<MemoryHost, "events">;
  /** Bytes sent so far, and the ranges asked for. */
  readonly asked: string[];
  body: Uint8Array;
  etag: string;
  sent: number;
}

async function server(body: Uint8Array, answer: "ranges" | "whole" | "breaks" = "ranges"): Promise<Server> {
  const memory = await memoryHost();
  const served: Server = { host: { ...memory, fetch }, asked: [], body, etag: '"1"', sent: 0 };
  return served;

  async function fetch(_: string, init?: RequestInit): Promise<Response> {
    const headers = new Headers(init?.headers);
    const range = headers.get("range") ?? "";
    served.asked.push(range);
    const [, first = "0", last = ""] = /^bytes=(\d+)-(\d*)$/.exec(range) ?? [];
    const changed = headers.has("if-range") && headers.get("if-range") !== served.etag;
    if (answer === "whole" || changed) return new Response(served.body as Uint8Array<ArrayBuffer>);
    const end = Math.min(Number(last) + 1, served.body.length);
    if (Number(first) >= served.body.length) return new Response(null, { status: 416 });
    const part = served.body.slice(Number(first), end);
    const kept = answer === "breaks" ? part.slice(0, Math.max(1, part.length >> 1)) : part;
    served.sent += kept.length;
    return new Response(kept, {
      status: 206,
      headers: { etag: served.etag, "content-range": `bytes ${first}-${end - 1}/${served.body.length}` },
    });
  }
}

async function slicesOf({ host }: Server) {
  const file = await openHttpFile(ADDRESS, host);
  if (file.kind !== "slices") throw new Error("no ranges");
  return file.slices;
}

describe("a file behind HTTP", () => {
  test("is read in ranges, and its head once", async () => {
    const served = await server(BODY);
    const slices = await slicesOf(served);
    expect(slices.size).toBe(BODY.length);
    expect(text(await readAll(slices.slice(0, 10)))).toBe("0123456789");
    expect(text(await readAll(slices.slice(50_000, 50_010)))).toBe("0123456789");
    expect(text(await readAll(slices.slice(60_000, 60_010)))).toBe("0123456789");
    expect(text(await readAll(slices.slice(199_995)))).toBe("56789");
    expect(served.asked).toEqual(["bytes=0-16383", "bytes=50000-66383", "bytes=199995-199999"]);
  });

  test("is taken up again where the connection broke", async () => {
    const served = await server(BODY, "breaks");
    const file = await slicesOf(served);
    expect(await readAll(file.slice(80_000, 90_000))).toEqual(BODY.slice(80_000, 90_000));
    expect(served.asked.length).toBeGreaterThan(3);
  });

  /** The host's answers, the first of which breaks off. */
  function breaking(host: Host): Host {
    const { fetch: answered } = host;
    let answers = 0;
    const fetch: Host["fetch"] = async (url, init) => {
      const response = await answered(url, init);
      if (answers++ > 0) return response;
      const body = new ReadableStream<Uint8Array>({
        pull: (controller) => controller.error(new Error("it closed the connection too early")),
      });
      const { type, status, ok, headers } = response;
      return { type, status, ok, headers, body };
    };
    return { ...host, fetch };
  }

  test("is asked again for its head where that breaks off", async () => {
    const served = await server(BODY);
    const file = await openHttpFile(ADDRESS, breaking(served.host));
    if (file.kind !== "slices") throw new Error("no ranges");
    expect(text(await readAll(file.slices.slice(0, 10)))).toBe("0123456789");
    expect(served.asked).toEqual(["bytes=0-16383", "bytes=0-16383"]);
  });

  test("that comes whole and breaks off is out of reach, by its name", async () => {
    const file = await openHttpFile(ADDRESS, breaking((await server(BODY, "whole")).host));
    if (file.kind !== "stream") throw new Error("ranges");
    await expect(readAll(file.stream)).rejects.toMatchObject({
      code: "UNREACHABLE",
      message: expect.stringMatching(/^Cannot read https:\/\/files\.test\/app\.tar\?sig=…: /),
    });
  });

  test("that is refused names who refused it, and which login that was given", async () => {
    const { host } = await server(BODY);
    const refuse = async (url: string) =>
      url.startsWith("https://files.test/moved")
        ? new Response(null, { status: 302, headers: { location: "https://cdn.test/1" } })
        : new Response(null, { status: 403 });
    const refused = (address: string) =>
      openHttpFile(address, { ...host, fetch: refuse }).catch((error: unknown) => error);
    expect(await refused("https://me:x@files.test/a")).toMatchObject({
      message:
        "Cannot read https://files.test/a: files.test answered 403; tried credentials from its address",
      hint: expect.stringContaining("credentials"),
    });
    expect(await refused("https://me:x@files.test/moved")).toMatchObject({
      message: "Cannot read https://files.test/moved: cdn.test answered 403",
      hint: expect.stringContaining("files.test sends its clients on to cdn.test"),
    });
  });

  test("that is replaced while it is read is refused", async () => {
    const served = await server(BODY);
    const slices = await slicesOf(served);
    served.etag = '"2"';
    await expect(readAll(slices.slice(100_000))).rejects.toMatchObject({
      code: "IO",
      message: "Cannot read https://files.test/app.tar?sig=…: it was replaced while it was read",
    });
  });

  test("without TLS is read on loopback only, unless it is asked for", async () => {
    const { host } = await server(BODY);
    await expect(openHttpFile("http://files.test/app.tar", host)).rejects.toMatchObject({
      code: "URI_INVALID",
    });
    for (const [address, insecure] of [["http://127.0.0.1/x"], ["http://files.test/x", true]] as const) {
      expect((await openHttpFile(address, host, insecure)).kind).toBe("slices");
    }
  });
});

describe("an archive behind HTTP", () => {
  const tar = archive(rawMember({ name: "big" }, "x".repeat(200_000)), rawMember({ name: "small" }, "found"));

  test("is read by its headers, without the bodies between them", async () => {
    const served = await server(tar);
    const files = await archiveFiles(ADDRESS, served.host);
    expect(files.names()).toEqual(["big", "small"]);
    expect(text(await readAll(files.get("small")?.slice() as ReadableStream<Uint8Array>))).toBe("found");
    expect(served.sent).toBeLessThan(40_000);
  });

  test("of thirty layers is asked for thirty headers, and no more for what stands around them", async () => {
    const layers = Array.from({ length: 30 }, (_, at) => bytes(`${at}`.repeat(40_000)));
    const host = await memoryHost();
    const diff_ids = layers.map((layer) => contentOf(host.kernels, layer).digest);
    const config = encodeJson({ os: "linux", architecture: "amd64", rootfs: { type: "layers", diff_ids } });
    const names = layers.map((_, at) => `${at}.tar`);
    const saved = [
      ...layers.map((layer, at) => rawMember({ name: `${at}.tar` }, layer)),
      rawMember({ name: "config.json" }, config),
      rawMember({ name: "manifest.json" }, encodeJson([{ Config: "config.json", Layers: names }])),
    ];
    const served = await server(archive(...saved));
    const image = await filesImage(await archiveFiles(ADDRESS, served.host), {}, served.host, "saved");
    if (!isImage(image)) throw new Error("no image");
    expect((await image.config()).value.rootfs.diff_ids).toEqual(diff_ids);
    expect(served.asked).toHaveLength(31);
  });

  test("is downloaded once where the server knows no ranges", async () => {
    const served = await server(tar, "whole");
    const files = await archiveFiles(ADDRESS, served.host);
    expect(text(await readAll(files.get("small")?.slice() as ReadableStream<Uint8Array>))).toBe("found");
    expect(served.asked).toHaveLength(1);
    expect(served.host.events).toContainEqual({
      type: "info",
      message: "The server knows no ranges: the archive is downloaded whole",
    });
  });
});

test("an archive's address is taken as it is, query and all", () => {
  expect(parseUri("oci-archive://https://u:p@h/a%20b.tar?x=1#v1")).toEqual({
    scheme: "oci-archive",
    path: "https://u:p@h/a%20b.tar?x=1",
    options: new Map(),
    fragment: "v1",
  });
});
