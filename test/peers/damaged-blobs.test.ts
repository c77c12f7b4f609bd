/** A registry's storage that was damaged: what cannot be pulled from there is not called verified, nor tagged. */
import { copyFile, readdir, stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Workspace } from "../host/cli/cli.ts";
import { describeWith, run } from "./peer.ts";
import { type RegistryService, startDockerRegistry } from "./programs.ts";
import { makeSampleImage } from "./sample-image.ts";

describeWith(["docker-registry", "skopeo"], "docker-registry, of which a blob's file was cut", () => {
  let work: Workspace;
  let registry: RegistryService;
  let file: string;

  beforeAll(async () => {
    work = new Workspace();
    await makeSampleImage(work.at("layout"), "v1", 4_000_000);
    registry = await startDockerRegistry(work.at("registry"));
    await copy("x:before");
    file = await largestFile(work.at("registry", "data"));
    await copyFile(file, work.at("whole"));
  });
  afterAll(async () => {
    await registry?.stop();
    await work.dispose();
  });

  async function largestFile(folder: string): Promise<string> {
    const names = await readdir(folder, { recursive: true });
    const data = names.filter((name) => name.endsWith("/data")).map((name) => join(folder, name));
    const sizes = await Promise.all(data.map(async (path) => (await stat(path)).size));
    return data[sizes.indexOf(Math.max(...sizes))] as string;
  }

  const copy = (name: string, ...flags: string[]) =>
    work.run(["copy", "oci-layout://layout#v1", `registry://${registry.host}/${name}`, ...flags]);
  const tagged = async (name: string, tag: string) =>
    (await fetch(`http://${registry.host}/v2/${name}/manifests/${tag}`, { method: "HEAD" })).ok;
  const pulled = (name: string) =>
    run(
      "skopeo",
      [
        "--insecure-policy",
        "copy",
        "--all",
        "--src-tls-verify=false",
        `docker://${registry.host}/${name}`,
        `oci:${work.at("pulled")}:v1`,
      ],
      { allowFailure: true },
    );

  test.each([
    ["where it was there, also unverified", "x", ["--no-verify"], /^error\[SIZE_MISMATCH\]/m],
    ["where it was there", "x", [], /^error\[SIZE_MISMATCH\]/m],
    ["where it is uploaded, and kept as it was", "y", [], /^error\[VERIFICATION_FAILED\]/m],
  ])("takes no image with it %s", async (_, name, flags, error) => {
    const { size } = await stat(work.at("whole"));
    await truncate(file, size - 1000);
    expect((await pulled("x:before")).code).not.toBe(0);
    const { code, stderr } = await copy(`${name}:after`, ...flags);
    expect(code).toBe(3);
    expect(stderr).toMatch(error);
    expect(stderr).toContain(`the registry says that it has ${size - 1000} bytes, expected ${size}`);
    expect(await tagged(name, "after")).toBe(false);
  });

  test("has what was mounted found out too", async () => {
    const { size } = await stat(work.at("whole"));
    await truncate(file, size - 1000);
    const from = `registry://${registry.host}/x:before`;
    const { code, stderr } = await work.run(["copy", from, `registry://${registry.host}/mounted:1`]);
    expect(code).toBe(3);
    expect(stderr).toMatch(/^error\[VERIFICATION_FAILED\]/m);
    expect(await tagged("mounted", "1")).toBe(false);
  });

  test("takes it again when the file is right again", async () => {
    await copyFile(work.at("whole"), file);
    expect(await copy("y:healed")).toMatchObject({ code: 0, stderr: "" });
    expect((await pulled("y:healed")).code).toBe(0);
  });
});
