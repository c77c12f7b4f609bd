/** `bundle push` and `bundle pull`, through the registry that `sealift serve` serves. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ServedRegistry, startRegistry, Workspace } from "./cli.ts";
import { fileDigest } from "./images.ts";
import { makeBundles, makeShop } from "./shop.ts";

let work: Workspace;
let registry: ServedRegistry;

beforeAll(async () => {
  work = new Workspace();
  registry = await startRegistry(work);
  await makeShop(work, registry);
  await makeBundles(work);
});
afterAll(async () => {
  await registry.stop();
  await work.dispose();
});

const get = (path: string) => fetch(`${registry.url}/v2/${path}`, { headers: { accept: "*/*" } });

describe("a bundle that goes through a registry", () => {
  it.each(["shop", "signed"])("comes back as it was: %s.bundle", async (name) => {
    await work.sealift(["bundle", "push", `${name}.bundle`, `${registry.host}/b/${name}:1`]);
    await work.sealift(["bundle", "pull", `${registry.host}/b/${name}:1`, "-o", `${name}.pulled`]);
    expect(fileDigest(work.at(`${name}.pulled`))).toBe(fileDigest(work.at(`${name}.bundle`)));
  });

  it("is tagged with its version, and found by tag and by root digest", async () => {
    const { root, reference } = await work.json([
      "bundle",
      "push",
      "signed.bundle",
      `${registry.host}/b/tagged`,
    ]);
    expect(reference).toBe(`${registry.host}/b/tagged:1.10@${root.digest}`);
    for (const target of [":1.10", `@${root.digest}`, `:1.10@${root.digest}`]) {
      await work.sealift(["bundle", "pull", `${registry.host}/b/tagged${target}`, "-o", "tagged.pulled"]);
      expect(fileDigest(work.at("tagged.pulled"))).toBe(fileDigest(work.at("signed.bundle")));
    }
  });

  it("is pulled into a file of its own name", async () => {
    await work.sealift(["bundle", "push", "signed.bundle", `${registry.host}/b/named:x`]);
    const pulled = await work.json(["bundle", "pull", `${registry.host}/b/named:x`], {
      cwd: work.at("shop"),
    });
    const { root } = await work.json(["bundle", "info", "signed.bundle"]);
    expect(pulled).toEqual({ schema: 1, path: "shop.bundle", root });
    expect(fileDigest(work.at("shop/shop.bundle"))).toBe(fileDigest(work.at("signed.bundle")));
  });

  it("is sent once", async () => {
    const first = await work.json(["bundle", "push", "shop.bundle", `${registry.host}/b/once:1`]);
    expect(first).toMatchObject({ schema: 1, existing: 0, root: { digest: expect.any(String) } });
    expect(first.uploaded).toBeGreaterThan(10);
    const second = await work.json(["bundle", "push", "shop.bundle", `${registry.host}/b/once:2`]);
    expect(second).toMatchObject({ uploaded: 0, existing: first.uploaded });
    const signed = await work.json(["bundle", "push", "signed.bundle", `${registry.host}/b/once:1`]);
    expect(signed.uploaded).toBeLessThan(3);
  });

  it("signed later is pulled with its signature, under the same root", async () => {
    await work.sealift(["bundle", "push", "shop.bundle", `${registry.host}/b/later:1`]);
    await work.sealift(["bundle", "push", "signed.bundle", `${registry.host}/b/later:1`]);
    await work.sealift(["bundle", "pull", `${registry.host}/b/later:1`, "-o", "later.pulled"]);
    await work.sealift(["bundle", "verify", "later.pulled", "--key", "release.pub"]);
  });

  it("has its images there for every other tool", async () => {
    await work.sealift(["bundle", "push", "shop.bundle", `${registry.host}/b/images:1`]);
    const { artifacts } = await work.json(["bundle", "info", "shop.bundle"]);
    const [server] = artifacts;
    const source = `registry://${registry.host}/b/images@${server.digest}`;
    const copied = await work.json(["process", source, "oci-archive://server.tar"]);
    expect(copied.manifest.digest).toBe(server.digest);
  });
});

describe("a changed bundle", () => {
  it("is not pushed: no tag names any part of it", async () => {
    const bytes = readFileSync(work.at("signed.bundle"));
    bytes.write("GPL\n", bytes.indexOf("MIT\n"));
    writeFileSync(work.at("changed.bundle"), bytes);
    const result = await work.run(["bundle", "push", "changed.bundle", `${registry.host}/b/changed:1`]);
    expect(result).toMatchObject({ code: 3, stdout: "" });
    expect(result.stderr).toMatch(/^error\[DIGEST_MISMATCH\]: Cannot /);
    expect((await get("b/changed/manifests/1")).status).toBe(404);
  });

  it("in the registry is not pulled: no file of any name is left", async () => {
    await work.sealift(["bundle", "push", "shop.bundle", `${registry.host}/b/damaged:1`]);
    const { artifacts } = await work.json(["bundle", "info", "shop.bundle"]);
    const licence = artifacts.find(({ name }: { name: string }) => name === "licence").files[0];
    const stored = readdirSync(work.at("store/blobs"), { recursive: true, withFileTypes: true }).find(
      (entry) => entry.isFile() && entry.name.includes(licence.digest.slice(7)),
    );
    if (!stored) throw new Error("the store has no file for it");
    const before = readdirSync(work.path);
    writeFileSync(`${stored.parentPath}/${stored.name}`, "GPL\n");
    try {
      const result = await work.run([
        "bundle",
        "pull",
        `${registry.host}/b/damaged:1`,
        "-o",
        "damaged.pulled",
      ]);
      expect(result).toMatchObject({ code: 3, stdout: "" });
      expect(result.stderr).toMatch(/^error\[DIGEST_MISMATCH\]: Cannot /);
    } finally {
      writeFileSync(`${stored.parentPath}/${stored.name}`, "MIT\n");
    }
    expect(readdirSync(work.path)).toEqual(before);
    expect(existsSync(work.at("damaged.pulled"))).toBe(false);
  });

  it.each([
    ["a tag that is not there", "b/shop:absent", "MANIFEST_UNKNOWN", 5],
    ["a repository that is not there", "b/absent:1", "(MANIFEST|NAME)_UNKNOWN", 5],
    ["what is an image and no bundle", "shop/server:amd64", "BUNDLE_INVALID", 3],
  ])("is told apart from %s", async (_, name, error, exit) => {
    const result = await work.run(["bundle", "pull", `${registry.host}/${name}`, "-o", "none.pulled"]);
    expect(result).toMatchObject({ code: exit, stdout: "" });
    expect(result.stderr).toMatch(new RegExp(`^error\\[${error}\\]: Cannot `));
    expect(existsSync(work.at("none.pulled"))).toBe(false);
  });
});

describe("sealift serve", () => {
  it("keeps what it has over a restart, and ends without error when it is interrupted", async () => {
    const first = await startRegistry(work, "kept");
    await work.sealift(["bundle", "push", "signed.bundle", `${first.host}/b/kept:1`]);
    expect(await first.stop()).toMatchObject({ code: 0, stderr: "" });
    const second = await startRegistry(work, "kept");
    await work.sealift(["bundle", "pull", `${second.host}/b/kept:1`, "-o", "kept.pulled"]);
    expect(fileDigest(work.at("kept.pulled"))).toBe(fileDigest(work.at("signed.bundle")));
    await second.stop();
  });

  it("says where it is and what it serves, and in JSON too", async () => {
    const running = work.start(["serve", "--listen", "127.0.0.1:0", "--store", "said"]);
    await new Promise((resolve) => running.process.stdout?.once("data", resolve));
    expect(running.stdout()).toMatch(/^Serving said at http:\/\/127\.0\.0\.1:\d+ \(Ctrl-C stops it\)\n$/);
    running.process.kill("SIGTERM");
    expect((await running.ended).code).toBe(0);
  });

  it("says that a port is taken, and by which option to choose another", async () => {
    const result = await work.run(["serve", "--listen", registry.host, "--store", "taken"]);
    expect(result).toMatchObject({ code: 1, stdout: "" });
    expect(result.stderr).toMatch(
      /^error\[ADDRESS_IN_USE\]: Cannot listen on 127.0.0.1:\d+: .*\nhint: .*--listen/,
    );
  });
});
