/** Bundles and the programs people have: a bundle is an archive to them, and a registry of theirs gives it back whole. */
import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ServedRegistry, startRegistry, Workspace } from "../host/cli/cli.ts";
import { checkedLayout, fileDigest, unpack } from "../host/cli/images.ts";
import { makeBundles, makeShop, type Shop } from "../host/cli/shop.ts";
import { describeWith, run, type Service, temporaryFolder } from "./peer.ts";
import {
  podmanIn,
  type RegistryService,
  skopeoIn,
  startContainerd,
  startDockerRegistry,
} from "./programs.ts";

let work: Workspace;
let registry: ServedRegistry;
let shop: Shop;
const skopeo = (...args: string[]) => skopeoIn(work.path)(...args);

beforeAll(async () => {
  work = new Workspace();
  registry = await startRegistry(work);
  shop = await makeShop(work, registry);
  await makeBundles(work);
  await work.sealift(["bundle", "extract", "signed.bundle", "opened", "--key", "release.pub"]);
});
afterAll(async () => {
  await registry.stop();
  await work.dispose();
});

describeWith(["docker-registry"], "docker-registry, which knows no referrers", () => {
  let theirs: RegistryService;

  beforeAll(async () => {
    theirs = await startDockerRegistry(work.at("docker-registry"));
  });
  afterAll(() => theirs?.stop());

  test.each(["shop", "signed"])("gives back %s.bundle as it was", async (name) => {
    await work.sealift(["bundle", "push", `${name}.bundle`, `${theirs.host}/b/${name}:1`]);
    await work.sealift(["bundle", "pull", `${theirs.host}/b/${name}:1`, "-o", `${name}.pulled`]);
    expect(fileDigest(work.at(`${name}.pulled`))).toBe(fileDigest(work.at(`${name}.bundle`)));
  });

  test("keeps two signatures, listed under the tag that stands in for the referrers", async () => {
    writeFileSync(work.at("twice.bundle"), readFileSync(work.at("signed.bundle")));
    await work.sealift(["bundle", "push", "twice.bundle", `${theirs.host}/b/twice:1`]);
    await work.sealift(["bundle", "sign", "twice.bundle", "--key", "other.key"]);
    const { root } = await work.json(["bundle", "push", "twice.bundle", `${theirs.host}/b/twice:1`]);
    const url = `http://${theirs.host}/v2/b/twice`;
    const tags = await (await fetch(`${url}/tags/list`)).json();
    const headers = { accept: "application/vnd.oci.image.index.v1+json" };
    const fallback = root.digest.replace(":", "-");
    expect(tags.tags.sort()).toEqual(["1", fallback]);
    const list = await (await fetch(`${url}/manifests/${fallback}`, { headers })).json();
    expect(list.manifests).toHaveLength(2);
    await work.sealift(["bundle", "pull", `${theirs.host}/b/twice@${root.digest}`, "-o", "twice.pulled"]);
    expect(fileDigest(work.at("twice.pulled"))).toBe(fileDigest(work.at("twice.bundle")));
    for (const key of ["release", "other"])
      await work.sealift(["bundle", "verify", "twice.pulled", "--key", `${key}.pub`]);
  });

  test("takes a bundle that ours gave back, and gives it back", async () => {
    await work.sealift(["bundle", "push", "signed.bundle", `${registry.host}/b/way:1`]);
    await work.sealift(["bundle", "pull", `${registry.host}/b/way:1`, "-o", "way.bundle"]);
    await work.sealift(["bundle", "push", "way.bundle", `${theirs.host}/b/way:1`]);
    await work.sealift(["bundle", "pull", `${theirs.host}/b/way:1`, "-o", "way.pulled"]);
    expect(fileDigest(work.at("way.pulled"))).toBe(fileDigest(work.at("signed.bundle")));
  });

  test("is a source of images to pack, with the same bundle as from ours", async () => {
    const definition = readFileSync(work.at("shop/shop.sealift.yml"), "utf8");
    const from = `registry://${registry.host}/shop/server`;
    for (const tag of ["amd64", "arm64"])
      await work.sealift([
        "process",
        `${from}:${tag}?arch=${tag}`,
        `registry://${theirs.host}/shop/server:${tag}`,
      ]);
    writeFileSync(work.at("shop/theirs.sealift.yml"), definition.replaceAll(registry.host, theirs.host));
    const ours = await work.json(["bundle", "info", "shop.bundle"]);
    const built = await work.json([
      "bundle",
      "build",
      "-f",
      "shop/theirs.sealift.yml",
      "-o",
      "theirs.bundle",
    ]);
    const digests = (artifacts: { digest: string }[]) => artifacts.map(({ digest }) => digest);
    expect(digests(built.artifacts)).toEqual(digests(ours.artifacts));
  });
});

describeWith(["skopeo"], "skopeo", () => {
  test.each(["shop", "signed"])(
    "copies an image out of %s.bundle, with its manifest unchanged",
    async (name) => {
      const { artifacts } = await work.json(["bundle", "info", `${name}.bundle`]);
      const source = `oci-archive:${work.at(`${name}.bundle`)}:server`;
      await skopeo("copy", source, `oci:${work.at(`copied-${name}`)}:v1`);
      expect(checkedLayout(work.at(`copied-${name}`))).toMatchObject({
        manifest: artifacts[0].digest,
        config: shop.image.config.digest,
      });
    },
  );

  test("reads what was extracted: an archive, and a layout's folder", async () => {
    const { artifacts } = await work.json(["bundle", "info", "shop.bundle"]);
    const digestOf = async (name: string) => JSON.parse((await skopeo("inspect", name)).stdout).Digest;
    expect(await digestOf(`oci-archive:${work.at("opened/images/server.tar")}`)).toBe(artifacts[0].digest);
    const other = JSON.parse(
      (await skopeo("inspect", "--raw", `oci:${work.at("opened/images/other")}`)).stdout,
    );
    expect(other.layers.map(({ digest }: { digest: string }) => digest)).toEqual(
      shop.image.layers.map(({ digest }) => digest),
    );
    const docker = `docker-archive:${work.at("opened/images/server.tar")}`;
    expect(JSON.parse((await skopeo("inspect", "--config", docker)).stdout).config.Cmd).toEqual(["/hello"]);
  });

  test("copies a pushed bundle's image from our registry by its digest", async () => {
    await work.sealift(["bundle", "push", "signed.bundle", `${registry.host}/b/skopeo:1`]);
    const { artifacts } = await work.json(["bundle", "info", "shop.bundle"]);
    const source = `docker://${registry.host}/b/skopeo@${artifacts[0].digest}`;
    await skopeo("copy", source, `oci:${work.at("by-digest")}:v1`);
    expect(checkedLayout(work.at("by-digest")).manifest).toBe(artifacts[0].digest);
  });
});

describeWith(["podman"], "podman", () => {
  const podman = (...args: string[]) => podmanIn(work.at("podman"))(...args);
  const image = () => `${registry.host}/shop/server:amd64`;

  beforeAll(() => {});

  test.each([
    ["a bundle as it is", "shop.bundle"],
    ["a signed bundle as it is", "signed.bundle"],
    ["an archive that was extracted", "opened/images/server.tar"],
  ])("loads %s, under the image's own name and digest", async (_, file) => {
    await podman("load", "--input", work.at(file));
    const [{ Id, RootFS }] = JSON.parse((await podman("image", "inspect", image())).stdout);
    expect(`sha256:${Id}`).toBe(shop.image.config.digest);
    expect(RootFS.Layers).toEqual(shop.image.diffIds);
    await podman("rmi", "--force", "--all");
  });
});

describeWith(["containerd", "ctr"], "containerd", () => {
  const folder = temporaryFolder("ctr-");
  let service: Service;
  let ctr: Awaited<ReturnType<typeof startContainerd>>["ctr"];

  beforeAll(async () => {
    ({ service, ctr } = await startContainerd(folder.path));
  });
  afterAll(async () => {
    await service?.stop();
    await folder.dispose();
  });

  const images = async () => (await ctr("images", "ls")).stdout;

  test("imports an archive that was extracted, under the image's own name", async () => {
    const { artifacts } = await work.json(["bundle", "info", "shop.bundle"]);
    await ctr("images", "import", "--no-unpack", work.at("opened/images/server.tar"));
    expect(await images()).toMatch(new RegExp(`${registry.host}/shop/server:amd64 .*${artifacts[0].digest}`));
  });

  test("imports a bundle as it is", async () => {
    const { artifacts } = await work.json(["bundle", "info", "shop.bundle"]);
    await ctr("images", "import", "--no-unpack", "--all-platforms", work.at("signed.bundle"));
    expect(await images()).toMatch(new RegExp(`${registry.host}/shop/server:amd64 .*${artifacts[0].digest}`));
  });
});

describeWith(["tar"], "GNU tar", () => {
  test("lists and unpacks a bundle, whose files have one owner, one mode and no time", async () => {
    const options = ["--numeric-owner", "--full-time", "-tvf", work.at("signed.bundle")];
    const { stdout, stderr } = await run("tar", options, { env: { TZ: "UTC" } });
    expect(stderr).toBe("");
    for (const line of stdout.trim().split("\n"))
      expect(line).toMatch(
        /^-rw-r--r-- 0\/0 +\d+ 1970-01-01 00:00:00 (oci-layout|index\.json|manifest\.json|blobs\/sha256\/[0-9a-f]{64})$/,
      );
    checkedLayout(unpack(work.at("signed.bundle"), work.at("unpacked")), "server");
  });
});
