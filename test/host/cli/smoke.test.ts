/** The built command on each Node it promises to run on, as a user without this repository has it. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { installedNodes } from "../../hosts/nodes.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "smoke-"));
  for (const file of [
    "cli.js",
    "cli",
    "pool-worker.js",
    ...readdirSync(join(root, "dist")).filter((name) => name.endsWith(".wasm")),
  ]) {
    const built = join(root, "dist", file);
    if (!existsSync(built)) throw new Error(`${built} is not there: npm run build`);
    cpSync(built, join(folder, file), { recursive: true });
  }
  cpSync(join(root, "examples/hello"), join(folder, "hello"), { recursive: true });
  writeImage(join(folder, "image"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each([...installedNodes()])("the built command on Node %s", (version, node) => {
  const at = (name: string) => `${version}-${name}`;
  const sealift = (...args: string[]) =>
    spawnSync(node, [join(folder, "cli.js"), ...args], {
      cwd: folder,
      encoding: "utf8",
      env: { PATH: process.env.PATH, HOME: folder, SEALIFT_KEY_PASSWORD: "" },
    });

  it("tells its version, in silence otherwise", () => {
    const { version: expected } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    expect(sealift("--version")).toMatchObject({ status: 0, stdout: `${expected}\n`, stderr: "" });
  });

  it("loads the library's entries", () => {
    const entries = ["index", "edge", "node"].map((name) => join(root, "dist", `${name}.js`));
    const script = `for (const path of ${JSON.stringify(entries)}) console.log(Object.keys(await import(path)).length > 0);`;
    const result = spawnSync(node, ["--input-type=module", "-e", script], { encoding: "utf8" });
    expect(result).toMatchObject({ status: 0, stdout: "true\ntrue\ntrue\n" });
  });

  it("builds, signs and verifies a bundle, and refuses it changed", () => {
    const bundle = at("hello.bundle");
    const key = at("key");
    const succeed = (...args: string[]) => expect(sealift(...args)).toMatchObject({ status: 0 });
    succeed("key", "generate", "-o", key);
    succeed("bundle", "build", "-f", "hello/hello.sealift.yml", "-o", bundle);
    succeed("bundle", "sign", bundle, "--key", `${key}.key`);
    succeed("bundle", "verify", bundle, "--key", `${key}.pub`);
    const bytes = readFileSync(join(folder, bundle));
    const place = bytes.indexOf("Every byte of this");
    expect(place).toBeGreaterThan(0);
    bytes[place] = 0x65;
    writeFileSync(join(folder, bundle), bytes);
    expect(sealift("bundle", "verify", bundle, "--key", `${key}.pub`)).toMatchObject({ status: 3 });
  });

  it("rewrites an image to the same bytes as every other Node", () => {
    const out = at("out.tar");
    const result = sealift(
      "process",
      "oci-layout://image",
      `tar://${out}`,
      "-f",
      "normalize-timestamps:ts=0",
    );
    expect(result).toMatchObject({ status: 0 });
    const digest = createHash("sha256")
      .update(readFileSync(join(folder, out)))
      .digest("hex");
    const known = join(folder, "expected");
    if (!existsSync(known)) writeFileSync(known, digest);
    expect(digest).toBe(readFileSync(known, "utf8"));
  });
});

/** An OCI layout of one layer, made by the machine's tar. */
function writeImage(layout: string): void {
  const blobs = join(layout, "blobs/sha256");
  mkdirSync(blobs, { recursive: true });
  mkdirSync(join(folder, "rootfs"));
  writeFileSync(join(folder, "rootfs/hello.txt"), "hello\n".repeat(10_000));
  const layer = spawnSync("tar", ["-C", join(folder, "rootfs"), "-c", "."]).stdout;
  const put = (bytes: Buffer, mediaType: string) => {
    const hex = createHash("sha256").update(bytes).digest("hex");
    writeFileSync(join(blobs, hex), bytes);
    return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
  };
  const json = (value: object) => Buffer.from(JSON.stringify(value));
  const layerDescriptor = put(layer, "application/vnd.oci.image.layer.v1.tar");
  const config = put(
    json({
      architecture: "amd64",
      os: "linux",
      rootfs: { type: "layers", diff_ids: [layerDescriptor.digest] },
    }),
    "application/vnd.oci.image.config.v1+json",
  );
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const manifest = put(json({ schemaVersion: 2, mediaType, config, layers: [layerDescriptor] }), mediaType);
  writeFileSync(join(layout, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
  writeFileSync(join(layout, "index.json"), json({ schemaVersion: 2, manifests: [manifest] }));
}
