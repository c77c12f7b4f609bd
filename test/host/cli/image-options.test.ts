/** Options and spellings that say what an image is and what it is called, from the command line. */
import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { archive, rawMember } from "../../unit/tar/raw.ts";
import { type ServedRegistry, startRegistry, Workspace } from "./cli.ts";
import { forwardTo, slowRegistry } from "./forwarding.ts";
import {
  archiveOf,
  checkedDockerSave,
  checkedLayout,
  fileDigest,
  layoutOf,
  sha256,
  unpack,
  writeFolder,
} from "./images.ts";

let work: Workspace;
let registry: ServedRegistry;
const layers = ["a", "b", "c", "d", "e", "f"].map((name) => archive(rawMember({ name, mtime: 1 }, name)));
const layout = layoutOf(layers);

beforeAll(async () => {
  work = new Workspace();
  registry = await startRegistry(work);
  writeFileSync(work.at("app.tar"), archiveOf(layout.files));
  await work.sealift(["process", "oci-archive://app.tar", `registry://${registry.host}/team/app:v1`]);
});
afterAll(async () => {
  await registry.stop();
  await work.dispose();
});

const repoTags = (file: string, folder: string) =>
  JSON.parse(readFileSync(`${unpack(work.at(file), work.at(folder))}/manifest.json`, "utf8"))[0].RepoTags;

describe("a docker archive's image", () => {
  it("has its whole name, and none where it is known by a tag alone", async () => {
    await work.sealift(["process", `registry://${registry.host}/team/app:v1`, "tar://named.tar"]);
    expect(repoTags("named.tar", "named")).toEqual([`${registry.host}/team/app:v1`]);
    await work.sealift(["process", "oci-archive://app.tar#v1", "tar://nameless.tar"]);
    expect(repoTags("nameless.tar", "nameless")).toEqual([]);
  });

  it("without a name stays without one", async () => {
    await work.sealift(["process", "oci-archive://app.tar#v1", "tar://once.tar"]);
    expect(await work.json(["info", "tar://once.tar"])).toMatchObject({ image: null, tag: null });
    await work.sealift(["process", "tar://once.tar", "tar://twice.tar"]);
    expect(fileDigest(work.at("twice.tar"))).toBe(fileDigest(work.at("once.tar")));
  });
});

describe("a scheme's other name", () => {
  it("file:// is tar:// and directory:// is dir://, in either direction", async () => {
    await work.sealift(["process", "file://app.tar", "directory://folder"]);
    expect(checkedDockerSave(work.at("folder"))).toMatchObject({ config: layout.config.digest });
    await work.sealift(["process", "directory://folder", "oci-layout://from-directory"]);
    expect(checkedLayout(work.at("from-directory"))).toMatchObject({ config: layout.config.digest });
  });
});

describe("the platform", () => {
  it("may be told in three parts, the variant among them, before the command too", async () => {
    const images = ["v6", "v7"].map((variant) => {
      const image = layoutOf([archive(rawMember({ name: variant }, variant))]);
      return { variant, image };
    });
    const manifests = images.map(({ variant, image: { image } }) => ({
      ...image,
      platform: { os: "linux", architecture: "arm", variant },
    }));
    const index = Buffer.from(
      JSON.stringify({ schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests }),
    );
    for (const { image } of images) writeFolder(work.at("arm"), image.files);
    const [first] = images as [(typeof images)[0]];
    writeFolder(
      work.at("arm"),
      new Map([
        ...first.image.files,
        [`blobs/sha256/${sha256(index)}`, index],
        [
          "index.json",
          Buffer.from(
            JSON.stringify({
              schemaVersion: 2,
              manifests: [
                {
                  mediaType: "application/vnd.oci.image.index.v1+json",
                  digest: `sha256:${sha256(index)}`,
                  size: index.length,
                },
              ],
            }),
          ),
        ],
      ]),
    );
    const parts = ["--os", "linux", "--architecture", "arm", "--variant"];
    for (const { variant, image } of images) {
      const found = await work.json([...parts, variant, "info", "oci-layout://arm"]);
      expect(found.manifest_digest).toBe(image.image.digest);
      await work.sealift(["process", "oci-layout://arm", `oci-layout://${variant}`, ...parts, variant]);
      expect(checkedLayout(work.at(variant)).manifest).toBe(image.image.digest);
    }
  });
});

describe("layers under way at once", () => {
  it("are as many as --parallel, -j or the environment says, and the image is the same", async () => {
    const slow = await slowRegistry(
      registry,
      (method, path) => method === "POST" && path.includes("/blobs/uploads/"),
    );
    const put = async (name: string, more: readonly string[], env = {}) => {
      const args = ["process", "oci-archive://app.tar", `registry://${slow.host}/jobs/${name}:1`, ...more];
      const { manifest } = await work.json([...args, "-f", `normalize-timestamps:ts=${name}`], { env });
      return { most: slow.most(), manifest: manifest.digest };
    };
    const one = await put("1", ["-j", "1"]);
    expect(one.most).toBe(1);
    slow.waitFor(3);
    expect((await put("2", ["--parallel", "3"])).most).toBe(3);
    slow.waitFor(1);
    for (const name of ["SEALIFT_PARALLEL", "OCCYSTRAP_PARALLEL"]) {
      expect((await put(`${name.length}`, [], { [name]: "1" })).most).toBe(1);
    }
    const again = await work.json([
      ...["process", "oci-archive://app.tar", "oci-layout://jobs", "-j", "6"],
      ...["-f", "normalize-timestamps:ts=1"],
    ]);
    expect(again.manifest.digest).toBe(one.manifest);
    slow.stop();
  });

  it.each(["0", "-1", "many", "1000"])("cannot be %s", async (jobs) => {
    const { code, stderr } = await work.run([
      "copy",
      "oci-archive://app.tar",
      "tar://x.tar",
      `--parallel=${jobs}`,
    ]);
    expect(code).toBe(2);
    expect(stderr).toContain("is not a number from 1 to 999");
  });
});

describe("a registry's config", () => {
  it("that is not what the manifest says ends the run with 3, and nothing is written", async () => {
    const lying = await forwardTo(registry, ({ url }, response) => {
      if (!url?.endsWith(layout.config.digest)) return false;
      response.end(Buffer.alloc(layout.config.size, 0x20));
      return true;
    });
    const source = `registry://${lying.host}/team/app:v1`;
    const { code, stderr } = await work.run(["process", source, "oci-layout://wrong-config"]);
    lying.stop();
    expect(code).toBe(3);
    expect(stderr).toContain("error[DIGEST_MISMATCH]");
    expect(() => readFileSync(work.at("wrong-config/index.json"))).toThrow();
  });
});
