import { beforeAll, describe, expect, it } from "vitest";
import { openArchiveFile } from "../../../src/bundle/archive-file.ts";
import type { Contents, ContentsNode } from "../../../src/bundle/contents.ts";
import { contentsOf } from "../../../src/bundle/contents-archive.ts";
import { pathTree } from "../../../src/bundle/path-tree.ts";
import { bytesSlices } from "../../../src/bytes/slices.ts";
import { collect, concat } from "../../../src/bytes/stream.ts";
import { type MemoryHost, memoryHost } from "../../memory-host.ts";
import { dockerSave, gzipped, ociArchive, tarOfFiles } from "./archives.ts";
import { FILES, type Fixture, signedBundle } from "./fixture.ts";

let host: MemoryHost;
let bundle: Fixture;
beforeAll(async () => {
  host = await memoryHost();
  bundle = await signedBundle();
});

async function open(bytes: Uint8Array, on: MemoryHost = host): Promise<Contents> {
  return contentsOf(await openArchiveFile(bytesSlices(bytes), on), on);
}

/** Every node, as its names from the root, in order. */
function paths(nodes: readonly ContentsNode[], above = ""): string[] {
  return nodes.flatMap((node) => [
    `${above}${node.name}`,
    ...paths(node.children ?? [], `${above}${node.name}/`),
  ]);
}

function find(nodes: readonly ContentsNode[], path: string): ContentsNode {
  const [name, ...rest] = path.split("|");
  const node = nodes.find((one) => one.name === name);
  if (!node) throw new Error(`no ${name} in ${nodes.map((one) => one.name)}`);
  return rest.length === 0 ? node : find(node.children ?? [], rest.join("|"));
}

async function taken(contents: Contents, node: ContentsNode): Promise<Uint8Array> {
  const { open, size, dispose } = await contents.take(node.key);
  const bytes = await collect(await open(), 1 << 26);
  expect(bytes.length).toBe(size);
  await dispose();
  return bytes;
}

/** The pieces joined: what the page hands out without copying it. */
async function pieces(
  contents: Contents,
  node: ContentsNode,
  file: Uint8Array,
): Promise<Uint8Array | undefined> {
  const { pieces: parts } = await contents.take(node.key);
  return (
    parts &&
    concat(parts.map((part) => (part instanceof Uint8Array ? part : file.subarray(part.start, part.end))))
  );
}

describe("the contents of a bundle", () => {
  it("are its artifacts, images, layers and files", async () => {
    const contents = await open(bundle.bytes);
    expect(paths(contents.nodes)).toEqual([
      "server",
      "server/linux/amd64",
      "server/linux/amd64/config.json",
      "server/linux/amd64/Layer 1",
      "server/linux/amd64/Layer 2",
      "docs",
      "docs/deep",
      "docs/deep/empty.md",
      "docs/deep/more.md",
      "docs/index.md",
      "licence",
      "licence/LICENSE.txt",
      "install.sh",
      "Signature",
    ]);
    expect(find(contents.nodes, "docs|index.md")).toMatchObject({
      kind: "file",
      size: FILES["app/docs/index.md"].length,
      mode: 0o644,
      digest: expect.stringMatching(/^sha256:/),
    });
    expect(new Set(keys(contents.nodes)).size).toBe(keys(contents.nodes).length);
  });

  it("can be taken out, byte for byte, streamed or as pieces of the file", async () => {
    const contents = await open(bundle.bytes);
    for (const path of ["licence|LICENSE.txt", "docs|deep|more.md", "install.sh", "server"]) {
      const node = find(contents.nodes, path);
      const bytes = await taken(contents, node);
      expect(await pieces(contents, node, bundle.bytes)).toEqual(bytes);
    }
    expect(new TextDecoder().decode(await taken(contents, find(contents.nodes, "licence|LICENSE.txt")))).toBe(
      "MIT\n",
    );
  });

  it("have images that are archives in their own right", async () => {
    const contents = await open(bundle.bytes);
    const image = await taken(contents, find(contents.nodes, "server"));
    expect((await open(image)).nodes.map(({ kind }) => kind)).toEqual(["image"]);
  });

  it("have layers whose files are listed, with modes and digests, when asked for", async () => {
    const contents = await open(bundle.bytes);
    const layer = find(contents.nodes, "server|linux/amd64|Layer 2");
    expect(layer).toMatchObject({ listable: true });
    const files = await contents.list(layer.key);
    expect(paths(files)).toEqual(["etc", "etc/server.conf"]);
    const file = find(files, "etc|server.conf");
    expect(file).toMatchObject({ kind: "file", mode: 0o644, saveAs: "server.conf" });
    expect(new TextDecoder().decode(await taken(contents, file))).toBe("etc/server.conf");
  });

  it("are nothing where a blob does not hold: neither the blob, nor a list, nor a file of a layer", async () => {
    const layer = find((await open(bundle.bytes)).nodes, "server|linux/amd64|Layer 2");
    const at = bytesOfDigest(bundle.bytes, layer.digest as string);
    const changed = bundle.bytes.slice();
    changed[at + 20] = (changed[at + 20] ?? 0) ^ 1;
    const contents = await open(changed);
    await expect(contents.list(layer.key)).rejects.toThrow();
    await expect(taken(contents, find(contents.nodes, "server"))).rejects.toMatchObject({
      code: "DIGEST_MISMATCH",
    });
  });
});

describe("the contents of archives", () => {
  it("of an OCI image are its platform, layers and files", async () => {
    const { files } = await ociArchive(host);
    const contents = await open(await tarOfFiles(files, host));
    expect(paths(contents.nodes)).toEqual([
      "server:1.0",
      "server:1.0/config.json",
      "server:1.0/Layer 1",
      "server:1.0/Layer 2",
    ]);
    const listed = await contents.list(find(contents.nodes, "server:1.0|Layer 1").key);
    expect(new TextDecoder().decode(await taken(contents, find(listed, "etc|server.conf")))).toBe(
      "port = 80\n",
    );
  });

  it("of docker save, compressed as a whole, are the same", async () => {
    const contents = await open(gzipped(await dockerSave(host)));
    expect(paths(contents.nodes)).toEqual(["server:1.0", "server:1.0/Layer 1", "server:1.0/Layer 2"]);
    const listed = await contents.list(find(contents.nodes, "server:1.0|Layer 2").key);
    expect(new TextDecoder().decode(await taken(contents, find(listed, "srv|data.txt")))).toBe("data\n");
  });

  it("name what an index has and the archive has not", async () => {
    const { files } = await ociArchive(host);
    const [layer] = Object.keys(files).slice(-3);
    const { [layer as string]: _, ...others } = files;
    const contents = await open(await tarOfFiles(others, host));
    const [image] = contents.nodes;
    expect(image?.saveAs).toBeUndefined();
    expect(JSON.stringify(image)).toContain('"absent"');
  });

  it("do not give what they do not have", async () => {
    const contents = await open(bundle.bytes);
    await expect(async () => contents.take("nothing")).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(async () => contents.list("nothing")).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});

describe("paths as a tree", () => {
  it("have folders first, in order, with the size of what they hold", () => {
    const leaf = (path: string, size: number) => ({ path, node: { key: path, kind: "file" as const, size } });
    const folder = { path: "b/", node: { key: "b/", kind: "folder" as const, mode: 0o700 } };
    const tree = pathTree("t", [leaf("z", 1), leaf("b/y", 2), leaf("a/x/w", 4), folder, leaf("./a/v", 8)]);
    expect(paths(tree)).toEqual(["a", "a/x", "a/x/w", "a/v", "b", "b/y", "z"]);
    expect(tree.map(({ size }) => size)).toEqual([12, 2, 1]);
    expect(tree[1]?.mode).toBe(0o700);
  });
});

function keys(nodes: readonly ContentsNode[]): string[] {
  return nodes.flatMap((node) => [node.key, ...keys(node.children ?? [])]);
}

/** Where a blob's content begins in a bundle, found by its header's name. */
function bytesOfDigest(file: Uint8Array, digest: string): number {
  const text = new TextDecoder("latin1").decode(file);
  return text.indexOf(`blobs/${digest.replace(":", "/")}\0`) + 512;
}
