/** What `ls` and `cat` fetch of layers, the first and the second time. */
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ChunkedBlob, estargz, type SampleFile, sha256, zstdChunked } from "../../chunked-layers.ts";
import { archive, bytes, rawMember } from "../../unit/tar/raw.ts";
import { type ServedRegistry, startRegistry, Workspace } from "./cli.ts";
import { type Counting, countingFileServer, countingProxy } from "./counting.ts";
import { archiveOf, dockerArchive, layoutOf, writeFolder } from "./images.ts";

const noise = () => new Uint8Array(randomBytes(3_000_000));
const FILES: readonly SampleFile[] = [
  { name: "first", body: noise() },
  { name: "etc/", type: "5" },
  { name: "etc/motd", body: bytes("welcome\n") },
  { name: "etc/issue", type: "2", linkname: "motd" },
  { name: "last", body: noise() },
];
/** The same as an ordinary layer. */
const TAR = archive(
  ...FILES.map(({ name, type = "0", linkname = "", body = "" }) => rawMember({ name, type, linkname }, body)),
);
const KINDS = [
  ["estargz", estargz(FILES, { chunkSize: 500_000 })],
  ["zstd-chunked", zstdChunked(FILES, { chunkSize: 500_000 })],
] as const;

let work: Workspace;
let registry: ServedRegistry;
let counting: Counting;

beforeAll(async () => {
  work = new Workspace();
  registry = await startRegistry(work);
  counting = await countingProxy(registry.url);
  for (const [name, layer] of KINDS) {
    writeFolder(work.at(name), chunkedLayout(layer));
    writeFileSync(work.at(`${name}.oci.tar`), archiveOf(chunkedLayout(layer)));
    await work.sealift(["copy", `oci-layout://${name}`, `registry://${registry.host}/${name}:v1`]);
  }
  writeFileSync(work.at("gzip.oci.tar"), archiveOf(layoutOf([TAR]).files));
  writeFileSync(work.at("saved.tar"), dockerArchive([TAR], "app:1"));
  writeFileSync(work.at("saved25.tar"), archiveOf(savedByDocker25()));
});
afterAll(async () => {
  counting.stop();
  await registry.stop();
  await work.dispose();
});

/** What `docker save` writes since version 25 of an image that was pulled: names that are digests, layers that are gzip. */
function savedByDocker25(): Map<string, Uint8Array> {
  const { files, config, layers } = layoutOf([TAR]);
  const nameOf = ({ digest }: { readonly digest: string }) => `blobs/${digest.replace(":", "/")}`;
  const manifest = [{ Config: nameOf(config), RepoTags: ["app:1"], Layers: layers.map(nameOf) }];
  const saved = new Map(files).set("manifest.json", bytes(JSON.stringify(manifest)));
  saved.delete("index.json");
  return saved;
}

/** A layout whose only layer is this. */
function chunkedLayout({ blob, tar, mediaType, annotations }: ChunkedBlob): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  const add = (content: Uint8Array, mediaType: string, more: object = {}) => {
    files.set(`blobs/${sha256(content).replace(":", "/")}`, content);
    return { mediaType, digest: sha256(content), size: content.length, ...more };
  };
  const json = (value: object) => bytes(JSON.stringify(value));
  const rootfs = { type: "layers", diff_ids: [sha256(tar)] };
  const config = json({ architecture: "amd64", os: "linux", rootfs });
  const manifestType = "application/vnd.oci.image.manifest.v1+json";
  const manifest = json({
    schemaVersion: 2,
    mediaType: manifestType,
    config: add(config, "application/vnd.oci.image.config.v1+json"),
    layers: [add(blob, mediaType, { annotations })],
  });
  files.set("oci-layout", json({ imageLayoutVersion: "1.0.0" }));
  files.set("index.json", json({ schemaVersion: 2, manifests: [add(manifest, manifestType)] }));
  return files;
}

/** Bytes that a command which prints the file makes the server send. */
async function fetchedBy(server: Counting, source: string, { env = {}, cache = true } = {}): Promise<number> {
  const before = server.sent();
  const options = cache ? [] : ["--no-cache"];
  expect(await work.sealift(["cat", source, "/etc/issue", ...options], { env })).toBe("welcome\n");
  return server.sent() - before;
}

describe.each(KINDS)("a layer of the kind %s", (name, { blob, annotations, tar }) => {
  const source = () => `registry://${counting.host}/${name}:v1`;
  /** Manifest, config, table of contents and file, with room to spare. */
  const few = 4_000;

  test("is fetched from a registry as far as it is needed", async () => {
    expect(await fetchedBy(counting, source(), { cache: false })).toBeLessThan(few);
    const first = await fetchedBy(counting, source());
    expect(first).toBeLessThan(few);
    expect(await fetchedBy(counting, source())).toBeLessThan(first);
    const before = counting.sent();
    const listed = await work.sealift(["ls", source(), "-R", "--no-cache"]);
    expect(counting.sent() - before).toBeLessThan(few);
    expect(listed).toContain("/etc/issue\n/etc/motd\n/first\n/last\n");
    // The table is a file of an eStargz layer, and a container sees it.
    expect(listed.includes("/stargz.index.json\n")).toBe(name === "estargz");
  });

  test("is read in an archive on a web server as far as it is needed", async () => {
    const server = await countingFileServer(work.at(`${name}.oci.tar`));
    const sent = await fetchedBy(server, `oci-archive://http://${server.host}/a.tar`, { cache: false });
    // The archive's headers come on top.
    expect(sent).toBeLessThan(60_000);
    server.stop();
  });

  test("is an ordinary layer to what reads it whole: copied as it is, unpacked and checked", async () => {
    await work.sealift(["process", source(), `oci-layout://${name}-copy`]);
    const copied = readFileSync(work.at(`${name}-copy/blobs/${sha256(blob).replace(":", "/")}`));
    expect(copied.equals(blob)).toBe(true);
    expect(await layerAnnotations(`${name}-copy`)).toEqual(annotations);
    await work.sealift(["process", source(), `tar://${name}.tar`]);
    expect(readFileSync(work.at(`${name}.tar`)).includes(Buffer.from(tar))).toBe(true);
    const { errors, results } = await work.json(["check", source()]);
    expect(errors).toBe(0);
    expect(results).toContainEqual(expect.objectContaining({ check: "toc", severity: "info" }));
  });

  test("loses what is said of its table where a filter makes another blob of it", async () => {
    for (const filter of [
      "normalize-timestamps",
      "exclude:pattern=first",
      "recompress:format=gzip,level=6",
    ]) {
      const folder = `${name}-${filter.slice(0, 4)}`;
      await work.sealift(["process", source(), `oci-layout://${folder}`, "-f", filter]);
      expect(await layerAnnotations(folder)).toBeUndefined();
    }
  });
});

async function layerAnnotations(folder: string): Promise<unknown> {
  const { manifest_digest } = await work.json(["info", `oci-layout://${folder}`]);
  const manifest = readFileSync(work.at(folder, "blobs", manifest_digest.replace(":", "/")), "utf8");
  return JSON.parse(manifest).layers[0].annotations;
}

describe("an archive on a web server", () => {
  test.each([
    ["of gzip layers", "gzip.oci.tar", "oci-archive"],
    ["of uncompressed layers", "saved.tar", "tar"],
    ["of gzip layers, as Docker 25 saves them", "saved25.tar", "tar"],
  ])("%s is read whole once, and then where the file is", async (_, file, scheme) => {
    const server = await countingFileServer(work.at(file));
    const source = `${scheme}://http://${server.host}/${file}`;
    const { size } = statSync(work.at(file));
    const env = { XDG_CACHE_HOME: work.at(`cache-${file}`) };
    expect(await fetchedBy(server, source, { env })).toBeGreaterThan(size * 0.99);
    expect(await fetchedBy(server, source, { env })).toBeLessThan(size / 4);
    server.stop();
  });
});

test("a file of which nothing can be kept is printed all the same", async () => {
  writeFileSync(work.at("no-folder"), "");
  const env = { XDG_CACHE_HOME: work.at("no-folder") };
  for (const source of ["oci-layout://estargz", "oci-layout://zstd-chunked", "oci-archive://gzip.oci.tar"]) {
    const { code, stdout, stderr } = await work.run(["cat", source, "/etc/motd"], { env });
    expect([code, stdout]).toEqual([0, "welcome\n"]);
    expect(stderr).toContain("Keeps no ");
  }
});

test("what is kept is given up where it is damaged", async () => {
  const cache = work.at("cache");
  const cat = (source: string) =>
    work.sealift(["cat", source, "/etc/motd"], { env: { XDG_CACHE_HOME: cache } });
  const sources = [
    "oci-layout://estargz",
    "oci-layout://zstd-chunked",
    "oci-archive://gzip.oci.tar",
    "tar://saved.tar",
  ];
  for (const source of sources) expect(await cat(source)).toBe("welcome\n");
  const folder = `${cache}/sealift/layer-index`;
  const kept = readdirSync(folder);
  expect(kept.map((name) => name.split(".")[1]).sort()).toEqual([
    "index",
    "index",
    "members",
    "members",
    "toc",
    "toc",
  ]);
  for (const name of kept) {
    writeFileSync(
      `${folder}/${name}`,
      readFileSync(`${folder}/${name}`).map((byte) => byte ^ 1),
    );
  }
  for (const source of sources) expect(await cat(source)).toBe("welcome\n");
});
