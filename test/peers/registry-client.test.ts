import { writeFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Content, contentOf, digestOf } from "../../src/bytes/content.ts";
import { drain, streamFrom } from "../../src/bytes/stream.ts";
import type { Credential } from "../../src/host.ts";
import { EMPTY_JSON, EMPTY_JSON_BYTES } from "../../src/oci/descriptor.ts";
import { encodeJson } from "../../src/oci/json.ts";
import { MEDIA_TYPE } from "../../src/oci/media-type.ts";
import { openRegistry, type RepositoryOptions } from "../../src/registry/repository.ts";
import { sampleBytes, testHost } from "../unit/registry/support.ts";
import { describeWith, run, type Service, temporaryFolder } from "./peer.ts";
import { startDockerRegistry } from "./programs.ts";

const { kernels } = testHost();
const MIB = 1 << 20;

/** Bytes made while they are read, 64 KiB at a time, so that the test holds none of them. */
function madeContent(size: number, seed: number): Content {
  const pattern = sampleBytes(65536 + seed).subarray(seed);
  const open = async () =>
    streamFrom(
      (function* () {
        for (let at = 0; at < size; at += pattern.length)
          yield pattern.subarray(0, Math.min(65536, size - at));
      })(),
    );
  const hasher = kernels.hasher("sha256");
  for (let at = 0; at < size; at += 65536) hasher.update(pattern.subarray(0, Math.min(65536, size - at)));
  return {
    digest: `sha256:${Buffer.from(hasher.digest()).toString("hex")}` as Content["digest"],
    size,
    open,
  };
}

interface CuttingProxy {
  readonly address: string;
  /** Breaks the next connection that moves this many bytes that way. */
  cutAfter(bytes: number, direction: "up" | "down"): void;
  cuts(): number;
  /** Bytes that came down, in all. */
  received(): number;
  close(): Promise<void>;
}

/** A TCP proxy that breaks one connection on request. */
async function cuttingProxy(target: string): Promise<CuttingProxy> {
  const [host, port] = target.split(":") as [string, string];
  let armed: { left: number; direction: "up" | "down" } | undefined;
  let cuts = 0;
  let received = 0;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(Number(port), host);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => {}).on("close", () => [client, upstream].map((end) => end.destroy()));
    }
    const count = (direction: "up" | "down") => (chunk: Buffer) => {
      if (direction === "down") received += chunk.length;
      if (armed?.direction !== direction) return;
      armed.left -= chunk.length;
      if (armed.left > 0) return;
      armed = undefined;
      cuts += 1;
      client.destroy();
    };
    client.on("data", count("up")).pipe(upstream);
    upstream.on("data", count("down")).pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    cutAfter: (bytes, direction) => {
      armed = { left: bytes, direction };
    },
    cuts: () => cuts,
    received: () => received,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** An image without files, which skopeo takes for one. */
async function pushImage(repository: ReturnType<ReturnType<typeof openRegistry>["repository"]>, tag: string) {
  const config = contentOf(
    kernels,
    encodeJson({ architecture: "amd64", os: "linux", config: {}, rootfs: { type: "layers", diff_ids: [] } }),
  );
  await repository.pushBlob(config);
  const manifest = encodeJson({
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociManifest,
    config: { mediaType: MEDIA_TYPE.ociConfig, digest: config.digest, size: config.size },
    layers: [],
  });
  return { manifest, descriptor: await repository.pushManifest(tag, manifest, MEDIA_TYPE.ociManifest) };
}

describeWith(["docker-registry", "skopeo"], "the registry client and docker-registry", () => {
  const folder = temporaryFolder();
  let service: Service;
  let registry: string;

  beforeAll(async () => {
    ({ host: registry, ...service } = await startDockerRegistry(folder.path));
  });

  afterAll(async () => {
    await service?.stop();
    await folder.dispose();
  });

  const open = (name: string, options: RepositoryOptions = {}) =>
    openRegistry(testHost(), registry, options).repository(name);

  it.each([
    ["one request, from memory", 100_000, {}],
    ["one request, streamed", 20 * MIB, {}],
    ["small chunks", 5 * MIB + 1, { chunkSize: MIB }],
    ["large chunks, streamed", 25 * MIB, { chunkSize: 10 * MIB }],
  ])("push and pull a blob in %s", async (name, size, options: RepositoryOptions) => {
    const content = madeContent(size, name.length);
    const repository = open("blobs", options);
    expect(await repository.hasBlob(content)).toBe(false);
    expect(await repository.pushBlob(content)).toBe("uploaded");
    expect(await repository.hasBlob(content)).toBe(true);
    expect(await repository.pushBlob(content)).toBe("exists");
    const pulled = repository.blob(content);
    expect(await drain(await pulled.open())).toBe(size);
    expect(await drain(await repository.openBlob(content, size - 10))).toBe(10);
  });

  it("push a blob of no bytes", async () => {
    const repository = open("empty");
    const content = contentOf(kernels, new Uint8Array());
    await repository.pushBlob(content);
    expect(await drain(await repository.openBlob(content))).toBe(0);
  });

  it("mount a blob from another repository", async () => {
    const content = contentOf(kernels, sampleBytes(777));
    await open("mount/from").pushBlob(content);
    expect(await open("mount/to").pushBlob(content, { mountFrom: ["mount/none", "mount/from"] })).toBe(
      "mounted",
    );
    expect(await open("mount/to").hasBlob(content)).toBe(true);
  });

  it("push an image that skopeo inspects, byte for byte", async () => {
    const repository = open("app/web");
    const { manifest, descriptor } = await pushImage(repository, "1.0");
    const inspect = ["inspect", "--tls-verify=false"];
    const { stdout } = await run("skopeo", [...inspect, `docker://${registry}/app/web:1.0`]);
    expect(JSON.parse(stdout)).toMatchObject({ Digest: descriptor.digest, Architecture: "amd64" });
    const raw = await run("skopeo", [...inspect, "--raw", `docker://${registry}/app/web:1.0`]);
    expect(raw.stdout).toBe(new TextDecoder().decode(manifest));
    expect(await repository.resolve("1.0")).toEqual(descriptor);
    expect(await repository.manifest(descriptor.digest)).toEqual({ descriptor, bytes: manifest });
  });

  it("list tags in order, and none of a repository that is not there", async () => {
    const repository = open("tagged");
    for (const tag of ["c", "a", "b"]) await pushImage(repository, tag);
    expect(await repository.tags()).toEqual(["a", "b", "c"]);
    await expect(open("not/there").tags()).rejects.toMatchObject({ code: "NAME_UNKNOWN" });
    await expect(open("tagged").manifest("z")).rejects.toMatchObject({ code: "MANIFEST_UNKNOWN" });
  });

  it("refuse a manifest whose blobs are missing, with the registry's code", async () => {
    const missing = { ...EMPTY_JSON, digest: digestOf(kernels, sampleBytes(3)) };
    const bytes = encodeJson({
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.ociManifest,
      config: missing,
      layers: [],
    });
    await expect(open("broken").pushManifest("1", bytes, MEDIA_TYPE.ociManifest)).rejects.toMatchObject({
      code: "MANIFEST_BLOB_UNKNOWN",
    });
  });

  it("finish a push that broke in the middle, and a pull without asking for the same bytes twice", async () => {
    const content = madeContent(30 * MIB, 5);
    const proxy = await cuttingProxy(registry);
    const repository = openRegistry(testHost(), proxy.address).repository("broken/off");
    proxy.cutAfter(10 * MIB, "up");
    expect(await repository.pushBlob(content)).toBe("uploaded");
    expect(proxy.cuts()).toBe(1);
    expect(await repository.hasBlob(content)).toBe(true);
    proxy.cutAfter(10 * MIB, "down");
    expect(await drain(await repository.blob(content).open())).toBe(content.size);
    expect(proxy.cuts()).toBe(2);
    expect(proxy.received()).toBeLessThan(content.size + 5 * MIB);
    await proxy.close();
  });

  it("keep referrers under the fallback tag, as it has no referrers API", async () => {
    const repository = open("signed");
    const { descriptor: subject } = await pushImage(repository, "1");
    await repository.pushBlob(contentOf(kernels, EMPTY_JSON_BYTES));
    const bytes = encodeJson({
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.ociManifest,
      artifactType: "application/test",
      config: EMPTY_JSON,
      layers: [],
      subject,
    });
    expect(await repository.referrers(subject.digest)).toEqual([]);
    const pushed = await repository.pushManifest(digestOf(kernels, bytes), bytes, MEDIA_TYPE.ociManifest);
    expect(await repository.referrers(subject.digest)).toEqual([
      { ...pushed, artifactType: "application/test" },
    ]);
    expect(await repository.referrers(subject.digest, "application/other")).toEqual([]);
  });
});

describeWith(["docker-registry"], "the registry client and docker-registry with a password", () => {
  // htpasswd -B of alice:p
  const HTPASSWD = "alice:$2y$05$abcdefghijklmnopqrstuuqwWMzKt5N8p.u2GX5MuH1t19BMWuLOW\n";
  const alice: Credential = { username: "alice", password: "p", origin: "flags" };
  const folder = temporaryFolder();
  let service: Service;
  let registry: string;

  beforeAll(async () => {
    const passwords = join(folder.path, "htpasswd");
    await writeFile(passwords, HTPASSWD);
    const auth = `auth: { htpasswd: { realm: test, path: ${passwords} } }`;
    ({ host: registry, ...service } = await startDockerRegistry(folder.path, auth));
  });

  afterAll(async () => {
    await service?.stop();
    await folder.dispose();
  });

  it("push and pull with the right one, which may come after a wrong one", async () => {
    const wrong = { ...alice, password: "wrong", origin: "environment" };
    const host = testHost({ credentials: [wrong, alice] });
    const repository = openRegistry(host, registry).repository("private");
    const content = madeContent(12 * MIB, 1);
    expect(await repository.pushBlob(content)).toBe("uploaded");
    const { descriptor } = await pushImage(repository, "1");
    const reader = openRegistry(testHost(), registry, { credential: alice }).repository("private");
    expect(await reader.resolve("1")).toEqual(descriptor);
    expect(await drain(await reader.openBlob(content))).toBe(content.size);
  });

  it("fail with UNAUTHORIZED with a wrong one, or none", async () => {
    const wrong = { ...alice, password: "s3cret" };
    const failure = await openRegistry(testHost(), registry, { credential: wrong })
      .repository("private")
      .tags()
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "UNAUTHORIZED" });
    expect(String(failure)).toContain("tried credentials from flags");
    expect(String(failure)).not.toContain("s3cret");
    await expect(openRegistry(testHost(), registry).repository("private").tags()).rejects.toMatchObject({
      code: "UNAUTHORIZED",
    });
  });
});
