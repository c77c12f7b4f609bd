import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { contentOf, digestOf } from "../../../src/bytes/content.ts";
import { bytesSlices } from "../../../src/bytes/slices.ts";
import { fallbackKernels } from "../../../src/kernel/fallback.ts";
import { readDockerSave } from "../../../src/layout/docker-save.ts";
import { writeDockerSave } from "../../../src/layout/docker-save-writer.ts";
import { sniffLayout } from "../../../src/layout/sniff.ts";
import { digestHex } from "../../../src/oci/digest.ts";
import { indexTar } from "../../../src/tar/tar-index.ts";
import { archive, bytes, rawMember, readAll, text } from "../tar/raw.ts";
import { filesOf, memoryFiles } from "./memory-files.ts";

const kernels = await fallbackKernels();
const digest = (content: string | Uint8Array) =>
  digestOf(kernels, typeof content === "string" ? bytes(content) : content);
const hex = (content: string | Uint8Array) => digestHex(digest(content));
const configOf = (...layers: string[]) =>
  JSON.stringify({
    architecture: "amd64",
    os: "linux",
    rootfs: { type: "layers", diff_ids: layers.map(digest) },
  });
const manifestOf = (...images: { Config: string; RepoTags: string[] | null; Layers: string[] }[]) =>
  JSON.stringify(images);

async function only(files: Record<string, Uint8Array | string>) {
  const save = await readDockerSave(filesOf(files), kernels);
  return save.read(save.select());
}

it("reads what Docker 1.10 to 24 save: HEX.json and ID/layer.tar", async () => {
  const config = configOf("base", "top");
  const image = await only({
    "1234/layer.tar": "base",
    "1234/VERSION": "1.0",
    "5678/layer.tar": "top",
    [`${hex(config)}.json`]: config,
    "manifest.json": manifestOf({
      Config: `${hex(config)}.json`,
      RepoTags: ["app:1.0"],
      Layers: ["1234/layer.tar", "5678/layer.tar"],
    }),
    repositories: "{}",
  });
  expect(text(image.configBytes)).toBe(config);
  expect(image.repoTags).toEqual(["app:1.0"]);
  expect(
    image.layers.map(({ file, diffId, size, compression }) => [file, diffId, size, compression]),
  ).toEqual([
    ["1234/layer.tar", digest("base"), 4, "none"],
    ["5678/layer.tar", digest("top"), 3, "none"],
  ]);
  expect(text(await readAll(await (image.layers[1] as (typeof image.layers)[0]).open()))).toBe("top");
});

it("reads what Docker 25 and later save: blobs by digest, checked", async () => {
  const layer = new Uint8Array(gzipSync("layer"));
  const config = configOf("layer");
  const files = {
    "oci-layout": "{}",
    "index.json": "{}",
    [`blobs/sha256/${hex(layer)}`]: layer,
    [`blobs/sha256/${hex(config)}`]: config,
    "manifest.json": manifestOf({
      Config: `blobs/sha256/${hex(config)}`,
      RepoTags: null,
      Layers: [`blobs/sha256/${hex(layer)}`],
    }),
  };
  const [first] = (await only(files)).layers;
  expect(first).toMatchObject({ digest: digest(layer), compression: "gzip", diffId: digest("layer") });
  expect(await readAll(await (first as NonNullable<typeof first>).open())).toEqual(layer);
  const damaged = {
    ...files,
    [`blobs/sha256/${hex(layer)}`]: layer.map((byte, at) => (at === 15 ? byte ^ 1 : byte)),
  };
  const [bad] = (await only(damaged)).layers;
  await expect((bad as NonNullable<typeof bad>).open().then(readAll)).rejects.toMatchObject({
    code: "DIGEST_MISMATCH",
  });
});

it("reads what podman and crane save, and one layer used twice", async () => {
  const config = configOf("same", "same");
  for (const name of [`${hex(config)}.json`, `sha256:${hex(config)}`]) {
    const image = await only({
      [`${hex("same")}.tar`]: "same",
      [name]: config,
      "manifest.json": manifestOf({
        Config: name,
        RepoTags: [],
        Layers: [`${hex("same")}.tar`, `./${hex("same")}.tar`],
      }),
    });
    expect(image.layers.map(({ file }) => file)).toEqual([`${hex("same")}.tar`, `${hex("same")}.tar`]);
  }
});

it("reads layers that old dockers linked to another image's, through the archive", async () => {
  const config = configOf("layer");
  const tar = archive(
    rawMember({ name: "bbb/layer.tar", type: "2", linkname: "../aaa/layer.tar" }),
    rawMember({ name: "aaa/layer.tar" }, "layer"),
    rawMember({ name: `${hex(config)}.json` }, config),
    rawMember(
      { name: "manifest.json" },
      manifestOf({ Config: `${hex(config)}.json`, RepoTags: null, Layers: ["bbb/layer.tar"] }),
    ),
  );
  const save = await readDockerSave(await indexTar(bytesSlices(tar), kernels), kernels);
  const { layers } = await save.read(save.select());
  expect(text(await readAll(await (layers[0] as (typeof layers)[0]).open()))).toBe("layer");
});

it("refuses a config that is not what its name says", async () => {
  const config = configOf();
  const files = {
    [`${hex(config)}.json`]: config.replace("amd64", "arm64"),
    "manifest.json": manifestOf({ Config: `${hex(config)}.json`, RepoTags: null, Layers: [] }),
  };
  await expect(only(files)).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
});

it("takes a config whose name says nothing", async () => {
  const manifest = manifestOf({ Config: "config.json", RepoTags: ["jib:1"], Layers: [] });
  expect((await only({ "config.json": configOf(), "manifest.json": manifest })).repoTags).toEqual(["jib:1"]);
});

it("selects one of several images by tag, by any spelling of it, and by id", async () => {
  const [a, b, c] = [configOf("a"), configOf("b"), configOf("c")];
  const image = (config: string, tags: string[] | null) => ({
    Config: `${hex(config)}.json`,
    RepoTags: tags,
    Layers: [],
  });
  const save = await readDockerSave(
    filesOf({
      "manifest.json": manifestOf(
        image(a, ["app:1", "app:latest"]),
        image(b, ["reg.example:5000/team/b:2"]),
        image(c, null),
      ),
    }),
    kernels,
  );
  const selected = (ref: string) => save.select(ref).config;
  for (const ref of ["app:1", "app", "app:latest", "docker.io/library/app:1"])
    expect(selected(ref)).toBe(`${hex(a)}.json`);
  expect(selected("reg.example:5000/team/b:2")).toBe(`${hex(b)}.json`);
  expect(selected(digest(c))).toBe(`${hex(c)}.json`);
  expect(() => save.select("app:3")).toThrow(
    expect.objectContaining({
      code: "NOT_FOUND",
      message: expect.stringContaining("app:1, reg.example:5000/team/b:2"),
    }),
  );
  expect(() => save.select("not a reference!")).toThrow(expect.objectContaining({ code: "NOT_FOUND" }));
  expect(() => save.select()).toThrow(
    expect.objectContaining({
      code: "USAGE",
      message: expect.stringContaining(`app:1, reg.example:5000/team/b:2, ${digest(c)}`),
    }),
  );
});

it("says how to convert the format of Docker before 1.10", async () => {
  await expect(readDockerSave(filesOf({ repositories: "{}" }), kernels)).rejects.toMatchObject({
    code: "UNSUPPORTED",
    message: expect.stringContaining("before 1.10"),
    hint: expect.stringContaining("docker save"),
  });
  await expect(readDockerSave(filesOf({ other: "" }), kernels)).rejects.toMatchObject({
    code: "LAYOUT_INVALID",
    message: expect.stringContaining("manifest.json"),
  });
});

it("refuses a table of contents that does not fit the archive, naming what is wrong", async () => {
  const config = configOf("a", "b");
  const listing = (Layers: string[]) => ({
    "c.json": config,
    a: "a",
    "manifest.json": manifestOf({ Config: "c.json", RepoTags: null, Layers }),
  });
  await expect(only(listing(["a"]))).rejects.toMatchObject({
    code: "LAYOUT_INVALID",
    message: expect.stringContaining("2 diff_ids"),
  });
  await expect(only(listing(["a", "b"]))).rejects.toMatchObject({
    code: "LAYOUT_INVALID",
    message: expect.stringContaining("names b"),
  });
  await expect(only(listing(["a", "../b"]))).rejects.toMatchObject({ code: "UNSAFE_PATH" });
  for (const manifest of ["{}", "[{}]", "nonsense", '[{"Config":1}]']) {
    await expect(only({ "manifest.json": manifest })).rejects.toMatchObject({ code: "LAYOUT_INVALID" });
  }
  await expect(only({ "manifest.json": "[]" })).rejects.toMatchObject({ code: "LAYOUT_INVALID" });
});

it("writes what it reads, each layer and config once, manifest.json last", async () => {
  const out = memoryFiles();
  const save = writeDockerSave(out.writer);
  const [base, top] = [contentOf(kernels, bytes("base")), contentOf(kernels, bytes("top"))];
  const config = contentOf(kernels, bytes(configOf("base", "top", "base")));
  for (const layer of [base, top, base]) await save.layer(layer);
  const diffIds = [base.digest, top.digest, base.digest];
  await save.image({ config, diffIds, repoTags: ["app:1"] });
  await save.image({ config, diffIds, repoTags: ["other:1"] });
  await save.finish();
  expect(out.log).toEqual([
    `${digestHex(base.digest)}/layer.tar`,
    `${digestHex(top.digest)}/layer.tar`,
    `${digestHex(config.digest)}.json`,
    "manifest.json",
    "commit",
  ]);
  const back = await readDockerSave(filesOf(out.files()), kernels);
  expect(back.images.map(({ repoTags }) => repoTags)).toEqual([["app:1"], ["other:1"]]);
  const image = await back.read(back.select("other:1"));
  const layers = await Promise.all(
    image.layers.map(async (layer) => text(await readAll(await layer.open()))),
  );
  expect(layers).toEqual(["base", "top", "base"]);
});

it("sniffLayout prefers the OCI layout, knows docker-save, and says what it looked for", () => {
  const kind = (...names: string[]) =>
    sniffLayout(filesOf(Object.fromEntries(names.map((name) => [name, ""]))));
  expect(kind("oci-layout", "index.json", "manifest.json")).toBe("oci-layout");
  expect(kind("manifest.json", "index.json")).toBe("docker-save");
  expect(kind("repositories")).toBe("docker-save");
  expect(() => kind("index.json", "other")).toThrow(
    expect.objectContaining({
      code: "LAYOUT_INVALID",
      message: expect.stringMatching(/oci-layout and index\.json.*manifest\.json/),
    }),
  );
});
