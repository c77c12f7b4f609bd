/** Several images at once, between the programs people have. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ServedRegistry, startRegistry, Workspace } from "../host/cli/cli.ts";
import { archiveOf, layoutOf } from "../host/cli/images.ts";
import { archive, rawMember } from "../unit/tar/raw.ts";
import { describeService, describeWith, temporaryFolder } from "./peer.ts";
import { podmanIn, skopeoIn, startDockerRegistry } from "./programs.ts";

let work: Workspace;
let registry: ServedRegistry;
const base = archive(rawMember({ name: "etc/", type: "5" }), rawMember({ name: "etc/motd" }, "hello\n"));
const images = Object.fromEntries(
  ["api", "web"].map((name) => [name, layoutOf([base, archive(rawMember({ name }, name))])]),
);
const names = Object.keys(images);
const skopeo = (...args: string[]) => skopeoIn(work.path)(...args);

beforeAll(async () => {
  work = new Workspace();
  registry = await startRegistry(work);
  for (const name of names) {
    writeFileSync(work.at(`${name}.tar`), archiveOf(images[name]?.files ?? new Map()));
    await work.sealift(["copy", `oci-archive://${name}.tar`, `registry://${registry.host}/team/${name}:v1`]);
  }
  await work.sealift(["process", `registry://${registry.host}/team/*:v1`, "tar://team.tar"]);
});
afterAll(async () => {
  await registry.stop();
  await work.dispose();
});

describeWith(["skopeo"], "skopeo", () => {
  test("reads each image of a docker archive, and of a layout, under its full name", async () => {
    await work.sealift(["copy", `registry://${registry.host}/team/*:v1`, "oci-layout://team"]);
    for (const name of names) {
      const full = `${registry.host}/team/${name}:v1`;
      const saved = await skopeo("inspect", "--config", `docker-archive:${work.at("team.tar")}:${full}`);
      expect(JSON.parse(saved.stdout).rootfs.diff_ids).toEqual(images[name]?.diffIds);
      const stored = await skopeo("inspect", `oci:${work.at("team")}:${full}`);
      expect(JSON.parse(stored.stdout).Digest).toBe(images[name]?.image.digest);
    }
  });
});

describeWith(["podman"], "podman", () => {
  test("loads all images of one archive, and saves several that we take apart", async () => {
    const podman = podmanIn(work.at("podman"));
    const { stdout } = await podman("load", "-i", work.at("team.tar"));
    for (const name of names) expect(stdout).toContain(`${registry.host}/team/${name}:v1`);
    const tags = names.map((name) => `${registry.host}/team/${name}:v1`);
    await podman("save", "-m", "-o", work.at("podman.tar"), ...tags);
    const { images: put } = await work.json(["process", "tar://podman.tar#*", "oci-layout://from-podman"]);
    expect(put).toHaveLength(2);
  });
});

const storage = temporaryFolder();
afterAll(() => storage.dispose());

await describeService(
  "docker-registry",
  () => startDockerRegistry(storage.path),
  "docker-registry",
  (service) => {
    test("lists its repositories for a pattern, and takes them below a prefix", async () => {
      const { host } = service();
      await work.sealift(["copy", `registry://${registry.host}/team/*:v1`, `registry://${host}/mirror/`]);
      const { images: put } = await work.json([
        "process",
        `registry://${host}/mirror/*:v1`,
        "tar://mirror.tar",
      ]);
      expect(put.map(({ source }: { source: string }) => source)).toEqual(
        names.map((name) => `${host}/mirror/team/${name}:v1`),
      );
      expect(execFileSync("tar", ["-tf", work.at("mirror.tar")], { encoding: "utf8" })).toContain(
        "manifest.json",
      );
    });
  },
);
