/** occystrap's first commands, which scripts still call. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ServedRegistry, startRegistry, Workspace } from "./cli.ts";
import { expectFailure } from "./failure.ts";
import { archiveOf, checkedDockerSave, fileDigest, smallLayout, unpack } from "./images.ts";

let work: Workspace;
let registry: ServedRegistry;

beforeAll(async () => {
  work = new Workspace();
  registry = await startRegistry(work);
  writeFileSync(work.at("app.tar"), archiveOf(smallLayout().files));
  await work.sealift(["process", "oci-archive://app.tar", `registry://${registry.host}/team/app:v1`]);
  await work.sealift(["process", "oci-archive://app.tar", "tar://saved.tar"]);
});
afterAll(async () => {
  await registry.stop();
  await work.dispose();
});

describe("the old commands", () => {
  it("fetch-to-tarfile makes what process makes, and says how it is called now", async () => {
    const { code, stderr } = await work.run([
      ...["--os", "linux", "--architecture", "amd64"],
      ...["fetch-to-tarfile", registry.host, "team/app", "v1", "old.tar", "--normalize-timestamps"],
      ...["--timestamp", "1"],
    ]);
    expect(code).toBe(0);
    const uri = `registry://${registry.host}/team/app:v1`;
    expect(stderr).toBe(
      `warning: fetch-to-tarfile is an old name; use: sealift process ${uri} tar://old.tar ` +
        "-f normalize-timestamps:ts=1 --os linux --architecture amd64\n",
    );
    await work.sealift(["process", uri, "tar://new.tar", "-f", "normalize-timestamps:ts=1"]);
    expect(fileDigest(work.at("old.tar"))).toBe(fileDigest(work.at("new.tar")));
  });

  it("fetch-to-extracted and tarfile-to-extracted take their options along", async () => {
    const options = ["--use-unique-names", "--expand"];
    await work.sealift(["fetch-to-extracted", registry.host, "team/app", "v1", "fetched", ...options]);
    expect(existsSync(work.at("fetched/manifest-team_app-v1/hello"))).toBe(true);
    await work.sealift(["tarfile-to-extracted", "saved.tar", "extracted"]);
    checkedDockerSave(work.at("extracted"));
  });

  it("fetch-to-oci makes a runtime bundle", async () => {
    await work.sealift(["fetch-to-oci", registry.host, "team/app", "v1", "runtime"]);
    expect(JSON.parse(readFileSync(work.at("runtime/config.json"), "utf8")).root.path).toBe("rootfs");
  });

  it("take a path as it is, whatever a URI would make of it", async () => {
    const result = await work.run(["fetch-to-tarfile", registry.host, "team/app", "v1", "a %2F#b?.tar"]);
    expect(result.stderr).toContain("'tar://a %252F%23b%3F.tar'");
    checkedDockerSave(unpack(work.at("a %2F#b?.tar"), work.at("odd-name")));
  });

  it("print JSON as the new ones do, and no password", async () => {
    const args = ["fetch-to-tarfile", registry.host, "team/app", "v1", "json.tar"];
    const { stdout, stderr } = await work.run([...args, "--username", "u", "--password", "s3cret", "--json"]);
    expect(JSON.parse(stdout).layers).toHaveLength(2);
    expect(stderr).not.toContain("s3cret");
  });

  it.each([
    ["docker-to-tarfile", ["app", "v1", "x.tar"], "docker://app:v1?socket=%2Fnone tar://x.tar"],
    ["docker-to-extracted", ["app", "v1", "x"], "docker://app:v1?socket=%2Fnone dir://x"],
    ["docker-to-oci", ["app", "v1", "x"], "docker://app:v1?socket=%2Fnone oci://x"],
  ])("%s asks the daemon at --socket", async (name, args, uris) => {
    const { code, stderr } = await work.run([name, ...args, "--socket", "/none"]);
    const [source, destination] = uris.split(" ");
    expect(stderr).toContain(`sealift process '${source}' ${destination}\n`);
    expect(stderr).toContain("error[UNREACHABLE]");
    expect(code).toBe(5);
  });

  it.each([
    ["search-layers", ["r.example.com", "app", "v1", "*.sh"], "registry://r.example.com/app:v1 '*.sh'"],
    ["search-layers-tarfile", ["missing.tar", "*.sh"], "tar://missing.tar '*.sh'"],
    ["search-layers-docker", ["app", "v1", "*.sh"], "docker://app:v1 '*.sh'"],
  ])("%s is search", async (name, args, now) => {
    const { stderr } = await work.run([name, ...args, "--regex", "--script-friendly", "--insecure"], {
      env: { DOCKER_HOST: "unix:///none", HTTPS_PROXY: "http://127.0.0.1:1" },
    });
    expect(stderr).toContain(`use: sealift search ${now} --regex --script-friendly --insecure\n`);
  });

  it("are not listed in the help, and refuse what they do not know", async () => {
    expect(await work.sealift(["--help"])).not.toContain("fetch-to");
    expect(await work.sealift(["help", "fetch-to-oci"])).toContain("Usage: sealift fetch-to-oci");
    await expectFailure(work, ["fetch-to-tarfile", "host", "image"], { code: "USAGE", exit: 2 });
    await expectFailure(work, ["fetch-to-nowhere"], { code: "USAGE", exit: 2 });
  });
});
