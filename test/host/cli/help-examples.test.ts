/** The examples of every help, run as they stand in a shell, with registries and a daemon of our own behind their names. */
import { spawn } from "node:child_process";
import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { archive, rawMember } from "../../unit/tar/raw.ts";
import { COMMAND, PASSWORD, type Result, type ServedRegistry, startRegistry, Workspace } from "./cli.ts";
import { FakeDaemon, legacySave } from "./docker-daemon.ts";
import { allCommands, examplesOf, topics } from "./help-pages.ts";
import { archiveOf, layoutOf } from "./images.ts";

/** Not run here: what listens until it is stopped, what asks a person, what is on somebody's web server. */
const NOT_HERE = [/^sealift serve/, /^sealift login [^|]*$/, /https:\/\/example\.com/];

/** Registries that the examples name. */
const HOSTS = /\b(?:127\.0\.0\.1:5050|docker\.io|ghcr\.io|registry\.example\.com)(?=[/ ]|$)/g;

const LAYERS = [
  archive(
    rawMember({ name: "etc/", type: "5", mode: "0000755\0" }),
    rawMember({ name: "etc/os-release" }, "ID=sealift\n"),
    rawMember({ name: "etc/shadow" }, "root:*\n"),
  ),
  archive(rawMember({ name: "hello" }, "hello\n"), rawMember({ name: "cert.pem" }, "PEM\n")),
];

const work = new Workspace();
const daemon = new FakeDaemon();
let registry: ServedRegistry;
let folders = 0;

const pages = await (async () => {
  const commands = (await allCommands(work)).map((words) => [...words, "--help"]);
  const found = [...commands, ...(await topics(work)).map((name) => ["help", name])];
  return Promise.all(
    found.map(async (words) => ({ page: words.join(" "), text: await work.sealift(words) })),
  );
})();

beforeAll(async () => {
  registry = await startRegistry(work);
  await daemon.start();
  daemon.images.set("app:1.0", legacySave(LAYERS, "app:1.0"));
  await prepare();
});
afterAll(async () => {
  daemon.close();
  await registry.stop();
  await work.dispose();
});

/** The files and images that the examples take for granted. */
async function prepare(): Promise<void> {
  for (const name of ["there/docs", "bin", "home"]) mkdirSync(work.at(name), { recursive: true });
  program("sealift", `exec '${process.execPath}' '${COMMAND}' "$@"`);
  program("jq", "exec cat");
  const at = (name: string) => work.at("there", name);
  const layout = layoutOf(LAYERS, { architectures: ["amd64", "arm64"], settings: { Cmd: ["/hello"] } });
  for (const name of ["app.tar", "old.tar", "new.tar"]) writeFileSync(at(name), archiveOf(layout.files));
  writeFileSync(at("docs/guide.md"), "# Guide\n");
  writeFileSync(at("install.sh"), "#!/bin/sh\n");
  const names = [
    "library/debian:bookworm",
    "library/busybox:1.36",
    "team/app:1.0",
    "team/web:1.0",
    "app:1.0",
  ];
  for (const name of names) {
    await work.sealift(["copy", "oci-archive://there/app.tar", `registry://${registry.host}/${name}`]);
  }
  const build = pages.find(({ page }) => page === "bundle build --help")?.text ?? "";
  const manifest = build.split("\nManifest:\n")[1]?.split("\n\n")[0] ?? "";
  writeFileSync(at("hello.sealift.yml"), here(manifest.replaceAll(/^ {2}/gm, "")));
  const host = "127.0.0.1:5050";
  for (const command of [
    "sealift key generate -o release",
    "sealift bundle build -f hello.sealift.yml",
    "sealift bundle sign hello.bundle --key release.key",
    `sealift bundle push hello.bundle ${host}/hello:1.0`,
    `sealift copy 'registry://${host}/team/*:1.0' oci-archive://team.tar`,
  ]) {
    expect(await shell(command, work.at("there"))).toMatchObject({ code: 0 });
  }
}

/** A program that the shell finds. */
function program(name: string, script: string): void {
  writeFileSync(work.at("bin", name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

const here = (text: string) => text.replaceAll(HOSTS, registry.host);

/** As a person would run it who has installed the command. */
function shell(command: string, cwd: string): Promise<Result> {
  const env = {
    PATH: `${work.at("bin")}:${process.env.PATH}`,
    HOME: work.at("home"),
    DOCKER_HOST: `unix://${daemon.socket}`,
    SEALIFT_KEY_PASSWORD: PASSWORD,
    TOKEN: "secret",
  };
  const child = spawn("sh", ["-c", here(command)], { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  const texts = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].on("data", (chunk) => {
      texts[name] += chunk;
    });
  }
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, ...texts })));
}

describe("the examples of", () => {
  it.each(pages)("`sealift $page` work as they stand", async ({ page, text }) => {
    const examples = examplesOf(text);
    expect(examples).not.toEqual([]);
    const cwd = work.at(`page-${folders++}`);
    cpSync(work.at("there"), cwd, { recursive: true });
    if (page.startsWith("key ")) for (const name of ["release.key", "release.pub"]) rmSync(`${cwd}/${name}`);
    for (const example of examples.filter((example) => !NOT_HERE.some((other) => other.test(example)))) {
      const { code, stderr } = await shell(example, cwd);
      // Two images that differ are diff's usual answer.
      const good = example.startsWith("sealift diff ") ? [0, 1] : [0];
      expect(good, `${example}: ${stderr}`).toContain(code);
    }
  });

  it("all pages are run but for the few that cannot be here", () => {
    const left = pages
      .flatMap(({ text }) => examplesOf(text))
      .filter((example) => NOT_HERE.some((other) => other.test(example)));
    expect(left.length).toBeLessThanOrEqual(4);
  });
});
