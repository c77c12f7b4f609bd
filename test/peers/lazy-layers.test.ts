/** Layers with tables of contents that other programs made, in a registry that is not ours. */
import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Workspace } from "../host/cli/cli.ts";
import { type Counting, countingProxy } from "../host/cli/counting.ts";
import { sha256, writeFolder } from "../host/cli/images.ts";
import { archive, rawMember } from "../unit/tar/raw.ts";
import { describeService, describeWith, run, type Service, temporaryFolder } from "./peer.ts";
import { podmanIn, type RegistryService, startDockerRegistry } from "./programs.ts";
import { richLayer } from "./rich-layer.ts";

const NOISE = randomBytes(6_000_000);
/** Everything a tar can say of a file, and files that are worth not being fetched. */
const TAR = archive(
  richLayer().subarray(0, -1024),
  rawMember({ name: "noise" }, NOISE),
  rawMember({ name: "wanted" }, "found\n"),
  rawMember({ name: "more" }, randomBytes(6_000_000)),
);

/** stargz-snapshotter's own library, which nerdctl and ctr-remote convert images with. */
const ESTARGZ_MODULE = "github.com/containerd/stargz-snapshotter/estargz@v0.19.1";
const CONVERTER = `package main

import (
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/containerd/stargz-snapshotter/estargz"
)

func main() {
	in, err := os.Open(os.Args[1])
	check(err)
	info, err := in.Stat()
	check(err)
	chunk, _ := strconv.Atoi(os.Args[3])
	least, _ := strconv.Atoi(os.Args[4])
	blob, err := estargz.Build(io.NewSectionReader(in, 0, info.Size()),
		estargz.WithChunkSize(chunk), estargz.WithMinChunkSize(least))
	check(err)
	out, err := os.Create(os.Args[2])
	check(err)
	_, err = io.Copy(out, blob)
	check(err)
	check(blob.Close())
	fmt.Println(blob.TOCDigest(), blob.DiffID())
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
`;

type ListedFile = { readonly path: string; readonly type: string; readonly size: number };

interface Converter extends Service {
  /** Prints the table's digest and the diff_id. */
  convert(tar: string, blob: string, chunk: number, least: number): Promise<readonly [string, string]>;
}

async function buildConverter(): Promise<Converter> {
  const folder = temporaryFolder("sealift-go-");
  try {
    const go = (...args: string[]) => run("go", args, { cwd: folder.path, timeout: 240_000 });
    writeFileSync(join(folder.path, "main.go"), CONVERTER);
    await go("mod", "init", "converter");
    await go("get", ESTARGZ_MODULE);
    await go("build", "-o", "converter", ".");
  } catch (error) {
    await folder.dispose();
    throw error;
  }
  return {
    async convert(tar, blob, chunk, least) {
      const { stdout } = await run(join(folder.path, "converter"), [tar, blob, `${chunk}`, `${least}`]);
      return stdout.trim().split(" ") as [string, string];
    },
    stop: folder.dispose,
    output: () => "",
  };
}

let work: Workspace;
let registry: RegistryService;
let counting: Counting;

/** A command that prints the file, and the bytes it made the registry send. */
async function fetchedBy(name: string, ...options: string[]): Promise<number> {
  const before = counting.sent();
  const source = `registry://${counting.host}/${name}:v1`;
  expect(await work.sealift(["cat", source, "/wanted", ...options])).toBe("found\n");
  return counting.sent() - before;
}

/** Fetched in parts, the first time and the second; what is in it is what tar finds, and `check` agrees. */
async function expectLazy(name: string, share: number): Promise<void> {
  const source = `registry://${counting.host}/${name}:v1`;
  const { layers } = await work.json(["info", source]);
  expect(await fetchedBy(name, "--no-cache")).toBeLessThan(layers[0].size * share);
  const first = await fetchedBy(name);
  expect(await fetchedBy(name)).toBeLessThan(first);
  const { errors, results } = await work.json(["check", source]);
  expect(errors).toBe(0);
  expect(results).toContainEqual(expect.objectContaining({ check: "toc", severity: "info" }));
  const { files } = await work.json(["ls", source, "-R", "--no-cache"]);
  // To tar a hard link has no content of its own.
  const texts = files.filter(
    ({ path, type, size }: ListedFile) => type === "file" && size > 1 && size < 1_000 && path !== "bin/again",
  );
  expect(texts.length).toBeGreaterThan(8);
  for (const { path } of texts) {
    const { stdout: theirs } = await run("tar", ["-xOf", work.at("layer.tar"), path]);
    expect(await work.sealift(["cat", source, path]), path).toBe(theirs);
  }
}

describeWith(["docker-registry"], "in docker-registry", async () => {
  beforeAll(async () => {
    work = new Workspace();
    registry = await startDockerRegistry(work.at("registry"));
    counting = await countingProxy(`http://${registry.host}`);
    writeFileSync(work.at("layer.tar"), TAR);
  });
  afterAll(async () => {
    counting?.stop();
    await registry?.stop();
    await work?.dispose();
  });

  describeWith(["podman"], "podman's zstd:chunked", () => {
    test("is fetched in parts", async () => {
      const podman = podmanIn(work.at("podman"));
      await podman("import", work.at("layer.tar"), "localhost/imported:1");
      const target = `docker://${registry.host}/podman:v1`;
      await podman(
        "push",
        "--tls-verify=false",
        "--compression-format=zstd:chunked",
        "localhost/imported:1",
        target,
      );
      await expectLazy("podman", 0.01);
    });
  });

  await describeService("go", buildConverter, "stargz-snapshotter's eStargz", (converter) => {
    test.each([
      ["a member for each file", "each", 0, 0.01],
      ["files that share members", "shared", 100_000, 0.2],
    ])("with %s is fetched in parts", async (_, name, least, share) => {
      const blob = work.at(`${name}.esgz`);
      const [toc, diffId] = await converter().convert(work.at("layer.tar"), blob, 1_000_000, least);
      const annotations = { "containerd.io/snapshot/stargz/toc.digest": toc };
      writeFolder(work.at(name), layout(readFileSync(blob), diffId, annotations));
      await work.sealift(["copy", `oci-layout://${name}`, `registry://${registry.host}/${name}:v1`]);
      await expectLazy(name, share);
    });
  });
});

/** A layout whose only layer is this gzip blob. */
function layout(blob: Uint8Array, diffId: string, annotations: object): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  const add = (mediaType: string, content: Uint8Array, more: object = {}) => {
    files.set(`blobs/sha256/${sha256(content)}`, content);
    return { mediaType, digest: `sha256:${sha256(content)}`, size: content.length, ...more };
  };
  const json = (value: object) => new TextEncoder().encode(JSON.stringify(value));
  const config = json({ architecture: "amd64", os: "linux", rootfs: { type: "layers", diff_ids: [diffId] } });
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const manifest = json({
    schemaVersion: 2,
    mediaType,
    config: add("application/vnd.oci.image.config.v1+json", config),
    layers: [add("application/vnd.oci.image.layer.v1.tar+gzip", blob, { annotations })],
  });
  files.set("oci-layout", json({ imageLayoutVersion: "1.0.0" }));
  files.set("index.json", json({ schemaVersion: 2, manifests: [add(mediaType, manifest)] }));
  return files;
}
