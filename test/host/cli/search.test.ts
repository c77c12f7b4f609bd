/** `sealift search`, and the filters and options that only the command has. */
import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { archive, rawHeader, rawMember } from "../../unit/tar/raw.ts";
import { type ServedRegistry, startRegistry, Workspace } from "./cli.ts";
import { archiveOf, checkedLayout, layoutOf, unpack } from "./images.ts";

const layout = layoutOf([
  archive(
    rawMember({ name: "bin/", type: "5" }),
    rawMember({ name: "bin/sh" }, "shell"),
    rawMember({ name: "bin/ash", type: "1", linkname: "bin/sh" }),
    rawMember({ name: "etc/sh", type: "2", linkname: "../bin/sh" }),
    rawHeader({ name: "dev/sh", type: "3" }),
    rawMember({ name: "sh/", type: "5" }),
  ),
  archive(rawMember({ name: "srv/push" }, "four")),
]);
const [first, second] = layout.diffIds;

let work: Workspace;
let registry: ServedRegistry;
const sealift = (...args: string[]) => work.sealift(args);

beforeAll(async () => {
  work = new Workspace();
  registry = await startRegistry(work);
  writeFileSync(work.at("app.tar"), archiveOf(layout.files));
  await sealift("process", "oci-archive://app.tar", `registry://${registry.host}/team/app:v1`);
});
afterAll(async () => {
  await registry.stop();
  await work.dispose();
});

describe("search", () => {
  it("groups what it finds by layer, with types and targets", async () => {
    expect(await sealift("search", "oci-archive://app.tar", "*sh")).toBe(
      `Layer: ${first}\n` +
        "  bin/sh (file, 5 bytes)\n  bin/ash -> bin/sh (hardlink)\n  etc/sh -> ../bin/sh (symlink)\n" +
        `  dev/sh (character device)\n  sh (directory)\n\nLayer: ${second}\n  srv/push (file, 4 bytes)\n\n` +
        "Found 6 matches in 2 layers.\n",
    );
    expect(await sealift("search", "oci-archive://app.tar", "srv/*")).toMatch(
      /Found 1 match in 1 layer\.\n$/,
    );
  });

  it("prints a line for each match for scripts, and nothing where there is none", async () => {
    const uri = `registry://${registry.host}/team/app:v1`;
    const found = await sealift("search", uri, "^srv/|ash$", "--regex", "--script-friendly");
    const line = (layer = "", path: string) => `${registry.host}/team/app:v1:${layer.slice(7)}:${path}\n`;
    expect(found).toBe(line(first, "bin/ash") + line(second, "srv/push"));
    expect(await sealift("search", uri, "nothing", "--script-friendly")).toBe("");
    expect(await sealift("search", uri, "nothing")).toBe("No matches found.\n");
  });

  it("prints JSON", async () => {
    expect(await work.json(["search", "oci-archive://app.tar", "etc/*"])).toMatchObject({
      schema: 1,
      layers: [{ layer: first, paths: [{ path: "etc/sh", type: "symlink", target: "../bin/sh" }] }],
    });
  });

  it("warns of a layer that cannot be read, and succeeds", async () => {
    const files = new Map(layout.files);
    const name = `blobs/sha256/${layout.layers[0]?.digest.slice(7)}`;
    files.set(name, Uint8Array.from(files.get(name) as Uint8Array).fill(7, 20, 30));
    writeFileSync(work.at("damaged.tar"), archiveOf(files));
    const { code, stdout, stderr } = await work.run(["search", "oci-archive://damaged.tar", "push"]);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/Found 1 match in 1 layer\.\n$/)]);
    expect(stderr).toMatch(/warning: Cannot search layer sha256:/);
  });

  it("refuses a pattern that is none", async () => {
    const { code, stderr } = await work.run(["search", "oci-archive://app.tar", "(", "--regex"]);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/Cannot use pattern "\("/)]);
  });
});

describe("process with filters", () => {
  it("shows what search finds, and appends what inspect sees", async () => {
    const filters = ["-f", "search:pattern=bin/*", "-f", "inspect:file=log.jsonl"];
    const run = () => work.run(["process", "oci-archive://app.tar", "oci-archive://same.tar", ...filters]);
    const { stderr } = await run();
    expect(stderr).toMatch(/Layer: sha256:\w+\n {2}bin\/sh \(file, 5 bytes\)/);
    await run();
    const records = readFileSync(work.at("log.jsonl"), "utf8").trim().split("\n");
    expect(records).toHaveLength(2);
    expect(JSON.parse(records[0] as string).layers[1].Id).toBe(first);
  });

  it("tells programs what was excluded", async () => {
    const args = [
      "process",
      "oci-archive://app.tar",
      "oci-archive://less.tar",
      "-f",
      "exclude:pattern=bin/sh",
    ];
    const { stderr } = await work.run([...args, "--log-format", "json"]);
    const events = stderr
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(events).toContainEqual(
      expect.objectContaining({ level: "info", event: "excluded", layer: first, members: 1, links: 1 }),
    );
    checkedLayout(unpack(work.at("less.tar"), work.at("less")));
  });

  it.each([
    ["--compression", ["oci-archive://zstd-1.tar", "--compression", "zstd"], {}],
    ["the environment", ["oci-archive://zstd-2.tar"], { OCCYSTRAP_COMPRESSION: "zstd" }],
  ])("compresses layers as %s says", async (_, args, env) => {
    const { layers } = await work.json(["process", "oci-archive://app.tar", ...args], { env });
    const [to = ""] = args;
    const path = to.slice("oci-archive://".length);
    const image = checkedLayout(unpack(work.at(path), work.at(`${path}.unpacked`)));
    expect(image.config).toBe(layout.config.digest);
    expect(image.layers).toEqual(layers.map(({ digest }: { digest: string }) => digest));
    expect(image.layers).not.toEqual(layout.layers.map(({ digest }) => digest));
  });

  it("compresses for a registry as its URI says", async () => {
    const to = `registry://${registry.host}/team/zstd:v1`;
    await sealift("process", "oci-archive://app.tar", `${to}?compression=zstd`);
    const manifest = await fetch(`${registry.url}/v2/team/zstd/manifests/v1`);
    const { layers, config } = (await manifest.json()) as { layers: { mediaType: string }[]; config: object };
    expect(layers.map(({ mediaType }) => mediaType.split("+")[1])).toEqual(["zstd", "zstd"]);
    expect(config).toMatchObject({ digest: layout.config.digest });
    const { code } = await work.run(["process", "oci-archive://app.tar", `${to}?compression=xz`]);
    expect(code).toBe(2);
  });

  it("has a help that lists the filters", async () => {
    const help = await sealift("help", "filters");
    for (const name of [
      "exclude",
      "squash",
      "search",
      "inspect",
      "annotate",
      "recompress",
      "only-platform",
    ]) {
      expect(help).toMatch(new RegExp(`^ {2}${name}[:[]`, "m"));
    }
  });
});
