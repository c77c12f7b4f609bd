/** `info`, `check`, `ls`, `cat`, `diff`: looking into images without unpacking them. */
import { createHash, randomBytes } from "node:crypto";
import { statSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { archive, rawMember } from "../../unit/tar/raw.ts";
import { type ServedRegistry, startRegistry, Workspace } from "./cli.ts";
import { type Counting, countingFileServer, countingProxy } from "./counting.ts";
import { archiveOf, dockerArchive, layoutOf, nestedLayout, smallLayout } from "./images.ts";

const BINARY = Buffer.concat([Buffer.from([0, 0xff, 0xfe, 0x0d, 0x0a, 0x80]), randomBytes(3_000)]);
const BIG = archive(
  rawMember({ name: "first" }, randomBytes(6_000_000)),
  rawMember({ name: "etc/", type: "5", mode: "0000755\0" }),
  rawMember({ name: "etc/wanted" }, BINARY),
  rawMember({ name: "etc/link", type: "2", linkname: "/etc/wanted" }),
  rawMember({ name: "last" }, randomBytes(6_000_000)),
);
const big = layoutOf([BIG]);

let work: Workspace;
let registry: ServedRegistry;
let counting: Counting;

beforeAll(async () => {
  work = new Workspace();
  registry = await startRegistry(work);
  writeFileSync(work.at("small.oci.tar"), archiveOf(smallLayout().files));
  writeFileSync(work.at("two.oci.tar"), archiveOf(smallLayout({ architectures: ["amd64", "arm64"] }).files));
  const others = smallLayout({ architectures: ["arm64", "riscv64"] });
  writeFileSync(work.at("three.oci.tar"), archiveOf(others.files));
  writeFileSync(work.at("nested.oci.tar"), archiveOf(nestedLayout().files));
  writeFileSync(work.at("big.oci.tar"), archiveOf(big.files));
  await work.sealift(["process", "oci-archive://big.oci.tar", `registry://${registry.host}/big:v1`]);
  counting = await countingProxy(registry.url);
});
afterAll(async () => {
  counting.stop();
  await registry.stop();
  await work.dispose();
});

/** A command's standard output as bytes: as text, what is no UTF-8 would be lost. */
async function bytesOf(args: readonly string[]): Promise<Buffer> {
  const { process: child, ended } = work.start(args);
  const chunks: Buffer[] = [];
  child.stdout?.setEncoding("latin1");
  child.stdout?.on("data", (chunk: string) => chunks.push(Buffer.from(chunk, "latin1")));
  expect((await ended).code).toBe(0);
  return Buffer.concat(chunks);
}

describe("info", () => {
  test("says what an image in a registry is, without its layers", async () => {
    const before = counting.sent();
    const info = await work.json(["info", `registry://${counting.host}/big:v1`]);
    expect(info).toMatchObject({ tag: "v1", manifest_digest: big.image.digest, layer_count: 1, os: "linux" });
    expect(counting.sent() - before).toBeLessThan(5_000);
  });

  test("reads of an archive on a web server the documents alone", async () => {
    const server = await countingFileServer(work.at("big.oci.tar"));
    const source = `oci-archive://http://${server.host}/big.tar?key=a%20b#v1`;
    expect(await work.json(["info", source])).toMatchObject({ manifest_digest: big.image.digest });
    expect(server.sent()).toBeLessThan(statSync(work.at("big.oci.tar")).size / 10);
    server.stop();
  });

  test("keeps to 80 columns but for digests", async () => {
    const text = await work.sealift(["info", "oci-archive://two.oci.tar", "--all-platforms"]);
    expect(text).toContain("platform linux/arm64");
    expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
  });
});

describe("check", () => {
  test("ends with 0 on a sound image, in every form", async () => {
    await work.sealift(["process", "oci-archive://small.oci.tar", "tar://saved.tar"]);
    await work.sealift(["process", "oci-archive://small.oci.tar", "oci-layout://layout"]);
    await work.sealift(["process", "oci-archive://small.oci.tar", "dir://folder"]);
    const sources = [
      ...["oci-archive://small.oci.tar", "tar://saved.tar", "oci-layout://layout", "dir://folder"],
      `registry://${registry.host}/big:v1`,
    ];
    for (const source of sources) {
      expect(await work.json(["check", source]), source).toMatchObject({
        mode: "full",
        errors: 0,
        warnings: 0,
      });
    }
  });

  test("ends with 3 where content is not what its digest says, and with 1 on other errors", async () => {
    const damaged = new Map(smallLayout().files);
    const name = `blobs/sha256/${smallLayout().layers[0]?.digest.slice(7)}`;
    damaged.set(
      name,
      (damaged.get(name) as Uint8Array).map((byte) => byte ^ 1),
    );
    writeFileSync(work.at("damaged.oci.tar"), archiveOf(damaged));
    const { code, stdout } = await work.run(["check", "oci-archive://damaged.oci.tar"]);
    expect([code, stdout]).toEqual([3, expect.stringContaining("[layer-digest] layer 0: ")]);
    expect(stdout).toContain("Check complete (full): 1 error, 0 warnings.");
    writeFileSync(work.at("whiteout.tar"), dockerArchive([archive(rawMember({ name: ".wh." }))], "a:1"));
    expect((await work.run(["check", "tar://whiteout.tar"])).code).toBe(1);
    expect((await work.run(["check", "tar://whiteout.tar", "--fast"])).code).toBe(0);
  });
});

describe("ls and cat", () => {
  test("list folders and layers, long and recursive", async () => {
    const list = (...args: string[]) => work.sealift(["ls", "oci-archive://small.oci.tar", ...args]);
    expect(await list()).toBe("/data\n/etc/\n/hello\n");
    expect(await list("etc", "-l")).toBe(
      "lrw-r--r--  0:0  0  2023-11-14 22:13  /etc/issue -> motd\n-rw-r--r--  0:0  8  2023-11-14 22:13  /etc/motd\n",
    );
    expect(await list("-R")).toBe("/data\n/etc/\n/etc/issue\n/etc/motd\n/hello\n");
    expect(await list("--layer", "1")).toBe("/hello\n/data\n");
    const missing = await work.run(["ls", "oci-archive://small.oci.tar", "/opt/motd"]);
    expect([missing.code, missing.stderr]).toEqual([5, expect.stringContaining("There is /etc/motd.")]);
    const below = await work.run(["ls", "oci-archive://small.oci.tar", "etc", "--layer", "1"]);
    expect([below.code, below.stdout, below.stderr]).toEqual([
      5,
      "",
      "error[NOT_FOUND]: Cannot find etc: layer 1 has no such file\n",
    ]);
  });

  test.each([["cat"], ["ls"], ["ls", "--layer", "0"], ["ls", "--all-platforms"]])(
    "take no empty path for the root: %s %s",
    async (...args) => {
      const [command = "", ...options] = args;
      const { code, stdout, stderr } = await work.run([
        command,
        "oci-archive://small.oci.tar",
        "",
        ...options,
      ]);
      expect([code, stdout]).toEqual([2, ""]);
      expect(stderr).toBe(
        "error[USAGE]: Cannot read the image: the path is empty\nhint: The image's root is /.\n",
      );
    },
  );

  test("find a platform's image in an index inside an index", async () => {
    const source = ["cat", "oci-archive://nested.oci.tar", "/etc/motd"];
    expect(await work.sealift([...source, "--platform", "linux/arm64"])).toBe("welcome\n");
    expect((await work.run([...source, "--platform", "linux/s390x"])).stderr).toContain(
      "linux/amd64, linux/arm64",
    );
  });

  test("list each platform's files, or those of the one that is asked for", async () => {
    const list = (...args: string[]) => work.sealift(["ls", "oci-archive://two.oci.tar", "etc", ...args]);
    const files = "/etc/issue\n/etc/motd\n";
    expect(await list("--platform", "linux/arm64")).toBe(files);
    expect(await list("--all-platforms")).toBe(`linux/amd64:\n${files}\nlinux/arm64:\n${files}`);
    const { platforms } = await work.json(["ls", "oci-archive://two.oci.tar", "/etc", "--all-platforms"]);
    expect(platforms).toEqual(
      ["linux/amd64", "linux/arm64"].map((platform) => ({
        platform,
        files: ["etc/issue", "etc/motd"].map((path) => expect.objectContaining({ path })),
      })),
    );
    expect((await work.run(["ls", "oci-archive://two.oci.tar", "/no", "--all-platforms"])).code).toBe(5);
    const source = ["cat", "oci-archive://two.oci.tar", "/etc/motd"];
    expect(await work.sealift([...source, "--platform", "linux/arm64"])).toBe("welcome\n");
    expect((await work.run([...source, "--platform", "linux/s390x"])).code).toBe(5);
  });

  test("print a file as it is, and say why there is none", async () => {
    expect(
      (await bytesOf(["cat", "oci-archive://big.oci.tar", "etc/link", "--no-cache"])).equals(BINARY),
    ).toBe(true);
    const folder = await work.run(["cat", "oci-archive://big.oci.tar", "/etc", "--no-cache"]);
    expect([folder.code, folder.stdout]).toEqual([1, ""]);
    expect((await work.run(["cat", "oci-archive://big.oci.tar", "/nothing", "--no-cache"])).code).toBe(5);
    expect((await work.run(["ls", "oci-archive://big.oci.tar", "--layer", "7"])).code).toBe(5);
  });

  test("fetch of a layer in a registry the whole once, and then what they need", async () => {
    const source = `registry://${counting.host}/big:v1`;
    const start = counting.sent();
    expect((await bytesOf(["cat", source, "/etc/wanted"])).equals(BINARY)).toBe(true);
    const whole = counting.sent() - start;
    expect(whole).toBeGreaterThan(12_000_000);
    expect((await bytesOf(["cat", source, "/etc/wanted"])).equals(BINARY)).toBe(true);
    expect(await work.sealift(["ls", source, "/etc"])).toBe("/etc/link\n/etc/wanted\n");
    expect(counting.sent() - start - whole).toBeLessThan(whole / 5);
    expect((await bytesOf(["cat", source, "/etc/wanted", "--no-cache"])).equals(BINARY)).toBe(true);
    expect(counting.sent() - start).toBeGreaterThan(2 * whole);
  });
});

describe("diff", () => {
  test("ends with 0 where there is no difference, and with 1 where there is", async () => {
    const [a, b] = ["oci-archive://small.oci.tar", "oci-archive://big.oci.tar"];
    expect(await work.sealift(["diff", a, a])).toBe("No difference.\n");
    const { code, stdout } = await work.run(["diff", a, b, "--json"]);
    const { files, layers } = JSON.parse(stdout);
    expect([code, layers.shared]).toEqual([1, []]);
    expect(files.map(({ path, change }: { path: string; change: string }) => `${change} ${path}`)).toEqual([
      ...["removed data", "removed etc/issue", "added etc/link", "removed etc/motd", "added etc/wanted"],
      ...["added first", "removed hello", "added last"],
    ]);
    const digest = createHash("sha256").update(BINARY).digest("hex");
    expect(files[4].b.digest).toBe(`sha256:${digest}`);
    const text = (await work.run(["diff", a, b, "--files-only"])).stdout;
    expect(text).toContain("  - /hello  21 B\n");
    expect(text.endsWith("4 added, 4 removed, 0 changed\n")).toBe(true);
  });

  test("compares two indexes platform by platform", async () => {
    const [a, b] = ["oci-archive://two.oci.tar", "oci-archive://three.oci.tar"];
    expect(await work.sealift(["diff", a, a, "--all-platforms"])).toContain("linux/arm64\nNo difference.\n");
    const { code, stdout } = await work.run(["diff", a, b, "--all-platforms", "--json"]);
    const { platforms, ...rest } = JSON.parse(stdout);
    expect([code, rest]).toMatchObject([1, { equal: false, a: ["linux/amd64"], b: ["linux/riscv64"] }]);
    expect(platforms).toMatchObject([{ platform: "linux/arm64", equal: true }]);
    const text = (await work.run(["diff", a, b, "--all-platforms"])).stdout;
    expect(text).toBe("Platforms\n  - linux/amd64\n  + linux/riscv64\n\nlinux/arm64\nNo difference.\n");
  });

  test("compares two platforms of an image", async () => {
    const of = (arch: string) => `oci-archive://two.oci.tar?arch=${arch}`;
    const { code, stdout } = await work.run(["diff", of("amd64"), of("arm64")]);
    expect([code, stdout]).toEqual([1, "Config\n  - platform: linux/amd64\n  + platform: linux/arm64\n"]);
  });
});
