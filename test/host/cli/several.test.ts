/** Several images at once: by a pattern, into every place that holds several. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { archive, rawMember } from "../../unit/tar/raw.ts";
import { type ServedRegistry, startRegistry, Workspace } from "./cli.ts";
import { expectFailure } from "./failure.ts";
import { archiveOf, checkedLayout, dockerArchive, fileDigest, layoutOf, unpack } from "./images.ts";
import { type FakeQuay, fakeQuay } from "./quay.ts";

let work: Workspace;
let registry: ServedRegistry;
const sealift = (...args: string[]) => work.sealift(args);
const json = (...args: string[]) => work.json(args);
const parsed = (...names: string[]) => JSON.parse(readFileSync(work.at(...names), "utf8"));

const base = archive(rawMember({ name: "etc/", type: "5" }), rawMember({ name: "etc/motd" }, "hello\n"));
const layer = (text: string) => archive(rawMember({ name: "app" }, text.repeat(500)));
const images = {
  "team/api": layoutOf([base, layer("api")]),
  "team/web": layoutOf([base, layer("web")]),
  tool: layoutOf([base, layer("tool")]),
};

beforeAll(async () => {
  work = new Workspace();
  registry = await startRegistry(work);
  for (const [name, { files }] of Object.entries(images)) {
    const file = `${name.replace("/", "-")}.oci.tar`;
    writeFileSync(work.at(file), archiveOf(files));
    await sealift("process", `oci-archive://${file}`, `registry://${registry.host}/${name}:v1`);
  }
  await sealift("copy", "oci-archive://tool.oci.tar", `registry://${registry.host}/tool:v2`);
});
afterAll(async () => {
  await registry.stop();
  await work.dispose();
});

const source = (pattern: string) => `registry://${registry.host}/${pattern}`;

interface SaveEntry {
  readonly RepoTags: readonly string[];
  readonly Config: string;
  readonly Layers: readonly string[];
}

describe("a pattern of repositories", () => {
  it("makes one docker archive of them all, a shared layer in it once, the same bytes every time", async () => {
    const { images: put, failed, summary } = await json("process", source("team/*:v1"), "tar://team.tar");
    expect(put).toHaveLength(2);
    expect(failed).toEqual([]);
    expect(summary).toMatchObject({ layers: 4, verified: "quick", outcomes: { written: 4 } });
    const folder = unpack(work.at("team.tar"), work.at("team"));
    const entries: SaveEntry[] = JSON.parse(readFileSync(work.at("team/manifest.json"), "utf8"));
    expect(entries.map(({ RepoTags }) => RepoTags)).toEqual([
      [`${registry.host}/team/api:v1`],
      [`${registry.host}/team/web:v1`],
    ]);
    expect(new Set(entries.map(({ Layers }) => Layers[0])).size).toBe(1);
    expect(readdirSync(folder).filter((name) => /^[0-9a-f]{64}$/.test(name))).toHaveLength(3);
    await sealift("process", source("team/*:v1"), "tar://again.tar");
    expect(fileDigest(work.at("again.tar"))).toBe(fileDigest(work.at("team.tar")));
  });

  it("adds them to a layout under their full names, though their tags are the same", async () => {
    await sealift("process", source("tool:v2"), "oci-layout://layout#mine");
    await sealift("copy", source("*:v1"), "oci-layout://layout");
    for (const [name, { image }] of Object.entries(images)) {
      expect(checkedLayout(work.at("layout"), `${registry.host}/${name}:v1`).manifest).toBe(image.digest);
    }
    expect(checkedLayout(work.at("layout"), "mine").manifest).toBe(images.tool.image.digest);
  });

  it("lists them in a folder, each in a file of its own", async () => {
    await sealift("process", source("team/*:v1"), "dir://folder");
    expect(parsed("folder/catalog.json")).toEqual({
      "team/api": { v1: "manifest-team_api-v1.json" },
      "team/web": { v1: "manifest-team_web-v1.json" },
    });
    await sealift("process", "dir://folder#team/web:v1", "tar://web-of-folder.tar");
  });

  it("puts each below a place in a registry under its own name; what one brought, the next does not send", async () => {
    const { summary } = await json("copy", source("team/*:v1"), source("mirror/"));
    expect(summary.outcomes.uploaded ?? 0).toBe(0);
    const { manifest } = await json("process", source("mirror/team/web:v1"), "oci-layout://mirrored");
    expect(manifest.digest).toBe(images["team/web"].image.digest);
    await sealift("process", "oci-archive://tool.oci.tar", source("below/x/"));
    await sealift("process", source("below/x:v1"), "tar://below.tar");
  });

  it("takes every tag where the tag is a pattern", async () => {
    const { images: put } = await json("process", source("tool:v*"), "oci-archive://tags.tar");
    expect(put.map((image: { source: string }) => image.source)).toEqual([
      `${registry.host}/tool:v1`,
      `${registry.host}/tool:v2`,
    ]);
  });

  it("skips what has no such tag, and says so", async () => {
    const { stdout, stderr } = await work.run(["process", source("t*:v2"), "oci-archive://v2.tar"]);
    expect(stderr).toContain("Skipped what has no tag v2: team/api, team/web\n");
    expect(stderr).toContain(`[1/1] ${registry.host}/tool:v2\n`);
    expect(stdout).toMatch(
      /Processed 1\/1 images: \d+ bytes in 2 layers in \d+\.\d seconds, verified \(quick\)\n$/,
    );
  });

  it("that means nothing is an error", async () => {
    await expectFailure(work, ["process", source("nothing-*"), "tar://x.tar", "-q"], {
      code: "NOT_FOUND",
      exit: 5,
    });
    await expectFailure(work, ["process", source("tool:x*"), "tar://x.tar", "-q"], {
      code: "NOT_FOUND",
      exit: 5,
    });
  });
});

describe("a pattern of names in an archive", () => {
  it("takes them all from one to another, and from there to a registry", async () => {
    await sealift("process", source("team/*:v1"), "tar://all.tar");
    await sealift("process", "tar://all.tar#*", "oci-archive://all.oci.tar");
    await sealift("process", "oci-archive://all.oci.tar#*api*", "oci-layout://api");
    expect(parsed("api/index.json").manifests).toHaveLength(1);
    const { images: put } = await json("copy", "oci-archive://all.oci.tar#*", source("back/"));
    expect(put.map((image: { name: string }) => image.name.split("@")[0])).toEqual([
      `${registry.host}/back/team/api:v1`,
      `${registry.host}/back/team/web:v1`,
    ]);
  });

  it("takes an image with two tags twice", async () => {
    writeFileSync(work.at("single.tar"), dockerArchive([base], "app:1"));
    const folder = unpack(work.at("single.tar"), work.at("twice"));
    const manifest = readFileSync(`${folder}/manifest.json`, "utf8").replace(
      '["app:1"]',
      '["app:1","app:2"]',
    );
    writeFileSync(`${folder}/manifest.json`, manifest);
    const { images: put } = await json("process", "dir://twice#*", source("twice/"));
    expect(put.map((image: { name: string }) => image.name.split("@")[0])).toEqual([
      `${registry.host}/twice/app:1`,
      `${registry.host}/twice/app:2`,
    ]);
  });

  it("reads standard input once for all of them", async () => {
    await sealift("process", source("team/*:v1"), "tar://piped.tar");
    const input = readFileSync(work.at("piped.tar"));
    await work.sealift(["process", "tar://-#*", "oci-layout://piped"], { input });
    expect(parsed("piped/index.json").manifests).toHaveLength(2);
  });
});

describe("a place that holds one image", () => {
  it.each(["docker://x", "bundle://x.bundle", "oci://x", "mounts://x"])(
    "%s is refused before anything is read",
    async (destination) => {
      await expectFailure(work, ["process", "registry://127.0.0.1:1/*:v1", destination], {
        code: "UNSUPPORTED",
        exit: 1,
        says: "holds one",
      });
    },
  );

  it.each([
    ["oci-layout://x#name", "URI_INVALID"],
    ["registry://127.0.0.1:1/app:v1", "URI_INVALID"],
    ["nowhere://x", "URI_INVALID"],
  ] as const)("%s fails with %s", async (destination, code) => {
    await expectFailure(work, ["process", "tar://team.tar#*", destination], { code, exit: 2 });
  });
});

describe("one of several that fails", () => {
  beforeAll(async () => {
    // The second of three has a layer that is not what its name says.
    const files = new Map(images["team/api"].files);
    const names = ["team/api", "team/web", "tool"] as const;
    for (const name of names) for (const [path, bytes] of images[name].files) files.set(path, bytes);
    const entries = names.map((name) => ({
      ...images[name].image,
      annotations: { "org.opencontainers.image.ref.name": `host.example/${name}:v1` },
    }));
    files.set(
      "index.json",
      new TextEncoder().encode(JSON.stringify({ schemaVersion: 2, manifests: entries })),
    );
    const [, bad] = images["team/web"].layers;
    const path = `blobs/sha256/${bad?.digest.slice(7)}`;
    const bytes = Uint8Array.from(files.get(path) as Uint8Array);
    bytes[bytes.length - 9] = (bytes[bytes.length - 9] ?? 0) ^ 1;
    files.set(path, bytes);
    writeFileSync(work.at("odd.tar"), archiveOf(files));
  });

  it.each(["tar://none.tar", "oci-archive://none.oci.tar", "oci-layout://none", "dir://none-dir"])(
    "keeps %s from being written",
    async (destination) => {
      const { code, stderr } = await work.run(["process", "oci-archive://odd.tar#*", destination]);
      expect({ code, stderr }).toMatchObject({ code: 3, stderr: expect.stringContaining("DIGEST_MISMATCH") });
      expect(
        readdirSync(work.path).filter((name) => name.startsWith("none") || name.endsWith(".part")),
      ).toEqual([]);
    },
  );

  it.each([
    "tar://kept.tar",
    "oci-archive://kept.oci.tar",
    "oci-layout://kept",
    "dir://kept-dir",
    "registry",
  ])(
    "is left out of %s with --keep-going, the others are whole, and the exit code says so",
    async (place) => {
      const destination = place === "registry" ? source("kept/") : place;
      const { code, stdout } = await work.run([
        ...["process", "oci-archive://odd.tar#*", destination],
        ...["--keep-going", "--json", "--verify=full"],
      ]);
      const { images: put, failed, summary } = JSON.parse(stdout);
      expect(code).toBe(1);
      expect(put).toHaveLength(2);
      expect(failed).toMatchObject([
        { source: "host.example/team/web:v1", error: { code: "DIGEST_MISMATCH" } },
      ]);
      expect(summary.verified).toBe("full");
    },
  );
});

describe("quay://", () => {
  let quay: FakeQuay;
  const manifest = (name: keyof typeof images) => images[name].image.digest;

  beforeAll(async () => {
    const repositories = [
      { name: "web", tags: { v1: manifest("team/web") }, labels: { tier: "front" } },
      { name: "old", tags: { v0: manifest("tool") } },
      { name: "api", tags: { v1: manifest("team/api") }, labels: { tier: "back" } },
    ];
    quay = await fakeQuay("team", repositories, registry.host);
  });
  afterAll(() => quay.stop());

  const sources = async (uri: string) => {
    const { images: put } = await json("process", uri, "oci-archive://quay.tar");
    return put.map((image: { source: string }) => image.source.replace(`${quay.host}/`, ""));
  };

  it("takes an organisation's images by pattern and tag, over all pages", async () => {
    expect(await sources(`quay://team/*:v1?host=${quay.host}`)).toEqual(["team/api:v1", "team/web:v1"]);
    expect(await sources(`quay://team/w*:v1?host=${quay.host}`)).toEqual(["team/web:v1"]);
  });

  it("takes those that have a label", async () => {
    expect(await sources(`quay://team/*:v1?host=${quay.host}&label=tier=front`)).toEqual(["team/web:v1"]);
  });

  it("means every repository and latest where nothing else is said", async () => {
    await expectFailure(work, ["process", `quay://team?host=${quay.host}`, "tar://x.tar", "-q"], {
      code: "NOT_FOUND",
      exit: 5,
    });
  });

  it("sends the token to the API", async () => {
    await sources(`quay://team/api:v1?host=${quay.host}&token=s3cret`);
    expect(quay.asked.at(-1)?.authorization).toBe("Bearer s3cret");
  });

  it.each([
    ["an unknown organisation", (host: string) => `quay://other/*?host=${host}`, "NOT_FOUND", 5],
    ["a name that is none", () => "quay://UP/*", "URI_INVALID", 2],
    ["a tag that is none", () => "quay://team/*:-", "URI_INVALID", 2],
    ["a label without value", () => "quay://team/*?label=x", "URI_INVALID", 2],
    ["an option that is none", () => "quay://team/*?tokn=x", "URI_INVALID", 2],
    ["no such host", () => "quay://team/*?host=127.0.0.1:1", "UNREACHABLE", 5],
  ] as const)("fails on %s", async (_, uri, code, exit) => {
    await expectFailure(work, ["process", uri(quay.host), "tar://x.tar"], { code, exit });
  });
});
