/** What the filters make of an image, beside umoci, skopeo and podman. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ServedRegistry, startRegistry, Workspace } from "../host/cli/cli.ts";
import { layoutOf, unpack, writeFolder } from "../host/cli/images.ts";
import { archive, rawMember } from "../unit/tar/raw.ts";
import { describeWith, run } from "./peer.ts";
import { podmanIn, skopeoIn } from "./programs.ts";
import { plainLayer, richLayer, whiteouts } from "./rich-layer.ts";
import { treeSnapshot } from "./tree-snapshot.ts";

const isRoot = process.geteuid?.() === 0;
const times = { mtime: 1_650_000_000 };

const LAYERS: readonly Uint8Array[] = [
  richLayer(),
  whiteouts(),
  archive(
    rawMember({ name: "tmp/", type: "5", mode: "0001777\0", ...times }),
    rawMember({ name: "tmp/.wh.new", ...times }),
    rawMember({ name: "tmp/newer", ...times }, "newer"),
    rawMember({ name: "tmp/newest", type: "1", linkname: "tmp/newer", ...times }),
    rawMember({ name: "owned", ...times }, "by another now"),
  ),
];

let work: Workspace;
let registry: ServedRegistry;
beforeAll(async () => {
  work = new Workspace();
  registry = await startRegistry(work);
  writeFolder(work.at("image"), layoutOf(LAYERS).files);
});
afterAll(async () => {
  await registry.stop();
  await work.dispose();
});

async function umociTree(layout: string): Promise<readonly string[]> {
  await run("umoci", ["unpack", "--image", `${layout}:v1`, `${layout}-bundle`], { cwd: work.path });
  return treeSnapshot(work.at(`${layout}-bundle/rootfs`));
}

function filtered(to: string, ...filters: string[]): Promise<string> {
  const flags = filters.flatMap((filter) => ["-f", filter]);
  return work.sealift(["process", "oci-layout://image", `oci-layout://${to}#v1`, ...flags]);
}

describeWith(["umoci", "getfattr"], "umoci unpacks", () => {
  test.runIf(isRoot)("the same tree of a squashed image, or of one squashed in part", async () => {
    const expected = await umociTree("image");
    await filtered("squashed", "squash");
    await filtered("squashed-in-part", "squash:from=1");
    expect(await umociTree("squashed")).toEqual(expected);
    expect(await umociTree("squashed-in-part")).toEqual(expected);
  });

  test.runIf(isRoot)("the same tree where a squashed layer links to a file of those below", async () => {
    const links = archive(rawMember({ name: "tmp/linked", type: "1", linkname: "bin/tool", ...times }));
    const more = archive(rawMember({ name: "tmp/more", ...times }, "more"));
    writeFolder(work.at("linking"), layoutOf([richLayer(), links, more]).files);
    await work.sealift(["process", "oci-layout://linking", "oci-layout://linked#v1", "-f", "squash:from=1"]);
    expect(await umociTree("linked")).toEqual(await umociTree("linking"));
  });

  test.runIf(isRoot)("what is left of an image, to the last attribute", async () => {
    writeFolder(work.at("whole"), layoutOf([LAYERS[0] as Uint8Array]).files);
    const whole = await umociTree("whole");
    const spec = "exclude:pattern=bin/tool,tmp,**/日本*";
    await work.sealift(["process", "oci-layout://whole", "oci-layout://left#v1", "-f", spec]);
    const left = await umociTree("left");
    // A folder that is there for the sake of what lies in it goes with that.
    const gone = /^(bin\/tool|tmp|größe|größe\/日本[^|]*) \|/;
    expect(left).toEqual(whole.filter((line) => !gone.test(line)));
    expect(whole.length - left.length).toBe(4);
  });
});

describeWith(["skopeo"], "skopeo takes", () => {
  test.each(["zstd", "gzip,level=1", "none"])(
    "an image of Docker's types with its layers as %s",
    async (format) => {
      const skopeo = skopeoIn(work.path);
      const name = format.replace(/\W/g, "-");
      const plain = `plain-${name}`;
      writeFolder(work.at(plain), layoutOf([plainLayer(), whiteouts()]).files);
      const there = `${registry.host}/docker:${name}`;
      await skopeo("copy", "--format", "v2s2", `oci:${plain}:v1`, `docker://${there}`);
      const spec = `recompress:format=${format}`;
      await work.sealift(["process", `registry://${there}`, `registry://${there}-again`, "-f", spec]);
      await skopeo("copy", `docker://${there}-again`, `dir:${name}`);
      const manifest = JSON.parse(readFileSync(work.at(`${name}/manifest.json`), "utf8"));
      const family = format === "zstd" ? /^application\/vnd\.oci\.image/ : /^application\/vnd\.docker/;
      const types = [manifest, manifest.config, ...manifest.layers].map(({ mediaType }) => mediaType);
      expect(types.filter((type) => !family.test(type))).toEqual([]);
      expect(manifest.layers[0].mediaType).toMatch({ zstd: /zstd$/, none: /diff\.tar$/ }[format] ?? /gzip$/);
    },
  );
});

describeWith(["podman"], "podman loads", () => {
  test("what exclude and squash leave", async () => {
    writeFolder(work.at("for-podman"), layoutOf([plainLayer(), whiteouts()]).files);
    const to = "tar://for-podman.tar";
    const filters = [
      "-f",
      "exclude:pattern=bin/tool,null",
      "-f",
      "squash",
      "-f",
      "annotate:config.label.a=b",
    ];
    await work.sealift(["process", "oci-layout://for-podman", to, ...filters]);
    const podman = podmanIn(work.path);
    const { stdout } = await podman("load", "-i", "for-podman.tar");
    const [id = ""] = /[0-9a-f]{64}/.exec(stdout) ?? [];
    const [entry] = JSON.parse(
      readFileSync(`${unpack(work.at("for-podman.tar"), work.at("loaded"))}/manifest.json`, "utf8"),
    );
    expect(entry.Config).toContain(id);
    const inspected = await podman("inspect", "--format", "{{.Config.Labels.a}} {{len .RootFS.Layers}}", id);
    expect(inspected.stdout.trim()).toBe("b 1");
  });
});
