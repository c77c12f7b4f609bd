/** Options of commands and URIs that say where things lie, who asks, and how much goes on at once. */
import { existsSync, mkdirSync, readdirSync, readFileSync, watch, writeFileSync } from "node:fs";
import { zstdCompressSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { archive, rawMember } from "../../unit/tar/raw.ts";
import { type ServedRegistry, startRegistry, Workspace } from "./cli.ts";
import { json, modernSave } from "./docker-daemon.ts";
import { expectFailure } from "./failure.ts";
import { type Forwarding, forwardTo, type SlowRegistry, slowRegistry } from "./forwarding.ts";
import {
  archiveOf,
  checkedDockerSave,
  checkedLayout,
  layoutOf,
  smallLayout,
  unpack,
  withManifest,
} from "./images.ts";

const LAYERS = Array.from({ length: 6 }, (_, at) =>
  archive(rawMember({ name: `${at}` }, `${at}`.repeat(2_000))),
);
const layout = layoutOf(LAYERS);

let work: Workspace;
let registry: ServedRegistry;
let slow: SlowRegistry;
/** Wants a login. */
let guarded: Forwarding;
let login: string;
const seen: string[] = [];

beforeAll(async () => {
  work = new Workspace();
  registry = await startRegistry(work);
  writeFileSync(work.at("app.tar"), archiveOf(layout.files));
  await work.sealift(["process", "oci-archive://app.tar", `registry://${registry.host}/app:v1`]);
  slow = await slowRegistry(
    registry,
    (method, path) =>
      path.includes("/blobs/") && ["GET", "POST"].includes(method) && !path.endsWith(layout.config.digest),
  );
  guarded = await forwardTo(registry, ({ headers: { authorization } }, response) => {
    if (authorization) seen.push(authorization);
    if (authorization === login) return false;
    response.writeHead(401, { "www-authenticate": 'Basic realm="r"' }).end();
    return true;
  });
});
afterAll(async () => {
  slow.stop();
  guarded.stop();
  await registry.stop();
  await work.dispose();
});

describe("?max_workers", () => {
  it("of a source is how many layers are fetched at once", async () => {
    const from = (workers: number) => `registry://${slow.host}/app:v1?max_workers=${workers}`;
    await work.sealift(["process", from(1), "tar://one.tar"]);
    expect(slow.most()).toBe(1);
    slow.waitFor(3);
    await work.sealift(["process", from(3), "tar://three.tar", "-j", "1"]);
    expect(slow.most()).toBe(3);
  });

  it("of a destination is how many are sent at once, whatever the source says", async () => {
    const to = (name: string, workers: number) => `registry://${slow.host}/${name}:v1?max_workers=${workers}`;
    slow.waitFor(1);
    await work.sealift(["process", "oci-archive://app.tar", to("one", 1), "-j", "6"]);
    expect(slow.most()).toBe(1);
    slow.waitFor(2);
    const from = `registry://${registry.host}/app:v1?max_workers=1`;
    await work.sealift(["process", from, to("three", 3), "-f", "recompress:format=gzip,level=1"]);
    expect(slow.most()).toBeGreaterThan(1);
  });

  it.each(["-3", "0", "x", "", "1.5", "1000"])(
    "of %s is refused, at either end and where nothing is moved",
    async (value) => {
      const uri = `registry://${registry.host}/app:v1?max_workers=${value}`;
      const expected = { code: "URI_INVALID", exit: 2, says: "option max_workers" } as const;
      await expectFailure(work, ["process", uri, "tar://x.tar"], expected);
      await expectFailure(work, ["copy", "oci-archive://app.tar", uri], expected);
      await expectFailure(work, ["info", uri], expected);
    },
  );
});

describe("?username= and ?password=", () => {
  const basic = (user: string, password: string) =>
    `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;

  it("log in, as a source and as a destination, whatever the flags say", async () => {
    login = basic("me", "p@ss");
    const options = "?username=me&password=p%40ss";
    await work.sealift(["info", `registry://${guarded.host}/app:v1${options}`]);
    await work.sealift([
      "process",
      `registry://${guarded.host}/app:v1${options}`,
      "oci-archive://fetched.tar",
    ]);
    const flags = ["--username", "me", "--password", "other"];
    const target = `registry://${guarded.host}/logged:v1${options}`;
    await work.sealift(["copy", "oci-archive://fetched.tar", target, ...flags]);
    expect(seen).not.toContain(basic("me", "other"));
  });

  it("that are wrong are refused and not shown", async () => {
    login = basic("me", "right");
    const args = ["info", `registry://${guarded.host}/app:v1?username=me&password=wr0ng`];
    const said = await expectFailure(work, args, { code: "UNAUTHORIZED", exit: 5 });
    expect(said).not.toContain("wr0ng");
  });

  it("are two: a password alone is refused, and not shown", async () => {
    const args = ["copy", "oci-archive://app.tar", `registry://${guarded.host}/app:v1?password=secret`];
    const said = await expectFailure(work, args, { code: "URI_INVALID", exit: 2, says: "no username" });
    expect(said).not.toContain("secret");
  });
});

describe("--temp-dir", () => {
  /** What lay in the folder while the command ran. */
  async function usedBy(args: readonly string[], env: Record<string, string> = {}): Promise<string[]> {
    mkdirSync(work.at("temporary"), { recursive: true });
    const names: string[] = [];
    const watcher = watch(work.at("temporary"), (_, name) => names.push(String(name)));
    try {
      await work.sealift(args, { env: { TMPDIR: "/nowhere", ...env } });
    } finally {
      watcher.close();
    }
    expect(readdirSync(work.at("temporary"))).toEqual([]);
    return names;
  }
  const spooling = ["process", "oci-archive://app.tar", "tar://spooled.tar", "-f", "squash"];

  it("is where temporary files lie, and nothing is left there", async () => {
    expect(await usedBy([...spooling, "--temp-dir", "temporary"])).not.toEqual([]);
  });

  it.each(["SEALIFT_TEMP_DIR", "OCCYSTRAP_TEMP_DIR"])("may be given by %s", async (name) => {
    expect(await usedBy(spooling, { [name]: work.at("temporary") })).not.toEqual([]);
  });

  it("that is not there is an error that names it", async () => {
    const args = [...spooling, "--temp-dir", "missing/folder"];
    await expectFailure(work, args, { code: "NOT_FOUND", exit: 5, says: "missing/folder" });
  });
});

describe("--layer-cache", () => {
  const said = async (destination: string, flags: string[], env: Record<string, string> = {}) => {
    const args = ["process", "oci-archive://app.tar", destination, "-f", "normalize-timestamps", ...flags];
    const { code, stderr } = await work.run(args, { env });
    expect(code).toBe(0);
    return stderr;
  };
  const flags = ["--layer-cache", "cache"];

  it.each(["tar://cached.tar", "dir://cached-dir", "oci://cached-bundle"])(
    "is said to be of no use to %s",
    async (destination) => {
      const says = `warning: --layer-cache is of no use to ${destination.split("://")[0]}://, which takes`;
      expect(await said(destination, flags)).toContain(says);
      // Who has it in the environment means all runs.
      expect(await said(destination, [], { SEALIFT_LAYER_CACHE: work.at("cache") })).not.toContain("--layer");
    },
  );

  it("is said to be filled only by what is written whole, and nothing is said where it helps", async () => {
    for (const destination of ["oci-archive://cached.oci.tar", "bundle://cached.bundle"])
      expect(await said(destination, flags)).toContain("--layer-cache is filled only");
    expect(readdirSync(work.at("cache"))).not.toEqual([]);
    for (const destination of ["oci-layout://cached-layout", `registry://${registry.host}/cached:v1`])
      expect(await said(destination, flags)).not.toContain("--layer-cache");
  });
});

describe("layers compressed by what", () => {
  const zstd = { name: "zstd", compress: zstdCompressSync } as const;

  it("a docker archive's first bytes say: zstd too", async () => {
    const packed = smallLayout({ compression: zstd });
    writeFileSync(work.at("zstd.tar"), modernSave(packed, "app:1").archive);
    await work.sealift(["process", "tar://zstd.tar", "tar://plain.tar"]);
    expect(checkedDockerSave(unpack(work.at("plain.tar"), work.at("plain"))).layers).toEqual(packed.diffIds);
    // As older dockers have them: by names that tell nothing, and without an OCI layout beside.
    const files = new Map<string, Uint8Array>();
    const blob = ({ digest }: { digest: string }) =>
      packed.files.get(`blobs/sha256/${digest.slice(7)}`) as Uint8Array;
    const Layers = packed.layers.map((layer, at) => {
      files.set(`${at}/layer.tar`, blob(layer));
      return `${at}/layer.tar`;
    });
    files.set("config.json", blob(packed.config));
    files.set("manifest.json", json([{ Config: "config.json", RepoTags: ["app:1"], Layers }]));
    writeFileSync(work.at("old-zstd.tar"), archiveOf(files));
    await work.sealift(["process", "tar://old-zstd.tar", "oci-layout://kept"]);
    const kept = checkedLayout(work.at("kept"));
    expect(kept.layers).toEqual(packed.layers.map(({ digest }) => digest));
    const { manifests } = JSON.parse(readFileSync(work.at("kept/index.json"), "utf8"));
    expect(existsSync(work.at("kept/blobs/sha256", manifests[0].digest.slice(7)))).toBe(true);
  });

  it.each(["gzip", "zstd"])("a media type does not say, their first bytes do: %s", async (name) => {
    const packed = name === "zstd" ? smallLayout({ compression: zstd }) : smallLayout();
    const files = withManifest(packed, (text) =>
      text.replaceAll(/application.vnd.oci.image.layer.v1.tar.(gzip|zstd)/g, "application/x-layer"),
    );
    writeFileSync(work.at(`odd-${name}.tar`), archiveOf(files));
    await work.sealift(["process", `oci-archive://odd-${name}.tar`, `tar://odd-${name}-out.tar`]);
    const out = unpack(work.at(`odd-${name}-out.tar`), work.at(`odd-${name}`));
    expect(checkedDockerSave(out).layers).toEqual(packed.diffIds);
  });
});
