/** `sealift process` between the programs people have: what they wrote it reads, what it writes they read. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ServedRegistry, startRegistry, Workspace } from "../host/cli/cli.ts";
import {
  archiveOf,
  type CheckedImage,
  checkedDockerSave,
  checkedLayout,
  fileDigest,
  layoutOf,
  smallLayout,
  unpack,
} from "../host/cli/images.ts";
import { describeWith, run } from "./peer.ts";
import { buildahIn, podmanIn, type RegistryService, skopeoIn, startDockerRegistry } from "./programs.ts";
import { plainLayer, richLayer, whiteouts } from "./rich-layer.ts";
import { treeSnapshot } from "./tree-snapshot.ts";

let work: Workspace;
let registry: ServedRegistry;
const layout = layoutOf([richLayer(), whiteouts()]);
const skopeo = (...args: string[]) => skopeoIn(work.path)(...args);
const NORMAL = ["-f", "normalize-timestamps:ts=1000000000"];

beforeAll(async () => {
  work = new Workspace();
  registry = await startRegistry(work);
  writeFileSync(work.at("rich.oci.tar"), archiveOf(layout.files));
  await work.sealift(["process", "oci-archive://rich.oci.tar", `registry://${registry.host}/rich:v1`]);
  await work.sealift(["process", `registry://${registry.host}/rich:v1`, "tar://out.tar", ...NORMAL]);
});
afterAll(async () => {
  await registry.stop();
  await work.dispose();
});

const inspected = async (name: string) => JSON.parse((await skopeo("inspect", name)).stdout);
const out = (): CheckedImage => checkedDockerSave(unpack(work.at("out.tar"), work.at("out")));

describe("an archive under a compression that is not read here", () => {
  for (const program of ["xz", "bzip2", "lz4", "lzip", "compress"]) {
    describeWith([program], program, () => {
      test("is called by its name, in place and from standard input", async () => {
        const file = work.at(`${program}.packed`);
        await run("sh", ["-c", `${program} -c < ${work.at("rich.oci.tar")} > ${file}`]);
        const says = `it is compressed with ${program}, which is not read here\nhint: \``;
        const read = (source: string, input?: Uint8Array) =>
          work.run(["process", source, "tar://never.tar"], input ? { input } : {});
        for (const scheme of ["tar", "oci-archive", "bundle"]) {
          expect((await read(`${scheme}://${file}`)).stderr).toContain(says);
        }
        expect((await read("tar://-", readFileSync(file))).stderr).toContain(says);
        expect((await work.run(["bundle", "verify", file])).stdout).toContain(says.split("\n")[0]);
      });
    });
  }
});

describeWith(["skopeo"], "skopeo", () => {
  test("inspects and copies from our mirror what process put there", async () => {
    const source = `docker://${registry.host}/rich:v1`;
    expect(await inspected(source)).toMatchObject({
      Digest: layout.image.digest,
      Layers: layout.layers.map(({ digest }) => digest),
      Architecture: "amd64",
    });
    await skopeo("copy", source, `oci:${work.at("skopeo-copied")}:v1`);
    expect(checkedLayout(work.at("skopeo-copied")).manifest).toBe(layout.image.digest);
  });

  test("reads what process wrote, in every form", async () => {
    const form = async (sink: string, name: string) => {
      await work.sealift(["process", "oci-archive://rich.oci.tar", sink, ...NORMAL]);
      return (await inspected(name)).Layers;
    };
    const oci = await form("oci-archive://read.oci.tar", `oci-archive:${work.at("read.oci.tar")}`);
    expect(await form("oci-layout://read-layout#x", `oci:${work.at("read-layout")}:x`)).toEqual(oci);
    expect(await form(`registry://${registry.host}/read:v1`, `docker://${registry.host}/read:v1`)).toEqual(
      oci,
    );
    const saved = await form("tar://read.tar", `docker-archive:${work.at("read.tar")}`);
    expect(saved).toEqual(out().layers);
  });

  test("writes a docker archive that process reads, with the same config and layers", async () => {
    await skopeo(
      "copy",
      `docker://${registry.host}/rich:v1`,
      `docker-archive:${work.at("skopeo.tar")}:rich:v1`,
    );
    const saved = checkedDockerSave(unpack(work.at("skopeo.tar"), work.at("skopeo-saved")));
    await work.sealift(["process", "tar://skopeo.tar", "oci-layout://from-skopeo"]);
    const read = checkedLayout(work.at("from-skopeo"));
    expect(read.config).toBe(saved.config);
    expect(read.tars.map((tar) => tar.length)).toEqual(saved.tars.map((tar) => tar.length));
    await work.sealift(["process", "tar://skopeo.tar", "tar://again.tar", ...NORMAL]);
    await work.sealift(["process", "tar://skopeo.tar#rich:v1", "tar://once-more.tar", ...NORMAL]);
    expect(fileDigest(work.at("again.tar"))).toBe(fileDigest(work.at("once-more.tar")));
  });
});

describeWith(["podman"], "podman", () => {
  const podman = (...args: string[]) => podmanIn(work.at("podman"))(...args);

  test("loads the archive, and calls the image by its config's digest", async () => {
    const { stdout } = await podman("load", "--input", work.at("out.tar"));
    const name = stdout.trim().split(" ").pop() as string;
    const [{ Id, RootFS, RepoTags }] = JSON.parse((await podman("image", "inspect", name)).stdout);
    const image = out();
    expect(`sha256:${Id}`).toBe(image.config);
    expect(RootFS.Layers).toEqual(image.layers);
    expect(RepoTags).toEqual([`${registry.host}/rich:v1`]);
  });

  test("loads an OCI archive, and an archive in a folder's form", async () => {
    writeFileSync(work.at("small.tar"), archiveOf(smallLayout().files));
    await work.sealift([
      "process",
      "oci-archive://small.tar",
      "oci-archive://small.oci.tar#localhost/small:1",
    ]);
    await podman("load", "--input", work.at("small.oci.tar"));
    const { stdout } = await podman("image", "inspect", "--format", "{{.Id}}", "localhost/small:1");
    expect(`sha256:${stdout.trim()}`).toBe(smallLayout().config.digest);
  });

  test("saves archives that process reads, with the same config", async () => {
    await podman("load", "--input", work.at("out.tar"));
    const name = `${registry.host}/rich:v1`;
    await podman("save", "--format=docker-archive", "--output", work.at("podman.tar"), name);
    await work.sealift(["process", "tar://podman.tar", "oci-layout://podman-docker"]);
    expect(checkedLayout(work.at("podman-docker")).config).toBe(out().config);
    expect(checkedLayout(work.at("podman-docker")).tars).toEqual(out().tars);
    // Into an OCI archive podman writes a config of its own, in OCI's form.
    await podman("save", "--format=oci-archive", "--output", work.at("podman.oci.tar"), name);
    const theirs = checkedLayout(unpack(work.at("podman.oci.tar"), work.at("podman.oci")));
    await work.sealift(["process", "oci-archive://podman.oci.tar", "oci-layout://podman-oci"]);
    expect(checkedLayout(work.at("podman-oci"))).toEqual(theirs);
    expect(theirs.tars).toEqual(out().tars);
  });
});

const isRoot = process.getuid?.() === 0;
const unpackers = isRoot
  ? ["umoci", "skopeo", "docker-registry", "getfattr"]
  : ["root's rights, which unpacking takes"];

describeWith(unpackers, "umoci", () => {
  let dockerRegistry: RegistryService;

  beforeAll(async () => {
    dockerRegistry = await startDockerRegistry(work.at("docker-registry"));
  });
  afterAll(() => dockerRegistry?.stop());

  /** The root file system as GNU tar makes it from the layer, whiteouts applied by hand. */
  async function expectedTree(): Promise<string> {
    mkdirSync(work.at("expected"), { recursive: true });
    writeFileSync(work.at("layer.tar"), richLayer());
    const rights = ["--numeric-owner", "--xattrs", "--xattrs-include=*", "-p"];
    await run("tar", ["-C", work.at("expected"), ...rights, "-xf", work.at("layer.tar")]);
    await run("rm", [work.at("expected/bin/link")]);
    writeFileSync(work.at("expected/tmp/new"), "new");
    return work.at("expected");
  }

  test("unpacks the image pushed on to docker-registry: every file, mode, owner, link and attribute", async () => {
    const target = `registry://${dockerRegistry.host}/rich:normal`;
    const pushed = await work.json(["process", `registry://${registry.host}/rich:v1`, target, ...NORMAL]);
    const source = `docker://${dockerRegistry.host}/rich:normal`;
    expect((await inspected(source)).Digest).toBe(pushed.manifest.digest);
    await skopeo("copy", source, `oci:${work.at("for-umoci")}:v1`);
    await run("umoci", ["unpack", "--image", `${work.at("for-umoci")}:v1`, work.at("unpacked")]);
    const rootfs = work.at("unpacked/rootfs");
    const { stdout } = await run("find", [rootfs, "-mindepth", "1", "-printf", "%T@ %y %P\\n"]);
    const others = stdout
      .trim()
      .split("\n")
      .filter((line) => !line.startsWith("1000000000.0000000000 "));
    // Folders that no member of the layer names are made by whoever unpacks it, now.
    const implied = / d (folder-of-a-prefix|long-folder-name|größe)(\/\1)*$/;
    expect(others.filter((line) => !implied.test(line))).toEqual([]);
    const theirs = await treeSnapshot(rootfs, { times: false });
    expect(theirs).toEqual(await treeSnapshot(await expectedTree(), { times: false }));
    expect(theirs.some((line) => line.includes("security.capability"))).toBe(true);
  });

  test("writes layouts that process reads, with the manifest unchanged", async () => {
    const umoci = (...args: string[]) => run("umoci", args, { cwd: work.path });
    await umoci("init", "--layout", "umoci");
    await umoci("new", "--image", "umoci:made");
    writeFileSync(work.at("layer.tar"), richLayer());
    await umoci("raw", "add-layer", "--image", "umoci:made", "layer.tar");
    await umoci("config", "--image", "umoci:made", "--config.cmd", "/bin/tool", "--author", "Größe");
    const { manifests } = JSON.parse(readFileSync(work.at("umoci/index.json"), "utf8"));
    const digest = manifests.find(({ annotations }: { annotations: object }) =>
      Object.values(annotations).includes("made"),
    ).digest;
    const read = await work.json(["process", "oci-layout://umoci#made", "oci-archive://from-umoci.tar"]);
    expect(read.manifest.digest).toBe(digest);
    const { tars } = checkedLayout(unpack(work.at("from-umoci.tar"), work.at("from-umoci")));
    expect(tars.map((tar) => tar.equals(richLayer()))).toEqual([true]);
  });

  test("reads the layout's folder that process wrote, and one that both wrote", async () => {
    await work.sealift(["process", "oci-archive://rich.oci.tar", "oci-layout://both#ours"]);
    await run("umoci", ["tag", "--image", "both:ours", "theirs"], { cwd: work.path });
    await work.sealift(["process", "oci-archive://rich.oci.tar", "oci-layout://both#normal", ...NORMAL]);
    const { stdout } = await run("umoci", ["ls", "--layout", "both"], { cwd: work.path });
    expect(stdout.trim().split("\n").sort()).toEqual(["normal", "ours", "theirs"]);
    expect(checkedLayout(work.at("both"), "theirs").manifest).toBe(layout.image.digest);
  });
});

describeWith(["buildah"], "buildah", () => {
  test("commits an image whose layouts process reads with the digests unchanged", async () => {
    const buildah = buildahIn(work.at("buildah"));
    const container = (await buildah("from", "scratch")).stdout.trim();
    writeFileSync(work.at("hello"), "hello\n");
    await buildah("copy", container, work.at("hello"), "/hello");
    await buildah("config", "--cmd", "/hello", "--label", "a=b", container);
    await buildah("commit", container, "built:1");
    for (const [transport, source] of [
      ["oci", "oci-layout"],
      ["oci-archive", "oci-archive"],
      ["docker-archive", "tar"],
    ]) {
      const name = `buildah-${transport}`;
      await buildah("push", "built:1", `${transport}:${work.at(name)}:built:1`);
      await work.sealift(["process", `${source}://${name}`, `oci-layout://from-${name}`]);
      const { config } = checkedLayout(work.at(`from-${name}`));
      const { stdout } = await buildah(
        "inspect",
        "--type",
        "image",
        "--format",
        "{{.FromImageID}}",
        "built:1",
      );
      expect(config).toBe(`sha256:${stdout.trim()}`);
    }
  });
});

describeWith(["tar"], "GNU tar", () => {
  const listing = async (file: string) => {
    const options = ["--numeric-owner", "--full-time", "--xattrs", "--xattrs-include=*", "-tvvf"];
    const { stdout } = await run("tar", [...options, file], { env: { TZ: "UTC", LC_ALL: "C.UTF-8" } });
    // It widens columns as it goes, by what it has seen.
    return stdout.replaceAll(/ +/g, " ");
  };

  test.each([
    ["ustar", plainLayer],
    ["oldgnu", plainLayer],
    ["gnu", richLayer],
    ["posix", richLayer],
  ])("lists the same members after as before: %s", async (format, layer) => {
    mkdirSync(work.at(`tree-${format}`));
    writeFileSync(work.at("tree.tar"), layer());
    const attributes = format === "posix" ? ["--xattrs", "--xattrs-include=*"] : [];
    await run("tar", [
      "-C",
      work.at(`tree-${format}`),
      "--numeric-owner",
      ...attributes,
      "-xpf",
      work.at("tree.tar"),
    ]);
    const made = work.at(`made-${format}.tar`);
    const create = ["-C", work.at(`tree-${format}`), `--format=${format}`, "--sort=name", "--numeric-owner"];
    await run("tar", [...create, ...attributes, "-cf", made, "."]);
    writeFileSync(work.at("made.oci.tar"), archiveOf(layoutOf([readFileSync(made)]).files));
    await work.sealift(["process", "oci-archive://made.oci.tar", `oci-layout://after-${format}`, ...NORMAL]);
    const [after] = checkedLayout(work.at(`after-${format}`)).tars as [Buffer];
    writeFileSync(work.at("after.tar"), after);
    const expected = (await listing(made)).replaceAll(
      / \d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? /g,
      " 2001-09-09 01:46:40 ",
    );
    expect(await listing(work.at("after.tar"))).toBe(expected);
    expect(expected.split("\n").length).toBeGreaterThan(8);
  });
});

describe("two runs", () => {
  test("give the same bytes, whatever the source was", async () => {
    const sources = [`registry://${registry.host}/rich:v1`, "oci-archive://rich.oci.tar#v1"];
    const digests = [];
    for (const [index, source] of [...sources, ...sources].entries()) {
      await work.sealift(["process", source, `oci-archive://run-${index}.tar#same`, ...NORMAL]);
      digests.push(fileDigest(work.at(`run-${index}.tar`)));
    }
    expect(new Set(digests).size).toBe(1);
    expect(readdirSync(work.path).filter((name) => name.endsWith(".part"))).toEqual([]);
  });
});
