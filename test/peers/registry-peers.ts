/** A registry of ours and the programs people have: what they push is what they and others pull. */
import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MANIFEST_TYPES } from "../../src/oci/media-type.ts";
import { describeWith, type Service, temporaryFolder } from "./peer.ts";
import { podmanIn, skopeoIn, startContainerd } from "./programs.ts";
import { makeSampleImage, type SampleImage } from "./sample-image.ts";

/** A running registry. */
export interface Running {
  /** `http://host:port` */
  readonly url: string;
  close(): Promise<void>;
}

/** Starts a new registry, which may keep what it needs in the folder. */
export type StartRegistry = (folder: string) => Promise<Running>;

/** What skopeo, podman and containerd must be able to do with it. */
export function registryPeers(name: string, start: StartRegistry): void {
  describe(name, () => {
    registrySuite(start);
  });
}

function registrySuite(start: StartRegistry): void {
  const folder = temporaryFolder();
  const at = (...names: string[]) => join(folder.path, ...names);
  let mirror: Running;
  let host: string;
  let image: SampleImage;

  beforeAll(async () => {
    mirror = await start(at("store"));
    host = new URL(mirror.url).host;
    // More than the worker collects of a layer before it stores that.
    image = await makeSampleImage(at("layout"), "v1", 20_000_000);
  });
  afterAll(async () => {
    await mirror.close();
    await folder.dispose();
  });

  /** The digest the mirror has for a name. */
  async function digestOf(repository: string, tag: string): Promise<string | null> {
    const headers = { Accept: MANIFEST_TYPES.join(", ") };
    const response = await fetch(`${mirror.url}/v2/${repository}/manifests/${tag}`, {
      method: "HEAD",
      headers,
    });
    return response.headers.get("Docker-Content-Digest");
  }

  const skopeo = (...args: string[]) => skopeoIn(folder.path)(...args);

  /** Every platform of the sample image, pushed by skopeo. */
  async function pushSample(repository: string): Promise<void> {
    const target = `docker://${host}/${repository}:v1`;
    await skopeo("copy", "--all", `oci:${at("layout")}:v1`, target);
  }

  describeWith(["skopeo"], "skopeo", () => {
    test("pushes an image of several platforms and pulls the same bytes", async () => {
      await pushSample("skopeo/deep/app");
      expect(await digestOf("skopeo/deep/app", "v1")).toBe(image.index.digest);

      const source = `docker://${host}/skopeo/deep/app:v1`;
      await skopeo("copy", "--all", source, `oci:${at("pulled")}:v1`);
      const names = await readdir(at("layout", "blobs", "sha256"));
      expect((await readdir(at("pulled", "blobs", "sha256"))).sort()).toEqual(names.sort());
      for (const name of names) {
        const [pushed, pulled] = await Promise.all(
          ["layout", "pulled"].map((layout) => readFile(at(layout, "blobs", "sha256", name))),
        );
        expect(pulled?.equals(pushed as Buffer)).toBe(true);
      }
    });

    test("copies to a folder with the manifest unchanged", async () => {
      await pushSample("skopeo/dir");
      await skopeo("copy", "--all", `docker://${host}/skopeo/dir:v1`, `dir:${at("dir")}`);
      const manifest = await readFile(at("dir", "manifest.json"));
      expect(manifest).toEqual(await readFile(at("layout", "blobs", "sha256", image.index.digest.slice(7))));
    });

    test("copies an archive in and out", async () => {
      await skopeo("copy", "--all", `oci:${at("layout")}:v1`, `oci-archive:${at("in.tar")}:v1`);
      const name = `docker://${host}/skopeo/archive:v1`;
      await skopeo("copy", "--all", `oci-archive:${at("in.tar")}:v1`, name);
      expect(await digestOf("skopeo/archive", "v1")).toBe(image.index.digest);
      await skopeo("copy", "--all", name, `oci-archive:${at("out.tar")}:v1`);
    });

    test("inspects an image and lists its tags", async () => {
      await pushSample("skopeo/inspected");
      const name = `docker://${host}/skopeo/inspected`;
      const inspected = JSON.parse((await skopeo("inspect", `${name}:v1`)).stdout);
      expect(inspected).toMatchObject({ Digest: image.index.digest, RepoTags: ["v1"], Os: "linux" });
      expect(inspected.Layers).toHaveLength(3);
      const raw = await skopeo("inspect", "--raw", `${name}:v1`);
      expect(JSON.parse(raw.stdout).manifests).toHaveLength(2);
      const tags = JSON.parse((await skopeo("list-tags", name)).stdout);
      expect(tags.Tags).toEqual(["v1"]);
    });

    test("deletes an image", async () => {
      await pushSample("skopeo/deleted");
      await skopeo("delete", `docker://${host}/skopeo/deleted:v1`);
      expect(await digestOf("skopeo/deleted", "v1")).toBeNull();
    });
  });

  describeWith(["podman", "skopeo"], "podman", () => {
    const podman = (...args: string[]) => podmanIn(at("podman"))(...args);
    const pull = (name: string) =>
      podman("pull", "--quiet", "--tls-verify=false", "--arch=amd64", `${host}/${name}`);
    const digestHere = async (name: string) =>
      (await podman("image", "inspect", "--format", "{{.Digest}}", `${host}/${name}`)).stdout.trim();

    test("pulls what skopeo pushed, with its digest", async () => {
      await pushSample("podman/app");
      await pull("podman/app:v1");
      expect([image.index.digest, image.manifests.amd64.digest]).toContain(await digestHere("podman/app:v1"));
    });

    test("pushes an image and pulls it back under the same digest", async () => {
      await pushSample("podman/app");
      await pull("podman/app:v1");
      const target = `${host}/podman/pushed:v2`;
      const file = at("podman-digest");
      await podman("push", "--tls-verify=false", `--digestfile=${file}`, `${host}/podman/app:v1`, target);
      const digest = (await readFile(file, "utf8")).trim();
      expect(await digestOf("podman/pushed", "v2")).toBe(digest);

      await podman("rmi", "--force", "--all");
      await pull(`podman/pushed@${digest}`);
      expect(await digestHere(`podman/pushed@${digest}`)).toBe(digest);
    });
  });

  describeWith(["containerd", "ctr", "skopeo"], "containerd", () => {
    // A socket's path may not be long, so not below the test's folder.
    const containerds = temporaryFolder("ctr-");
    let service: Service;
    let ctr: Awaited<ReturnType<typeof startContainerd>>["ctr"];

    beforeAll(async () => {
      await mkdir(at("certs.d", host), { recursive: true });
      await writeFile(
        at("certs.d", host, "hosts.toml"),
        `server = "${mirror.url}"\n[host."${mirror.url}"]\n  capabilities = ["pull", "resolve", "push"]\n`,
      );
      ({ service, ctr } = await startContainerd(containerds.path));
    });
    afterAll(async () => {
      await service?.stop();
      await containerds.dispose();
    });

    const hosts = () => ["--hosts-dir", at("certs.d")];
    const pull = (name: string) =>
      ctr("images", "pull", "--snapshotter", "native", "--all-platforms", ...hosts(), `${host}/${name}`);
    const digestHere = async (name: string) => {
      const line = (await ctr("images", "ls", `name==${host}/${name}`)).stdout.split("\n")[1] ?? "";
      return /sha256:[0-9a-f]{64}/.exec(line)?.[0];
    };

    test("pulls what skopeo pushed, with its digest", async () => {
      await pushSample("containerd/app");
      await pull("containerd/app:v1");
      expect(await digestHere("containerd/app:v1")).toBe(image.index.digest);
    });

    test("pushes an image of several platforms unchanged, and pulls it back", async () => {
      await pushSample("containerd/app");
      await pull("containerd/app:v1");
      const name = `containerd/${randomUUID()}:v2`;
      await ctr("images", "push", ...hosts(), `${host}/${name}`, `${host}/containerd/app:v1`);
      const [repository = "", tag = ""] = name.split(":");
      expect(await digestOf(repository, tag)).toBe(image.index.digest);
      await pull(name);
      expect(await digestHere(name)).toBe(image.index.digest);
    });
  });
}
