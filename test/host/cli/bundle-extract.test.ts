/** `bundle extract`: what was packed lies where it was said to, and nothing lies there if it was changed. */
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ServedRegistry, startRegistry, Workspace } from "./cli.ts";
import { checkedDockerSave, checkedLayout, fileDigest, unpack } from "./images.ts";
import { EXTRACTED, makeBundles, makeShop, type Shop } from "./shop.ts";

let work: Workspace;
let registry: ServedRegistry;
let shop: Shop;

beforeAll(async () => {
  work = new Workspace();
  registry = await startRegistry(work);
  shop = await makeShop(work, registry);
  await makeBundles(work);
  await work.sealift(["bundle", "extract", "signed.bundle", "out", "--key", "release.pub"]);
});
afterAll(async () => {
  await registry.stop();
  await work.dispose();
});

const modeOf = (...names: string[]) => (statSync(work.at(...names)).mode & 0o777).toString(8);
const filesBelow = (folder: string) =>
  readdirSync(work.at(folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(work.at(folder).length + 1));

describe("extracting", () => {
  it("puts every file at its target, with its bytes", () => {
    const layout = filesBelow("out").filter((name) => name.startsWith("images/other/"));
    expect(filesBelow("out").sort()).toEqual([...EXTRACTED, ...layout].sort());
    const pairs = [["docs/deep/größe 日本.md"], ["many/3/file-17"], ["LICENSE.txt", "LICENSE"], ["bin/tool"]];
    for (const [target = "", source = target] of pairs)
      expect(readFileSync(work.at("out", target))).toEqual(readFileSync(work.at("shop", source)));
  });

  it("makes links as they were, and folders that hold nothing", () => {
    expect(readlinkSync(work.at("out/var/www/home"))).toBe("index.html");
    expect(readlinkSync(work.at("out/var/www/a/up"))).toBe("../index.html");
    expect(readFileSync(work.at("out/var/www/a/up"), "utf8")).toBe("<p>shop</p>\n");
    expect(readdirSync(work.at("out/var/www/uploads/pending"))).toEqual([]);
  });

  it.each([
    ["022", "755", "644"],
    ["077", "700", "600"],
    ["002", "755", "644"],
  ])("under umask %s gives programs mode %s and other files %s", async (umask, executable, plain) => {
    // 0755 and 0644 are all a bundle knows; a umask may take from them, and never adds.
    const folder = `umask-${umask}`;
    await work.sealift(["bundle", "extract", "shop.bundle", folder], { umask });
    for (const name of ["bin/tool", "install.sh"]) expect(modeOf(folder, name)).toBe(executable);
    for (const name of ["LICENSE.txt", "many/1/file-1"]) expect(modeOf(folder, name)).toBe(plain);
  });

  it("makes an image with a target ending in .tar an archive that other tools load", () => {
    const folder = unpack(work.at("out/images/server.tar"), work.at("server"));
    const image = checkedLayout(folder);
    expect(image.config).toBe(shop.image.config.digest);
    expect(image.layers).toEqual(shop.image.layers.map(({ digest }) => digest));
    const [{ RepoTags, Config }] = JSON.parse(readFileSync(`${folder}/manifest.json`, "utf8"));
    expect(RepoTags).toEqual([`${registry.host}/shop/server:amd64`]);
    expect(Config).toBe(`blobs/sha256/${shop.image.config.digest.slice(7)}`);
  });

  it("makes any other image an OCI layout folder, which process reads", async () => {
    const { config } = checkedLayout(work.at("out/images/other"));
    await work.sealift(["process", "oci-layout://out/images/other?arch=arm64", "tar://other.tar"]);
    expect(checkedDockerSave(unpack(work.at("other.tar"), work.at("other"))).config).toBe(config);
  });

  it("reads standard input", async () => {
    const input = readFileSync(work.at("signed.bundle"));
    await work.sealift(["bundle", "extract", "-", "piped", "--key", "release.pub"], { input });
    expect(filesBelow("piped")).toEqual(filesBelow("out"));
  });

  it("lists what it made, and in JSON with the verdict", async () => {
    const text = await work.sealift(["bundle", "extract", "shop.bundle", "listed"]);
    expect(text).toMatch(/^✓ Intact but unsigned: /);
    for (const name of EXTRACTED) expect(text).toContain(`  listed/${name}\n`);
    const result = await work.json(["bundle", "extract", "shop.bundle", "listed-json"]);
    expect(result).toMatchObject({ schema: 1, folder: "listed-json", verdict: { outcome: "intact" } });
    expect(result.paths).toEqual(expect.arrayContaining([...EXTRACTED, "var/www/home"]));
  });

  it("leaves no temporary file, and no name but those of the bundle", () => {
    expect(work.temporaryFiles()).toEqual([]);
    expect(readdirSync(work.path).filter((name) => name.includes(".part"))).toEqual([]);
    expect(readdirSync(work.at("out")).sort()).toEqual(
      ["LICENSE.txt", "bin", "docs", "images", "install.sh", "many", "var"].sort(),
    );
  });
});

describe("a folder that is there", () => {
  it("is used if it is empty", async () => {
    mkdirSync(work.at("empty"));
    await work.sealift(["bundle", "extract", "shop.bundle", "empty"]);
    expect(existsSync(work.at("empty/LICENSE.txt"))).toBe(true);
  });

  it("is left as it is if it is not empty, unless --force says otherwise", async () => {
    mkdirSync(work.at("full"));
    writeFileSync(work.at("full/LICENSE.txt"), "mine");
    writeFileSync(work.at("full/other"), "mine");
    const refused = await work.run(["bundle", "extract", "shop.bundle", "full"]);
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toMatch(/^error\[ALREADY_EXISTS\]: Cannot extract to full: .*\nhint: .*--force/);
    expect(filesBelow("full").sort()).toEqual(["LICENSE.txt", "other"]);
    await work.sealift(["bundle", "extract", "shop.bundle", "full", "--force"]);
    expect(readFileSync(work.at("full/LICENSE.txt"), "utf8")).toBe("MIT\n");
    expect(readFileSync(work.at("full/other"), "utf8")).toBe("mine");
  });

  it("may be extracted to again and again", async () => {
    await work.sealift(["bundle", "extract", "shop.bundle", "again"]);
    await work.sealift(["bundle", "extract", "shop.bundle", "again", "--force"]);
    expect(filesBelow("again").length).toBe(filesBelow("out").length);
    expect(readlinkSync(work.at("again/var/www/home"))).toBe("index.html");
  });

  it("with a link in it is not written through", async () => {
    mkdirSync(work.at("outside"));
    mkdirSync(work.at("linked"));
    symlinkSync(work.at("outside"), work.at("linked/many"));
    const result = await work.run(["bundle", "extract", "shop.bundle", "linked", "--force"]);
    expect(result).toMatchObject({ code: 1, stdout: "" });
    expect(result.stderr).toMatch(/^error\[UNSAFE_PATH\]: Cannot write /);
    expect(readdirSync(work.at("outside"))).toEqual([]);
    expect(readdirSync(work.at("linked"))).toEqual(["many"]);
    expect(lstatSync(work.at("linked/many")).isSymbolicLink()).toBe(true);
  });

  it("is a file: nothing is done", async () => {
    writeFileSync(work.at("a-file"), "mine");
    for (const force of [[], ["--force"]]) {
      const result = await work.run(["bundle", "extract", "shop.bundle", "a-file", ...force]);
      expect(result).toMatchObject({ code: 1, stdout: "" });
    }
    expect(readFileSync(work.at("a-file"), "utf8")).toBe("mine");
  });
});

describe("a bundle that does not verify", () => {
  it.each([
    ["changed", "changed.bundle", []],
    ["unsigned", "shop.bundle", ["--key", "release.pub"]],
    ["signed by another", "signed.bundle", ["--key", "other.pub"]],
    ["cut off", "cut.bundle", []],
  ])("because it is %s leaves no folder", async (what, bundle, keys) => {
    const bytes = readFileSync(work.at("signed.bundle"));
    writeFileSync(work.at("cut.bundle"), bytes.subarray(0, -600));
    bytes.write("GPL\n", bytes.indexOf("MIT\n"));
    writeFileSync(work.at("changed.bundle"), bytes);
    const folder = `refused-${what.replaceAll(" ", "-")}`;
    const result = await work.run(["bundle", "extract", bundle, folder, ...keys]);
    expect(result.code).toBe(3);
    expect(result.stdout).toMatch(/^✗ Not /);
    expect(existsSync(work.at(folder))).toBe(false);
  });
});

it("a pulled bundle is extracted to the same files", async () => {
  await work.sealift(["bundle", "push", "signed.bundle", `${registry.host}/b/whole:1`]);
  await work.sealift(["bundle", "pull", `${registry.host}/b/whole:1`, "-o", "whole.bundle"]);
  chmodSync(work.at("whole.bundle"), 0o400);
  await work.sealift(["bundle", "extract", "whole.bundle", "whole", "--key", "release.pub"]);
  for (const name of filesBelow("out"))
    expect(fileDigest(work.at("whole", name)), name).toBe(fileDigest(work.at("out", name)));
});
