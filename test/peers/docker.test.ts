/** Images between real daemons, other programs and us: their ID is the same wherever they come back from. */
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ServedRegistry, startRegistry, Workspace } from "../host/cli/cli.ts";
import {
  archiveOf,
  checkedDockerSave,
  checkedLayout,
  dockerArchive,
  layoutOf,
  unpack,
} from "../host/cli/images.ts";
import { archive, rawMember } from "../unit/tar/raw.ts";
import { describeService, describeWith, run, temporaryFolder } from "./peer.ts";
import {
  type DockerService,
  podmanIn,
  type RegistryService,
  startDockerd,
  startDockerRegistry,
  startPodmanService,
} from "./programs.ts";
import { richLayer, whiteouts } from "./rich-layer.ts";

const podmans = temporaryFolder("pd-");
const dockers = temporaryFolder("dk-");
let work: Workspace;
let registry: ServedRegistry;
/** A layer that comes twice: daemons save the second as a link, or not at all. */
const layout = layoutOf([richLayer(), whiteouts(), richLayer()]);
const ID = layout.config.digest;

beforeAll(async () => {
  work = new Workspace();
  registry = await startRegistry(work);
  writeFileSync(work.at("rich.oci.tar"), archiveOf(layout.files));
});
afterAll(async () => {
  await registry.stop();
  await work.dispose();
  // After their daemons have stopped: they mount what is in them.
  for (const folder of [podmans, dockers]) await folder.dispose();
});

const at = (scheme: string, name: string, { socket }: DockerService) =>
  `${scheme}://${name}?socket=${socket}`;

/** The image's ID in a daemon; undefined where it has none of the name. */
async function idOf(name: string, daemon: DockerService): Promise<string | undefined> {
  const { status, value } = await daemon.get(`/images/${name}/json`);
  return status === 200 ? value.Id : undefined;
}

/** Every name that a daemon has for the image. */
async function namesIn(daemon: DockerService): Promise<readonly string[]> {
  const { value } = await daemon.get("/images/json");
  return value.flatMap(({ RepoTags }: { RepoTags: readonly string[] | null }) => RepoTags ?? []);
}

function daemonSuite(daemon: () => DockerService): void {
  const docker = (name: string) => at("docker", name, daemon());

  beforeAll(async () => {
    await work.sealift(["process", "oci-archive://rich.oci.tar", docker("team/rich:1")]);
  });

  test("loads an image under its ID, and gives it back with its layers", async () => {
    expect(await idOf("docker.io/team/rich:1", daemon())).toBe(ID);
    await work.sealift(["process", docker("team/rich:1"), "tar://back.tar"]);
    expect(checkedDockerSave(unpack(work.at("back.tar"), work.at("back")))).toMatchObject({
      config: ID,
      layers: layout.diffIds,
    });
  });

  test("has the image under another name, whose host has a port, and gives it back by its ID", async () => {
    await work.sealift(["process", docker("team/rich:1"), docker("localhost:5000/again")]);
    expect(await idOf("localhost:5000/again:latest", daemon())).toBe(ID);
    await work.sealift(["process", docker("localhost:5000/again"), "oci-layout://by-name"]);
    await work.sealift(["process", docker(ID), "oci-layout://by-id"]);
    const [byName, byId] = ["by-name", "by-id"].map((name) => checkedLayout(work.at(name)));
    expect(byName).toMatchObject({ config: ID });
    expect(byId?.manifest).toBe(byName?.manifest);
  });

  test("pushes the image to us, whole, and keeps no name of ours", async () => {
    const before = (await namesIn(daemon())).toSorted();
    await work.sealift(["process", at("dockerpush", "team/rich:1", daemon()), "oci-layout://pushed"]);
    expect(checkedLayout(work.at("pushed"))).toMatchObject({ config: ID });
    expect((await namesIn(daemon())).toSorted()).toEqual(before);
    expect(work.temporaryFiles()).toEqual([]);
  });

  test("pushes the same again where the layer cache knows it, also when it is read after all", async () => {
    const noise = archive(rawMember({ name: "noise" }, randomBytes(1 << 20)));
    writeFileSync(work.at("noise.tar"), dockerArchive([noise], "team/noise:1"));
    await work.sealift(["process", "tar://noise.tar", docker("team/noise:1")]);
    const cached = async (destination: string) => {
      const source = at("dockerpush", "team/noise:1", daemon());
      const args = [
        "process",
        source,
        destination,
        "--layer-cache",
        "layers",
        "--log-format",
        "json",
        "--json",
      ];
      const { code, stdout, stderr } = await work.run(args);
      expect({ code, stderr }).toMatchObject({ code: 0 });
      return { manifest: JSON.parse(stdout).manifest.digest, said: stderr };
    };
    const first = await cached(`registry://${registry.host}/noise:1`);
    const second = await cached(`registry://${registry.host}/noise:1`);
    expect(second.manifest).toBe(first.manifest);
    // Podman says nothing while it pushes.
    expect(second.said).not.toMatch(/"stage":"pushing","done":[1-9]/);
    const third = await cached("oci-layout://noise");
    expect(third.manifest).toBe(first.manifest);
    expect(checkedLayout(work.at("noise")).manifest).toBe(first.manifest);
  });

  test("says what an image is without sending it", async () => {
    const info = await work.json(["info", docker("team/rich:1")]);
    const { architecture, os } = info;
    expect({ os, architecture }).toEqual({ os: "linux", architecture: "amd64" });
    expect(info.diff_ids).toEqual(layout.diffIds);
    expect(info.env).toContain("PATH=/bin");
  });

  test("takes what a filter changed under the new image's ID", async () => {
    const filter = ["-f", "normalize-timestamps:ts=1000000000"];
    await work.sealift(["process", docker("team/rich:1"), docker("team/plain:1"), ...filter]);
    await work.sealift(["process", "oci-archive://rich.oci.tar", "oci-layout://plain", ...filter]);
    expect(await idOf("docker.io/team/plain:1", daemon())).toBe(checkedLayout(work.at("plain")).config);
  });

  test("has no image of an archive that broke off", async () => {
    const damaged = Buffer.from(archiveOf(layout.files));
    const [layer] = layout.layers;
    const start = damaged.indexOf(`blobs/sha256/${layer?.digest.slice(7)}`) + 512;
    damaged.fill(0xff, start + 100, start + 110);
    writeFileSync(work.at("damaged.tar"), damaged);
    const { code } = await work.run(["process", "oci-archive://damaged.tar", docker("team/damaged:1")]);
    expect(code).not.toBe(0);
    expect(await idOf("docker.io/team/damaged:1", daemon())).toBeUndefined();
  });

  test("says what it does not have", async () => {
    const { code, stderr } = await work.run(["process", docker("team/none:1"), "tar://none.tar"]);
    expect(code).toBe(5);
    expect(stderr).toMatch(/^error\[NOT_FOUND\]: Cannot find image team\/none:1: docker at unix:/);
  });
}

await describeService(
  "podman",
  () => startPodmanService(podmans.path),
  "podman's service",
  (podman) => {
    daemonSuite(podman);
  },
);

await describeService(
  "dockerd",
  () => startDockerd(dockers.path),
  "dockerd",
  (dockerd) => {
    const docker = (name: string) => at("docker", name, dockerd());
    daemonSuite(dockerd);

    describeWith(["podman", "docker-registry"], "its image goes on", () => {
      let theirs: RegistryService;
      const podman = (...args: string[]) => podmanIn(work.at("podman"))(...args);

      beforeAll(async () => {
        theirs = await startDockerRegistry(work.at("docker-registry"));
        await work.sealift(["process", docker("team/rich:1"), "tar://docker.tar"]);
        await podman("load", "--input", work.at("docker.tar"));
        await podman("save", "--format=docker-archive", "--output", work.at("podman.tar"), ID.slice(7));
        await work.sealift(["process", "tar://podman.tar", `registry://${theirs.host}/rich:1`]);
      });
      afterAll(() => theirs?.stop());

      test("by an archive to podman, by podman's archive to a registry, and back under its ID", async () => {
        const { stdout } = await podman("image", "inspect", "--format", "{{.Id}}", ID.slice(7));
        expect(`sha256:${stdout.trim()}`).toBe(ID);
        await work.sealift(["process", `registry://${theirs.host}/rich:1`, docker("team/travelled:1")]);
        expect(await idOf("team/travelled:1", dockerd())).toBe(ID);
      });

      describeWith(["crane"], "and crane", () => {
        test("finds it valid in that registry, and what the daemon pushed in ours", async () => {
          const pushed = `${registry.host}/pushed:1`;
          await work.sealift(["process", at("dockerpush", "team/rich:1", dockerd()), `registry://${pushed}`]);
          for (const name of [`${theirs.host}/rich:1`, pushed]) {
            const { stderr, stdout } = await run("crane", ["validate", "--insecure", "--remote", name]);
            expect(stdout + stderr).toContain("PASS");
          }
        });
      });
    });
  },
);
