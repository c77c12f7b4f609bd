/** `key generate`, `bundle sign` and `bundle verify`: who signed, and whether anything was changed. */
import { copyFileSync, readFileSync, statSync, writeFileSync } from "node:fs";
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

const verify = async (...args: string[]) => {
  const { code, stdout, stderr } = await work.run(["bundle", "verify", ...args, "--json"]);
  expect(stderr).toBe("");
  const { outcome, signature, sentence, checks } = JSON.parse(stdout);
  return { code, outcome, signature, sentence, checks };
};

/** A copy of the signed bundle with the bytes after `text` changed. */
function changed(name: string, text: string, replacement: string): string {
  const bytes = readFileSync(work.at("signed.bundle"));
  const at = bytes.indexOf(text);
  expect(at, text).toBeGreaterThan(0);
  bytes.write(replacement, at);
  writeFileSync(work.at(name), bytes);
  return name;
}

describe("key generate", () => {
  it("makes a secret that only its owner may read, and a public half", async () => {
    const made = await work.json(["key", "generate", "-o", "fresh"], { umask: "000" });
    expect(made).toEqual({
      schema: 1,
      privateKey: "fresh.key",
      publicKey: "fresh.pub",
      hint: expect.stringMatching(/^[A-Za-z0-9+/]{43}=$/),
    });
    expect(statSync(work.at("fresh.key")).mode & 0o777).toBe(0o600);
    expect(readFileSync(work.at("fresh.key"), "utf8")).toMatch(/^-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY/);
    expect(readFileSync(work.at("fresh.pub"), "utf8")).toMatch(/^-----BEGIN PUBLIC KEY-----\n/);
  });

  it("replaces a key only with --force", async () => {
    await work.sealift(["key", "generate", "-o", "kept"]);
    const before = fileDigest(work.at("kept.key"));
    const refused = await work.run(["key", "generate", "-o", "kept"]);
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toMatch(/^error\[ALREADY_EXISTS\]: Cannot write kept\.key/);
    expect(fileDigest(work.at("kept.key"))).toBe(before);
    await work.sealift(["key", "generate", "-o", "kept", "--force"]);
    expect(fileDigest(work.at("kept.key"))).not.toBe(before);
    expect(statSync(work.at("kept.key")).mode & 0o777).toBe(0o600);
  });
});

describe("bundle sign", () => {
  it("leaves the root, writes in place unless told otherwise, and signs to the same bytes", async () => {
    copyFileSync(work.at("shop.bundle"), work.at("inplace.bundle"));
    const signed = await work.json(["bundle", "sign", "inplace.bundle", "--key", "release.key"]);
    const { root } = await work.json(["bundle", "info", "shop.bundle"]);
    expect(signed).toEqual({
      schema: 1,
      path: "inplace.bundle",
      root,
      signedBy: expect.stringMatching(/^[A-Za-z0-9+/]{43}=$/),
    });
    expect(fileDigest(work.at("inplace.bundle"))).toBe(fileDigest(work.at("signed.bundle")));
    await work.sealift(["bundle", "sign", "inplace.bundle", "--key", "release.key"]);
    expect(fileDigest(work.at("inplace.bundle"))).toBe(fileDigest(work.at("signed.bundle")));
  });

  it("gives the same bytes whichever of two keys signed first", async () => {
    for (const keys of [
      ["release", "other"],
      ["other", "release"],
    ]) {
      copyFileSync(work.at("shop.bundle"), work.at(`${keys[0]}-first.bundle`));
      for (const key of keys)
        await work.sealift(["bundle", "sign", `${keys[0]}-first.bundle`, "--key", `${key}.key`]);
    }
    expect(fileDigest(work.at("release-first.bundle"))).toBe(fileDigest(work.at("other-first.bundle")));
    for (const key of ["release", "other"]) {
      const { code, outcome } = await verify("release-first.bundle", "--key", `${key}.pub`);
      expect({ code, outcome }).toEqual({ code: 0, outcome: "verified" });
    }
  });

  it.each([
    ["a wrong password", "release.key", { SEALIFT_KEY_PASSWORD: "guess" }, 1, "KEY_INVALID"],
    ["no password and nobody to ask", "release.key", { SEALIFT_KEY_PASSWORD: undefined }, 2, "USAGE"],
    ["a public key", "release.pub", {}, 1, "KEY_INVALID"],
    ["what is no key", "shop/LICENSE", {}, 1, "KEY_INVALID"],
    ["a key that is not there", "absent.key", {}, 5, "NOT_FOUND"],
  ])("with %s changes nothing", async (_, key, env, exit, error) => {
    copyFileSync(work.at("shop.bundle"), work.at("unchanged.bundle"));
    const result = await work.run(["bundle", "sign", "unchanged.bundle", "--key", key], { env });
    expect(result).toMatchObject({ code: exit, stdout: "" });
    expect(result.stderr).toMatch(new RegExp(`^error\\[${error}\\]: Cannot .*\n`));
    expect(fileDigest(work.at("unchanged.bundle"))).toBe(fileDigest(work.at("shop.bundle")));
  });
});

describe("bundle verify", () => {
  it("tells what holds, who signed and what was not asked", async () => {
    const cases: [string[], number, string, string][] = [
      [["signed.bundle", "--key", "release.pub"], 0, "verified", "valid"],
      [["signed.bundle", "--key", "other.pub", "--key", "release.pub"], 0, "verified", "valid"],
      [["signed.bundle"], 0, "intact", "not-checked"],
      [["shop.bundle"], 0, "intact", "unsigned"],
      [["shop.bundle", "--key", "release.pub"], 3, "untrusted", "unsigned"],
      [["signed.bundle", "--key", "other.pub"], 3, "untrusted", "unknown-key"],
    ];
    for (const [args, code, outcome, signature] of cases)
      expect(await verify(...args), args.join(" ")).toMatchObject({ code, outcome, signature });
  });

  it("reads standard input, and says the same", async () => {
    const args = ["--key", "release.pub", "--json"];
    const input = readFileSync(work.at("signed.bundle"));
    const piped = await work.run(["bundle", "verify", "-", ...args], { input });
    expect(piped).toEqual(await work.run(["bundle", "verify", "signed.bundle", ...args]));
    expect(work.temporaryFiles()).toEqual([]);
  });

  it.each([
    ["a file's content", "MIT\n", "GPL\n", "blob"],
    ["the lock", '"name":"shop"', '"name":"shap"', "blob"],
    ["the image's name in manifest.json", "shop/server:amd64", "shop/server:evil0", "docker-manifest"],
    ["the definition as written", "A shop.\nentry", "A trap.\nentr", "blob"],
    ["the signature", '"payloadType"', '"payloadTypo"', "blob"],
  ])("finds %s changed, and names it", async (what, text, replacement, check) => {
    const name = changed(`changed ${what.replace(/\W/g, "-")}.bundle`, text, replacement);
    for (const keys of [[], ["--key", "release.pub"]]) {
      const verdict = await verify(name, ...keys);
      expect(verdict).toMatchObject({ code: 3, outcome: "failed" });
      const failed = verdict.checks.filter(({ outcome }: { outcome: string }) => outcome === "fail");
      expect(verdict.sentence).toContain(failed[0].object);
      expect(failed.map(({ id }: { id: string }) => id).join()).toMatch(
        new RegExp(`${check}|root|index|graph`),
      );
    }
  });

  it("never says more than 3 for a byte changed anywhere, 0 for none", async () => {
    const bytes = readFileSync(work.at("signed.bundle"));
    // A spread over the whole file, with its first and last bytes.
    const places = [
      0,
      300,
      512,
      1024,
      ...Array.from({ length: 12 }, (_, i) => Math.floor((bytes.length * i) / 12)),
      bytes.length - 1,
    ];
    for (const at of places) {
      const copy = Buffer.from(bytes);
      copy[at] = (copy[at] as number) ^ 1;
      writeFileSync(work.at("flipped.bundle"), copy);
      const { code, outcome } = await verify("flipped.bundle", "--key", "release.pub");
      expect({ at, code, outcome }).toEqual({ at, code: 3, outcome: "failed" });
    }
  });

  it.each([0, 1, 511, 512, 5_000, -1024, -1])("finds a file cut at byte %i not whole", async (end) => {
    writeFileSync(work.at("cut.bundle"), readFileSync(work.at("signed.bundle")).subarray(0, end));
    expect(await verify("cut.bundle")).toMatchObject({ code: 3, outcome: "failed" });
  });

  it("prints the verdict for people, its sentence first", async () => {
    const good = await work.sealift(["bundle", "verify", "signed.bundle", "--key", "release.pub"]);
    expect(good).toMatch(/^✓ Verified: shop 1\.10 is intact and signed by a given key\.\n/);
    const bad = await work.run(["bundle", "verify", changed("bad.bundle", "MIT\n", "GPL\n")]);
    expect(bad.code).toBe(3);
    expect(bad.stdout).toMatch(/^✗ Not verified: blob sha256:[0-9a-f]{64}: its content has the digest /);
  });

  it.each([
    ["is not there", ["absent.bundle"], 5, "NOT_FOUND"],
    ["is a folder", ["shop"], 1, "IO"],
    ["has a private key to check with", ["shop.bundle", "--key", "release.key"], 1, "KEY_INVALID"],
    ["has no key to check with", ["shop.bundle", "--key", "shop/LICENSE"], 1, "KEY_INVALID"],
  ])("of a file that %s is an error, not a verdict", async (_, args, exit, error) => {
    const result = await work.run(["bundle", "verify", ...args]);
    expect(result).toMatchObject({ code: exit, stdout: "" });
    expect(result.stderr).toMatch(new RegExp(`^error\\[${error}\\]: Cannot `));
  });
});
