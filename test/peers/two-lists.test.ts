/** index.json and manifest.json in one archive: what others write agrees, and what they load where it does not. */
import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Workspace } from "../host/cli/cli.ts";
import { archiveOf, checkedDockerSave, type Layout, layoutOf, unpack } from "../host/cli/images.ts";
import { archive, rawMember } from "../unit/tar/raw.ts";
import { describeWith, type Service, temporaryFolder } from "./peer.ts";
import { buildahIn, podmanIn, skopeoIn, startContainerd } from "./programs.ts";

let work: Workspace;
const NAME = "docker.io/team/x:1";
const image = (name: string) =>
  layoutOf([archive(rawMember({ name: "base" }, "base")), archive(rawMember({ name }, name))], { ref: NAME });
const [one, two] = [image("one"), image("two")];

beforeAll(() => {
  work = new Workspace();
  writeFileSync(work.at("one.oci.tar"), archiveOf(one.files));
  writeFileSync(work.at("both.tar"), bothLists());
});
afterAll(() => work.dispose());

/** `one` by index.json, `two` by manifest.json. */
function bothLists(): Uint8Array {
  const { config, layers }: Layout = two;
  const path = (digest: string) => `blobs/${digest.replace(":", "/")}`;
  const entry = {
    Config: path(config.digest),
    RepoTags: ["team/x:1"],
    Layers: layers.map(({ digest }) => path(digest)),
  };
  const list = Buffer.from(JSON.stringify([entry]));
  return archiveOf(new Map([...two.files, ...one.files, ["manifest.json", list]]));
}

/** Intact, and nothing to be warned of. */
async function expectSound(file: string): Promise<void> {
  expect(await work.run(["bundle", "verify", file])).toMatchObject({ code: 0 });
  expect(await work.json(["check", `tar://${file}`])).toMatchObject({ errors: 0, warnings: 0 });
}

describeWith(["skopeo"], "skopeo", () => {
  const skopeo = (...args: string[]) => skopeoIn(work.path)(...args);

  test.each(["docker-archive", "oci-archive"])("writes a %s that is sound", async (format) => {
    await skopeo("copy", `oci-archive:one.oci.tar:${NAME}`, `${format}:skopeo-${format}.tar:${NAME}`);
    await expectSound(`skopeo-${format}.tar`);
  });

  test("takes the other image of an archive that we do not verify", async () => {
    await skopeo("copy", "docker-archive:both.tar", "docker-archive:taken.tar:team/x:1");
    expect(checkedDockerSave(unpack(work.at("taken.tar"), work.at("taken"))).config).toBe(two.config.digest);
    expect((await work.run(["bundle", "verify", "both.tar"])).code).toBe(3);
    expect((await work.run(["check", "tar://both.tar"])).code).toBe(3);
  });
});

describeWith(["podman", "buildah", "skopeo"], "podman and buildah", () => {
  const podmans = temporaryFolder("pd-");
  const podman = podmanIn(podmans.path);
  const buildah = buildahIn(podmans.path);
  beforeAll(async () => {
    await skopeoIn(work.path)("copy", `oci-archive:one.oci.tar:${NAME}`, `docker-archive:load.tar:${NAME}`);
    await podman("load", "-i", work.at("load.tar"));
  });
  afterAll(() => podmans.dispose());

  test.each(["docker-archive", "oci-archive"])("write a %s that is sound", async (format) => {
    await podman("save", "--format", format, "-o", work.at(`podman-${format}.tar`), NAME);
    await expectSound(`podman-${format}.tar`);
    await buildah("push", NAME, `${format}:${work.at(`buildah-${format}.tar`)}:${NAME}`);
    await expectSound(`buildah-${format}.tar`);
  });
});

describeWith(["containerd", "ctr"], "containerd, whose export docker's image store saves", () => {
  const folder = temporaryFolder("ct-");
  let containerd: { service: Service; ctr(...args: string[]): Promise<unknown> };
  beforeAll(async () => {
    containerd = await startContainerd(folder.path);
  });
  afterAll(async () => {
    await containerd?.service.stop();
    await folder.dispose();
  });

  test("writes both lists of an image, of one platform and of all, and they agree", async () => {
    const several = layoutOf([archive(rawMember({ name: "one" }, "one"))], {
      ref: "docker.io/team/several:1",
      architectures: ["amd64", "arm64"],
    });
    writeFileSync(work.at("several.oci.tar"), archiveOf(several.files));
    for (const [file, name] of [
      ["one", NAME],
      ["several", "docker.io/team/several:1"],
    ] as const) {
      await containerd.ctr("images", "import", "--no-unpack", "--all-platforms", work.at(`${file}.oci.tar`));
      for (const platforms of [[], ["--all-platforms"]]) {
        const saved = `containerd-${file}${platforms.length}.tar`;
        await containerd.ctr("images", "export", ...platforms, work.at(saved), name);
        const { outcome, checks } = await work.json(["bundle", "verify", saved]);
        expect(outcome).toBe("intact");
        expect(checks).toContainEqual({ id: "docker-manifest", object: "manifest.json", outcome: "pass" });
        // Of an index whose other platforms stayed behind, check finds these missing.
        if (file === "one" || platforms.length > 0) await expectSound(saved);
      }
    }
  });
});
