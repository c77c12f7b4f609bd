/** `bundle build` and `bundle info`: the same content gives the same file, wherever and by whomever it is built. */
import { chmodSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { canDrop, type ServedRegistry, startRegistry, Workspace } from "./cli.ts";
import { checkedLayout, fileDigest, unpack } from "./images.ts";
import { makeShop, type Shop, writeProject } from "./shop.ts";

let work: Workspace;
let registry: ServedRegistry;
let shop: Shop;

beforeAll(async () => {
  work = new Workspace();
  registry = await startRegistry(work);
  shop = await makeShop(work, registry);
  await work.sealift(["bundle", "build", "-f", "shop/shop.sealift.yml"]);
});
afterAll(async () => {
  await registry.stop();
  await work.dispose();
});

const build = async (definition: string, output: string, options = {}) => {
  await work.sealift(["bundle", "build", "-f", definition, "-o", work.at(output)], options);
  return fileDigest(work.at(output));
};

describe("a bundle built again", () => {
  it.each([
    ["in another time zone", { env: { TZ: "Pacific/Kiritimati" } }],
    ["in another language", { env: { LANG: "tr_TR.UTF-8", LC_ALL: "tr_TR.UTF-8" } }],
    ["under another umask", { umask: "077" }],
    ["under no umask", { umask: "000" }],
    ["with another home and user name", { env: { HOME: "/dev/null", USER: "somebody" } }],
  ])("%s is the same file", async (_, options) => {
    expect(await build("shop/shop.sealift.yml", "again.bundle", options)).toBe(
      fileDigest(work.at("shop.bundle")),
    );
  });

  it("from files made in another order, with other times and private modes, is the same file", async () => {
    writeProject(work.at("elsewhere/deeper"), registry.host, true);
    expect(await build("elsewhere/deeper/shop.sealift.yml", "elsewhere.bundle")).toBe(
      fileDigest(work.at("shop.bundle")),
    );
  });

  it.each([
    ["an absolute path", () => work.at("shop/shop.sealift.yml"), undefined],
    ["a path with dots", () => "./shop/../shop/shop.sealift.yml", undefined],
    ["its own folder", () => "shop.sealift.yml", () => work.at("shop")],
    ["a folder below", () => "../shop.sealift.yml", () => work.at("shop/docs")],
  ])("from %s is the same file", async (_, definition, cwd) => {
    const options = cwd ? { cwd: cwd() } : {};
    expect(await build(definition(), "path.bundle", options)).toBe(fileDigest(work.at("shop.bundle")));
  });

  it.skipIf(!canDrop)("by another user is the same file", async () => {
    mkdirSync(work.at("theirs"));
    chmodSync(work.at("theirs"), 0o777);
    const args = ["bundle", "build", "-f", "shop/shop.sealift.yml", "-o", "theirs/shop.bundle"];
    await work.sealift(args, { as: "nobody" });
    expect(fileDigest(work.at("theirs/shop.bundle"))).toBe(fileDigest(work.at("shop.bundle")));
  });

  it("records SOURCE_DATE_EPOCH, and is the same for the same one", async () => {
    const dated = (epoch: string, name: string) =>
      build("shop/shop.sealift.yml", name, { env: { SOURCE_DATE_EPOCH: epoch } });
    const first = await dated("1700000000", "dated-1.bundle");
    expect(first).not.toBe(fileDigest(work.at("shop.bundle")));
    expect(await dated("1700000000", "dated-2.bundle")).toBe(first);
    expect(await dated("1700000001", "dated-3.bundle")).not.toBe(first);
    expect(readFileSync(work.at("dated-1.bundle"), "latin1")).toContain("2023-11-14T22:13:20.000Z");
  });
});

describe("a bundle's file", () => {
  it("is an OCI layout for every other tool, with the images as they were", () => {
    const folder = unpack(work.at("shop.bundle"), work.at("unpacked"));
    const { config, layers } = checkedLayout(folder, "server");
    expect(config).toBe(shop.image.config.digest);
    expect(layers).toEqual(shop.image.layers.map(({ digest }) => digest));
    const { manifests } = JSON.parse(readFileSync(`${folder}/index.json`, "utf8"));
    expect(manifests[0].annotations["org.opencontainers.image.ref.name"]).toBe("shop-1.10");
    expect(manifests.map(({ annotations }: never) => annotations).length).toBe(3);
  });

  it("lies where it was asked for, and its folder holds nothing else", async () => {
    const { path } = await work.json(["bundle", "build", "-f", "../shop.sealift.yml"], {
      cwd: work.at("shop/site"),
    });
    expect(path).toBe("shop.bundle");
    expect(existsSync(work.at("shop/site/shop.bundle"))).toBe(true);
    expect(work.temporaryFiles()).toEqual([]);
  });
});

describe("what is printed", () => {
  it("by build names file, size and root", async () => {
    const text = await work.sealift(["bundle", "build", "-f", "shop/shop.sealift.yml"]);
    expect(text).toMatch(/^shop\.bundle {2}\d+\.\d kB, 7 artifacts\nroot sha256:[0-9a-f]{64}\n$/);
  });

  it("by build --json has what the bundle holds", async () => {
    const built = await work.json(["bundle", "build", "-f", "shop/shop.sealift.yml"]);
    const digest = expect.stringMatching(/^sha256:[0-9a-f]{64}$/);
    const root = { mediaType: "application/vnd.oci.image.index.v1+json", digest, size: expect.any(Number) };
    expect(built).toMatchObject({ schema: 1, path: "shop.bundle", root, size: expect.any(Number) });
    expect(Object.keys(built)).toEqual(["schema", "path", "root", "size", "artifacts"]);
    const types = built.artifacts.map(({ name, type }: Record<string, string>) => `${name} ${type}`);
    expect(types).toEqual([
      "server image",
      "other image",
      "docs files",
      "tools files",
      "site tree",
      "many tree",
      "licence files",
    ]);
  });

  it("by info says the same from the file, and from standard input", async () => {
    const built = await work.json(["bundle", "build", "-f", "shop/shop.sealift.yml"]);
    const info = await work.json(["bundle", "info", "shop.bundle"]);
    expect(info).toMatchObject({
      schema: 1,
      name: "shop",
      version: "1.10",
      description: "A shop.",
      root: built.root,
      artifacts: built.artifacts,
      entrypoint: { path: "install.sh", mode: "0755" },
      referrers: [],
    });
    const input = readFileSync(work.at("shop.bundle"));
    expect(await work.json(["bundle", "info", "-"], { input })).toEqual(info);
    const text = await work.sealift(["bundle", "info", "shop.bundle"]);
    for (const word of ["shop 1.10", built.root.digest, "images/server.tar", "folder", "Not signed"])
      expect(text).toContain(word);
  });
});
