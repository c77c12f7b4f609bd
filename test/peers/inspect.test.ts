/** `sealift check` on what other programs make: nothing of it is an error. And what we say of an image is what they say. */
import { writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ServedRegistry, startRegistry, Workspace } from "../host/cli/cli.ts";
import { archiveOf, layoutOf } from "../host/cli/images.ts";
import { describeService, describeWith, run, temporaryFolder } from "./peer.ts";
import { buildahIn, podmanIn, skopeoIn, startDockerd } from "./programs.ts";
import { plainLayer, richLayer, whiteouts } from "./rich-layer.ts";

const dockers = temporaryFolder("dk-");
let work: Workspace;

beforeAll(() => {
  work = new Workspace();
  writeFileSync(work.at("rich.oci.tar"), archiveOf(layoutOf([richLayer(), whiteouts()]).files));
  writeFileSync(work.at("layer.tar"), plainLayer());
});
afterAll(async () => {
  await work.dispose();
  await dockers.dispose();
});

async function expectSound(...sources: readonly string[]): Promise<void> {
  for (const source of sources) {
    const { results } = JSON.parse((await work.run(["check", source, "--json"])).stdout);
    const errors = results.filter(({ severity }: { severity: string }) => severity === "error");
    expect(errors, source).toEqual([]);
    expect(results.some(({ check }: { check: string }) => check === "diff-id")).toBe(true);
  }
}

describeWith(["skopeo"], "skopeo", () => {
  const skopeo = (...args: string[]) => skopeoIn(work.path)(...args);

  test("makes archives and layouts without an error, and says of an image what info says", async () => {
    const from = "oci-archive:rich.oci.tar";
    await skopeo("copy", from, "docker-archive:skopeo.tar:a:1");
    await skopeo("copy", from, "oci:skopeo-layout:a");
    await skopeo("copy", "--dest-decompress", from, "oci:skopeo-plain:a");
    await expectSound("tar://skopeo.tar", "oci-layout://skopeo-layout", "oci-layout://skopeo-plain");
    const theirs = JSON.parse((await skopeo("inspect", from)).stdout);
    const info = await work.json(["info", "oci-archive://rich.oci.tar"]);
    expect([info.manifest_digest, info.architecture, info.env]).toEqual([
      theirs.Digest,
      theirs.Architecture,
      theirs.Env,
    ]);
    expect(info.layers.map(({ digest }: { digest: string }) => digest)).toEqual(theirs.Layers);
  });
});

describeWith(["podman"], "podman", () => {
  test("saves images without an error", async () => {
    const podman = podmanIn(work.at("podman"));
    const { stdout } = await podman("load", "--input", work.at("rich.oci.tar"));
    const name = stdout.trim().split(" ").at(-1) as string;
    await podman("save", "--format=docker-archive", "--output", work.at("podman.tar"), name);
    await podman("save", "--format=oci-archive", "--output", work.at("podman.oci.tar"), name);
    await expectSound("tar://podman.tar", "oci-archive://podman.oci.tar");
  });
});

describeWith(["buildah"], "buildah", () => {
  test("builds images without an error", async () => {
    const buildah = buildahIn(work.at("buildah"));
    const container = (await buildah("from", "scratch")).stdout.trim();
    await buildah("copy", container, work.at("layer.tar"), "/layer.tar");
    await buildah("commit", container, "built:1");
    await buildah("push", "built:1", `oci:${work.at("buildah-layout")}:built`);
    await buildah("push", "built:1", `docker-archive:${work.at("buildah.tar")}:built:1`);
    await expectSound("oci-layout://buildah-layout", "tar://buildah.tar");
  });
});

describeWith(["umoci"], "umoci", () => {
  test("makes layouts without an error", async () => {
    const umoci = (...args: string[]) => run("umoci", args, { cwd: work.path });
    await umoci("init", "--layout", "umoci");
    await umoci("new", "--image", "umoci:made");
    await umoci("raw", "add-layer", "--image", "umoci:made", "layer.tar");
    await umoci("config", "--image", "umoci:made", "--config.cmd", "/bin/tool");
    await expectSound("oci-layout://umoci#made");
  });
});

describeWith(["crane"], "crane", () => {
  let registry: ServedRegistry;
  const crane = (...args: string[]) => run("crane", [...args, "--insecure"], { cwd: work.path });
  const at = (name: string) => `${registry.host}/crane/${name}`;

  beforeAll(async () => {
    registry = await startRegistry(work);
    writeFileSync(work.at("rich.tar.gz"), gzipSync(richLayer()));
    const layers = ["--new_layer", "layer.tar", "--new_layer", "rich.tar.gz"];
    await crane("append", ...layers, "--new_tag", "made:1", "--output", "crane.tar");
    await crane("append", ...layers, "--oci-empty-base", "--new_tag", at("made:1"));
  });
  afterAll(() => registry.stop());

  test("makes archives without an error", async () => {
    await expectSound("tar://crane.tar");
    await crane("pull", "--format=oci", at("made:1"), "crane-layout");
    await crane("pull", "--format=legacy", at("made:1"), "legacy.tar");
    await expectSound("oci-layout://crane-layout", "tar://legacy.tar");
  });

  test("changes images in a registry, and makes indexes of them, without an error", async () => {
    await crane("push", "crane.tar", at("pushed:1"));
    const settings = ["--label", "a=b", "--cmd", "/bin/tool", "--user", "9", "--env", "GREETING=hello"];
    await crane("mutate", at("pushed:1"), ...settings, "--tag", at("mutated:1"));
    await crane("mutate", at("made:1"), "--set-platform", "linux/arm64", "--tag", at("arm:1"));
    await crane("flatten", at("pushed:1"), "--tag", at("flat:1"));
    await crane("index", "append", "-m", at("made:1"), "-m", at("arm:1"), "--tag", at("both:1"));
    await expectSound(...["pushed:1", "mutated:1", "flat:1"].map((name) => `registry://${at(name)}`));
    const both = JSON.parse(
      (await work.run(["check", `registry://${at("both:1")}`, "--all-platforms", "--json"])).stdout,
    );
    expect(both).toMatchObject({ errors: 0 });
  });
});

await describeService(
  "dockerd",
  () => startDockerd(dockers.path),
  "dockerd",
  (daemon) => {
    test("saves and pushes images without an error, and their files are listed", async () => {
      const at = (scheme: string) => `${scheme}://rich:1?socket=${daemon().socket}`;
      await work.sealift(["process", "oci-archive://rich.oci.tar", at("docker")]);
      await expectSound(at("docker"), at("dockerpush"));
      const ours = await work.sealift(["ls", "oci-archive://rich.oci.tar", "-R"]);
      expect(await work.sealift(["ls", at("docker"), "-R"])).toBe(ours);
    });
  },
);

describe("ours", () => {
  test("makes images without an error, filtered or not", async () => {
    const from = "oci-archive://rich.oci.tar";
    await work.sealift(["process", from, "tar://ours.tar", "-f", "normalize-timestamps"]);
    await work.sealift(["process", from, "oci-archive://ours.oci.tar", "-f", "normalize-timestamps:ts=1"]);
    await work.sealift(["process", from, "bundle://ours.bundle"]);
    await expectSound("tar://ours.tar", "oci-archive://ours.oci.tar", "bundle://ours.bundle");
  });
});
