/** zstd between us and others: what they wrote we read, what we write they read. */
import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadKernels } from "../../cli/host/kernels.ts";
import { collect, streamOf } from "../../src/bytes/stream.ts";
import { unzstd } from "../../src/compression/zstd.ts";
import { isSealiftError } from "../../src/error.ts";
import { ZSTD_FRAME_SIZE } from "../../src/kernel/kernels.ts";
import { mixture, prose } from "../contract/kernels-input.ts";
import { type ServedRegistry, startRegistry, Workspace } from "../host/cli/cli.ts";
import {
  archiveOf,
  checkedDockerSave,
  checkedLayout,
  layoutOf,
  sha256,
  unpack,
  writeFolder,
} from "../host/cli/images.ts";
import { describeWith, run, type Service, temporaryFolder } from "./peer.ts";
import {
  podmanIn,
  type RegistryService,
  skopeoIn,
  startContainerd,
  startDockerRegistry,
} from "./programs.ts";
import { richLayer, whiteouts } from "./rich-layer.ts";

const kernels = await loadKernels();
const encoder = await kernels.zstd.encoder();
const read = (bytes: Uint8Array, limit = 1 << 26) => collect(unzstd(streamOf(bytes), kernels), limit);
const NORMAL = ["-f", "normalize-timestamps:ts=1000000000"];

/** Frames as `process` would write them, one after the other. */
function written(data: Uint8Array): Buffer {
  const frames: Uint8Array[] = [];
  for (let at = 0; at < data.length; at += ZSTD_FRAME_SIZE)
    frames.push(encoder.frame(data.subarray(at, at + ZSTD_FRAME_SIZE)));
  return Buffer.concat(frames);
}

let work: Workspace;
let registry: ServedRegistry;
const tars = [richLayer(), whiteouts()];
const image = layoutOf(tars, { compression: { name: "zstd", compress: written } });
beforeAll(async () => {
  work = new Workspace();
  registry = await startRegistry(work);
  writeFileSync(work.at("ours.oci.tar"), archiveOf(image.files));
  writeFolder(work.at("ours"), image.files);
  await work.sealift(["process", "oci-archive://ours.oci.tar", `registry://${registry.host}/ours:v1`]);
});
afterAll(async () => {
  await registry.stop();
  await work.dispose();
});

describeWith(["zstd"], "zstd", () => {
  const data = mixture(9_000_000, 11);
  const pack = async (...options: string[]) => {
    await run("zstd", ["-q", "-f", ...options, work.at("data"), "-o", work.at("data.zst")]);
    return readFileSync(work.at("data.zst"));
  };
  beforeAll(() => writeFileSync(work.at("data"), data));

  test.each([
    "-1",
    "-3",
    "-19",
    "--fast=5",
    "--ultra -22 --long=27",
    "-3 -T4 -B1MB",
    "--rsyncable -T2",
    "--no-check",
    "--no-content-size",
    "--long=27 --adapt",
    "--target-compressed-block-size=2000",
  ])("writes what we read: %s", async (options) => {
    expect(Buffer.from(await read(await pack(...options.split(" ")))).equals(data)).toBe(true);
  });

  test("writes an empty file, and files joined, that we read", async () => {
    writeFileSync(work.at("empty"), "");
    await run("zstd", ["-q", "-f", work.at("empty"), "-o", work.at("empty.zst")]);
    const empty = readFileSync(work.at("empty.zst"));
    const joined = Buffer.concat([empty, await pack("-1"), empty, await pack("-5", "--no-check"), empty]);
    expect(Buffer.from(await read(joined)).equals(Buffer.concat([data, data]))).toBe(true);
  });

  test("writes windows above 128 MiB only when told to, which are refused", async () => {
    // From a pipe it cannot know that less would do.
    const script = `zstd -q -1 --long=28 < ${work.at("data")} > ${work.at("long.zst")}`;
    await run("bash", ["-c", script]);
    const long = readFileSync(work.at("long.zst"));
    await expect(read(long)).rejects.toMatchObject({ code: "LIMIT_EXCEEDED" });
    const { stderr, code } = await run("zstd", ["-t", work.at("long.zst")], { allowFailure: true });
    expect({ refused: code !== 0, stderr }).toMatchObject({ refused: true });
  });

  test("reads what we write, and sees each frame's size and checksum", async () => {
    for (const part of [data, prose(1000), data.subarray(0, ZSTD_FRAME_SIZE), new Uint8Array(100_000)]) {
      writeFileSync(work.at("ours.zst"), written(part));
      await run("zstd", ["-q", "-d", "-f", work.at("ours.zst"), "-o", work.at("back")]);
      expect(readFileSync(work.at("back")).equals(part)).toBe(true);
      const { stdout } = await run("zstd", ["-lv", work.at("ours.zst")]);
      expect(stdout).toMatch(/Check: XXH64/);
      expect(stdout).toContain(`(${part.length} B)`);
    }
  });

  test("takes and refuses the same damaged data", async () => {
    const frame = written(mixture(30_000, 3));
    for (let i = 0; i < 60; i++) {
      const damaged = Buffer.from(frame);
      const at = (i * 7919) % (i % 2 ? 60 : frame.length);
      damaged[at] = (damaged[at] as number) ^ (1 << (i % 8));
      const input = i % 5 === 0 ? damaged.subarray(0, damaged.length - i) : damaged;
      writeFileSync(work.at("damaged.zst"), input);
      const { code } = await run("zstd", ["-t", "-q", work.at("damaged.zst")], { allowFailure: true });
      const refused = await read(input).then(
        () => false,
        (error) => isSealiftError(error, "ZSTD_INVALID", "ZSTD_TRUNCATED", "LIMIT_EXCEEDED"),
      );
      expect(refused, `bit ${i % 8} of byte ${at}`).toBe(code !== 0);
    }
  });
});

describeWith(["skopeo"], "skopeo", () => {
  const skopeo = (...args: string[]) => skopeoIn(work.path)(...args);

  test("writes OCI archives with zstd layers, which process unpacks", async () => {
    const target = `oci-archive:${work.at("theirs.tar")}:v1`;
    await skopeo("copy", "--dest-compress-format=zstd", `oci:${work.at("ours")}:v1`, target);
    await work.sealift(["process", "oci-archive://theirs.tar", "tar://theirs-saved.tar"]);
    const saved = checkedDockerSave(unpack(work.at("theirs-saved.tar"), work.at("theirs-saved")));
    expect(saved.tars.map((tar, i) => tar.equals(tars[i] as Uint8Array))).toEqual([true, true]);
    await work.sealift(["process", "oci-archive://theirs.tar", "oci-layout://theirs-normal", ...NORMAL]);
    expect(checkedLayout(work.at("theirs-normal")).tars).toHaveLength(2);
  });

  test("reads the layers that we compressed", async () => {
    await skopeo("copy", "--dest-decompress", `docker://${registry.host}/ours:v1`, `dir:${work.at("plain")}`);
    const digests = tars.map((tar) => sha256(tar));
    for (const [i, digest] of digests.entries())
      expect(readFileSync(work.at(`plain/${digest}`)).equals(tars[i] as Uint8Array)).toBe(true);
  });
});

describe("process", () => {
  test("keeps zstd layers that no filter changes, and writes changed ones as gzip", async () => {
    await work.sealift(["process", `registry://${registry.host}/ours:v1`, "oci-layout://kept"]);
    expect(checkedLayout(work.at("kept")).manifest).toBe(image.image.digest);
    await work.sealift(["process", "oci-layout://kept", "oci-layout://changed", ...NORMAL]);
    const { manifest } = checkedLayout(work.at("changed"));
    const blob = JSON.parse(readFileSync(work.at(`changed/blobs/sha256/${manifest?.slice(7)}`), "utf8"));
    const types = blob.layers.map(({ mediaType }: { mediaType: string }) => mediaType.split("+")[1]);
    expect(types).toEqual(["gzip", "gzip"]);
  });
});

const isRoot = process.getuid?.() === 0;
const needs = isRoot ? ["docker-registry", "skopeo"] : ["root's rights, which unpacking takes"];

describeWith(needs, "through docker-registry", () => {
  let dockerRegistry: RegistryService;
  const podman = (...args: string[]) => podmanIn(work.at("podman"))(...args);

  beforeAll(async () => {
    dockerRegistry = await startDockerRegistry(work.at("docker-registry"));
    const target = `registry://${dockerRegistry.host}/ours:v1`;
    const pushed = await work.json(["process", "oci-archive://ours.oci.tar", target]);
    expect(pushed.manifest.digest).toBe(image.image.digest);
  });
  afterAll(() => dockerRegistry?.stop());

  describeWith(["podman"], "podman", () => {
    test("pulls and unpacks our zstd layers", async () => {
      const name = `${dockerRegistry.host}/ours:v1`;
      await podman("pull", "--tls-verify=false", name);
      const [{ RootFS }] = JSON.parse((await podman("image", "inspect", name)).stdout);
      expect(RootFS.Layers).toEqual(image.diffIds);
    });

    test.each(["zstd", "zstd:chunked"])("writes %s layers that process unpacks", async (format) => {
      const tag = format.replace(":", "-");
      // Into a folder: to a registry it would send a blob of before again.
      writeFileSync(work.at("import.tar"), richLayer());
      await podman("import", work.at("import.tar"), "localhost/imported:1");
      const options = [`--compression-format=${format}`, "--format=oci"];
      await podman("push", ...options, "localhost/imported:1", `oci:${work.at(tag)}:v1`);
      const theirs = checkedLayout(work.at(tag));
      const manifest = readFileSync(work.at(`${tag}/blobs/sha256/${theirs.manifest?.slice(7)}`), "utf8");
      expect(JSON.parse(manifest).layers[0].mediaType).toMatch(/\+zstd$/);
      // The table of a chunked layer's files is in frames to be skipped, which annotations point to.
      expect(manifest.includes("zstd-chunked.manifest-checksum")).toBe(format === "zstd:chunked");
      await work.sealift(["process", `oci-layout://${tag}`, `tar://${tag}.tar`]);
      const saved = checkedDockerSave(unpack(work.at(`${tag}.tar`), work.at(`${tag}-saved`)));
      expect(saved.layers).toEqual([`sha256:${sha256(richLayer())}`]);
      // A changed layer's frames are not where its annotations said.
      await work.sealift(["process", `oci-layout://${tag}`, `oci-layout://${tag}-normal`, ...NORMAL]);
      const normal = checkedLayout(work.at(`${tag}-normal`));
      const rewritten = work.at(`${tag}-normal/blobs/sha256/${normal.manifest?.slice(7)}`);
      expect(readFileSync(rewritten, "utf8")).not.toContain("zstd-chunked");
    });
  });

  describeWith(["containerd", "ctr"], "containerd", () => {
    const folder = temporaryFolder("sealift-ctrd-");
    let service: Service;
    let ctr: Awaited<ReturnType<typeof startContainerd>>["ctr"];
    beforeAll(async () => {
      ({ service, ctr } = await startContainerd(folder.path));
    });
    afterAll(async () => {
      await service?.stop();
      await folder.dispose();
    });

    test("pulls and unpacks our zstd layers", async () => {
      await ctr(
        "images",
        "pull",
        "--plain-http",
        "--snapshotter",
        "native",
        `${dockerRegistry.host}/ours:v1`,
      );
      expect((await ctr("images", "ls", "-q")).stdout).toContain("ours:v1");
      expect((await ctr("snapshots", "--snapshotter", "native", "ls")).stdout).toContain("sha256:");
    });
  });
});
