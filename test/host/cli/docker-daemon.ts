/** A docker daemon's API without docker: over a real Unix socket, with images as the tests make them. */
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { request as httpsRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { archive, rawMember } from "../../unit/tar/raw.ts";
import { archiveOf, type Layout, sha256 } from "./images.ts";

export interface DaemonImage {
  readonly id: string;
  /** What `save` answers. */
  readonly archive: Uint8Array;
  /** More of what `inspect` tells. */
  readonly inspect?: object;
  /** What a push sends; without it pushing fails. */
  readonly pushed?: { readonly layout: Layout; readonly mediaType: string; readonly bytes: Uint8Array };
}

/** Answers a request itself where it gives true. */
type Takeover = (request: IncomingMessage, response: ServerResponse, path: string) => boolean;

export class FakeDaemon {
  readonly #folder = mkdtempSync(join(tmpdir(), "dk-"));
  readonly socket: string = join(this.#folder, "s");
  /** By the name they are asked for. */
  readonly images = new Map<string, DaemonImage>();
  /** `METHOD /path?query` of each request, as they came. */
  readonly requests: string[] = [];
  /** The archives that arrived whole. */
  readonly loads: Buffer[] = [];
  /** How many archives broke off on their way. */
  brokenLoads = 0;
  /** Digests of the blobs it has sent to a registry, that it was not told were there. */
  readonly uploaded: string[] = [];
  takeover: Takeover = () => false;
  readonly #server = createServer((request, response) => this.#answer(request, response));

  async start(): Promise<this> {
    this.#server.listen(this.socket);
    await once(this.#server, "listening");
    return this;
  }

  /** What answers, for a server of another kind. */
  get listener(): RequestListener {
    return (request, response) => this.#answer(request, response);
  }

  reset(): void {
    this.images.clear();
    this.requests.length = 0;
    this.loads.length = 0;
    this.uploaded.length = 0;
    this.brokenLoads = 0;
    this.takeover = () => false;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { method = "", url = "" } = request;
    this.requests.push(`${method} ${url}`);
    const { pathname, searchParams } = new URL(url, "http://docker");
    if (this.takeover(request, response, pathname)) return;
    const [, name = "", verb = ""] = /^\/images\/(.+)\/(json|get|tag|push)$/.exec(pathname) ?? [];
    const image = this.images.get(name);
    if (pathname === "/_ping") return void response.end("OK");
    if (pathname === "/images/load") return void this.#load(request, response);
    if (method === "DELETE") return void response.end(JSON.stringify([{ Untagged: pathname.slice(8) }]));
    if (verb === "push") return void this.#push(name, searchParams.get("tag") ?? "", response);
    if (!image)
      return void response.writeHead(404).end(JSON.stringify({ message: `No such image: ${name}` }));
    if (verb === "json") return void response.end(JSON.stringify(inspected(image)));
    if (verb === "get") return void response.end(image.archive);
    const target = `${searchParams.get("repo")}:${searchParams.get("tag")}`;
    this.images.set(target, image);
    response.writeHead(201).end();
  }

  async #load(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk);
    } catch {
      this.brokenLoads++;
      return;
    }
    const archive = Buffer.concat(chunks);
    this.loads.push(archive);
    for (const image of savedImages(archive)) {
      for (const tag of image.tags) this.images.set(tag, { id: image.id, archive, inspect: image.inspect });
    }
    response.end('{"stream":"Loaded image"}\r\n');
  }

  async #push(repository: string, tag: string, response: ServerResponse): Promise<void> {
    const say = (message: object) => response.write(`${JSON.stringify(message)}\r\n`);
    say({ status: `The push refers to repository [${repository}]` });
    const { pushed } = this.images.get(`${repository}:${tag}`) ?? {};
    try {
      if (!pushed) throw new Error("denied: requested access to the resource is denied");
      const [host = "", ...path] = repository.split("/");
      const base = `https://${host}/v2/${path.join("/")}`;
      for (const [name, bytes] of pushed.layout.files) {
        if (name.startsWith("blobs/") && !isManifest(bytes, pushed))
          await pushBlob(base, bytes, this.uploaded);
        say({ status: "Pushing", progressDetail: { current: 1, total: bytes.length }, id: name.slice(-12) });
      }
      await send("PUT", `${base}/manifests/${tag}`, pushed.bytes, { "Content-Type": pushed.mediaType });
      say({ status: `${tag}: digest: sha256:${sha256(pushed.bytes)}` });
      response.end();
    } catch (error) {
      const { message } = error as Error;
      response.end(`${JSON.stringify({ errorDetail: { message }, error: message })}\r\n`);
    }
  }
}

function inspected({ id, inspect }: DaemonImage): object {
  return { Id: id, Os: "linux", Architecture: "amd64", RootFS: { Type: "layers", Layers: [] }, ...inspect };
}

/** The images of a docker-save archive of plain members, as `load` finds them. */
function savedImages(bytes: Buffer) {
  const files = membersOf(bytes);
  const entries = JSON.parse(String(files.get("manifest.json")));
  return entries.map(({ Config, RepoTags }: { Config: string; RepoTags: string[] }) => {
    const config = files.get(Config) as Buffer;
    const { diff_ids } = JSON.parse(String(config)).rootfs;
    return {
      id: `sha256:${sha256(config)}`,
      tags: RepoTags,
      inspect: { RootFS: { Type: "layers", Layers: diff_ids } },
    };
  });
}

function membersOf(tar: Buffer): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  for (let at = 0; tar[at] !== 0; ) {
    const name = tar.toString("latin1", at, at + 100).replace(/\0.*$/s, "");
    const size = Number.parseInt(tar.toString("latin1", at + 124, at + 135), 8);
    files.set(name, tar.subarray(at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return files;
}

function isManifest(bytes: Uint8Array, { layout }: NonNullable<DaemonImage["pushed"]>): boolean {
  return `sha256:${sha256(bytes)}` === layout.image.digest;
}

async function pushBlob(base: string, bytes: Uint8Array, uploaded: string[]): Promise<void> {
  const digest = `sha256:${sha256(bytes)}`;
  if ((await send("HEAD", `${base}/blobs/${digest}`)).status === 200) return;
  const { location } = await send("POST", `${base}/blobs/uploads/`);
  const upload = new URL(location ?? "", base);
  await send("PATCH", upload.href, bytes);
  upload.searchParams.set("digest", digest);
  await send("PUT", upload.href);
  uploaded.push(digest);
}

/** As a daemon speaks to a registry on loopback: over TLS, believing any certificate. */
export async function send(
  method: string,
  url: string,
  body?: Uint8Array,
  headers: Record<string, string> = {},
): Promise<{ status: number; location: string | undefined; length: string | undefined }> {
  const request = httpsRequest(url, { method, headers, rejectUnauthorized: false, agent: false });
  request.end(body);
  const [response] = (await once(request, "response")) as [IncomingMessage];
  response.resume();
  await once(response, "end");
  const { statusCode: status = 0 } = response;
  if (status >= 400 && method !== "HEAD") throw new Error(`${method} ${url} was answered ${status}`);
  return { status, location: response.headers.location, length: response.headers["content-length"] };
}

export interface SavedImage {
  readonly id: string;
  readonly archive: Uint8Array;
}

/** What Docker 1.10 to 24 save: folders by v1 IDs in their order, a layer that repeats as a link, manifest.json last. */
export function legacySave(tars: readonly Uint8Array[], tag: string): SavedImage {
  const config = configOf(tars);
  const folders = tars.map((_, index) => sha256(Buffer.from(`v1 ${tars.length - index}`)));
  const first = (tar: Uint8Array) => tars.findIndex((other) => sha256(other) === sha256(tar));
  const members = tars.map((tar, index): [string, Uint8Array[]] => {
    const name = `${folders[index]}/layer.tar`;
    const linkname = `../${folders[first(tar)]}/layer.tar`;
    const layer = first(tar) === index ? rawMember({ name }, tar) : rawMember({ name, type: "2", linkname });
    const folder = rawMember({ name: `${folders[index]}/`, type: "5", mode: "0000755\0" });
    return [name, [folder, rawMember({ name: `${folders[index]}/VERSION` }, "1.0"), layer]];
  });
  const Layers = folders.map((folder) => `${folder}/layer.tar`);
  const manifest = json([{ Config: `${sha256(config)}.json`, RepoTags: [tag], Layers }]);
  return {
    id: `sha256:${sha256(config)}`,
    archive: archive(
      rawMember({ name: `${sha256(config)}.json` }, config),
      ...members.toSorted(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, parts]) => parts),
      rawMember({ name: "manifest.json" }, manifest),
    ),
  };
}

/** What Docker 25 and later save: an OCI layout whose layers manifest.json names as well, last of all. */
export function modernSave(layout: Layout, tag: string): SavedImage {
  const path = ({ digest }: { digest: string }) => `blobs/sha256/${digest.slice(7)}`;
  const entry = { Config: path(layout.config), RepoTags: [tag], Layers: layout.layers.map(path) };
  const files = new Map([...layout.files].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  return {
    id: layout.config.digest,
    archive: archiveOf(files.set("manifest.json", json([entry]))),
  };
}

/** An archive of several images. */
export function severalSave(...images: readonly (readonly Uint8Array[])[]): {
  ids: readonly string[];
  archive: Uint8Array;
} {
  const files = new Map<string, Uint8Array>();
  const add = (name: string, bytes: Uint8Array) => {
    files.set(name, bytes);
    return name;
  };
  const entries = images.map((tars) => {
    const config = configOf(tars);
    const Layers = tars.map((tar) => add(`${sha256(tar)}.tar`, tar));
    return { Config: add(`${sha256(config)}.json`, config), RepoTags: null, Layers };
  });
  files.set("manifest.json", json(entries));
  return {
    ids: entries.map(({ Config }) => `sha256:${Config.slice(0, 64)}`),
    archive: archiveOf(files),
  };
}

export function configOf(tars: readonly Uint8Array[]): Uint8Array {
  const diff_ids = tars.map((tar) => `sha256:${sha256(tar)}`);
  return json({ architecture: "amd64", os: "linux", rootfs: { type: "layers", diff_ids }, "x-unknown": 1 });
}

export function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
