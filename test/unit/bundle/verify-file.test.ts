import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { openArchiveFile } from "../../../src/bundle/archive-file.ts";
import { verifyBundle } from "../../../src/bundle/verify.ts";
import { verifyFile } from "../../../src/bundle/verify-file.ts";
import { bytesSlices } from "../../../src/bytes/slices.ts";
import type { Spool } from "../../../src/bytes/spool.ts";
import { streamOf } from "../../../src/bytes/stream.ts";
import { wasmKernels } from "../../../src/kernel/wasm.ts";
import { encodeJson } from "../../../src/oci/json.ts";
import type { Check, Verdict } from "../../../src/trust/verdict.ts";
import { type MemoryHost, memoryHost } from "../../memory-host.ts";
import { kernelModule } from "../kernel/module.ts";
import { dockerSave, gzipped, type OciArchive, ociArchive, tarOfFiles } from "./archives.ts";
import { type Fixture, KEY, OTHER_KEY, signedBundle } from "./fixture.ts";

const keys = [KEY.publicKey];
let host: MemoryHost;
let oci: OciArchive;
let bundle: Fixture;
beforeAll(async () => {
  host = await memoryHost();
  oci = await ociArchive(host);
  bundle = await signedBundle();
});

const verify = (bytes: Uint8Array, trusted: typeof keys = []) =>
  verifyFile(bytesSlices(bytes), host, { keys: trusted });
const verifyOci = async (files: Readonly<Record<string, Uint8Array>>, trusted: typeof keys = []) =>
  verify(await tarOfFiles(files, host), trusted);
const count = ({ checks }: Verdict, id: Check["id"], outcome: Check["outcome"]) =>
  checks.filter((check) => check.id === id && check.outcome === outcome).length;
const failures = ({ checks }: Verdict) => checks.filter(({ outcome }) => outcome === "fail");

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const changed = new Uint8Array(bytes);
  changed[at] = (changed[at] ?? 0) ^ 1;
  return changed;
}

describe("a file is known by its content", () => {
  it("a bundle, an OCI archive, a docker-save archive, and gzip of each", async () => {
    const saved = await dockerSave(host);
    const archives = {
      bundle: bundle.bytes,
      "oci-archive": await tarOfFiles(oci.files, host),
      "docker-save": saved,
    };
    for (const [kind, bytes] of Object.entries(archives)) {
      expect(await openArchiveFile(bytesSlices(bytes), host)).toMatchObject({ kind, compressed: false });
      const packed = await openArchiveFile(bytesSlices(gzipped(bytes)), host);
      expect(packed).toMatchObject({ kind, compressed: true });
      await packed.dispose();
    }
  });

  it.each([
    ["text", new TextEncoder().encode("hello, world. ".repeat(200))],
    ["nothing", new Uint8Array()],
    ["another tar", undefined],
  ])("%s is none of them, and is said not to be", async (_, bytes) => {
    const file = bytes ?? (await tarOfFiles({ "readme.txt": new Uint8Array(10) }, host));
    await expect(openArchiveFile(bytesSlices(file), host)).rejects.toMatchObject({ code: "LAYOUT_INVALID" });
    expect(await verify(file)).toMatchObject({
      outcome: "failed",
      checks: [{ id: "layout" }, { id: "root" }],
    });
  });

  it("a bundle with any byte of its head changed is still judged as a bundle", async () => {
    for (let at = 0; at < 6000; at += 7) {
      const changed = flipped(bundle.bytes, at);
      const file = await openArchiveFile(bytesSlices(changed), host);
      expect.soft(file.kind, `byte ${at}`).toBe("bundle");
    }
  });
});

describe("a bundle", () => {
  it("gets the verdict that verifying a bundle gives, packed or not", async () => {
    const expected = await verifyBundle(bytesSlices(bundle.bytes), host, { keys });
    expect(await verify(bundle.bytes, keys)).toEqual(expected);
    expect(await verify(gzipped(bundle.bytes), keys)).toEqual(expected);
    expect(await verify(bundle.bytes, [OTHER_KEY.publicKey])).toMatchObject({ outcome: "untrusted" });
  });
});

describe("an OCI archive", () => {
  it("is intact but unsigned, with every blob, layer and what nothing vouches for", async () => {
    const verdict = await verifyOci(oci.files);
    expect(verdict).toMatchObject({
      outcome: "intact",
      signature: "unsigned",
      subject: { digest: oci.manifest.digest, name: "server:1.0" },
    });
    expect(verdict.sentence).toMatch(/^Intact but unsigned: .*nobody vouches/);
    expect(count(verdict, "blob", "pass")).toBe(3);
    expect(count(verdict, "diff-id", "pass")).toBe(2);
    expect(count(verdict, "manifest", "pass")).toBe(1);
    expect(verdict.notCovered.join()).toContain("index.json");
  });

  it("is not trusted when a key is given, as nobody signed it", async () => {
    expect(await verifyOci(oci.files, keys)).toMatchObject({ outcome: "untrusted", signature: "unsigned" });
  });

  it("names each blob that was changed, and checks the others all the same", async () => {
    for (const [name, bytes] of Object.entries(oci.files)) {
      if (!name.startsWith("blobs/")) continue;
      const verdict = await verifyOci({ ...oci.files, [name]: flipped(bytes, bytes.length >> 1) });
      expect(verdict.outcome).toBe("failed");
      expect(JSON.stringify(failures(verdict))).toContain(name.slice("blobs/sha256/".length));
    }
  });

  it("names a blob that is missing, too short or too long", async () => {
    const name = Object.keys(oci.files).at(-3) as string;
    const { [name]: bytes = new Uint8Array(), ...others } = oci.files;
    const digest = name.slice("blobs/sha256/".length);
    for (const files of [
      others,
      { ...others, [name]: bytes.subarray(1) },
      { ...others, [name]: new Uint8Array([...bytes, 0]) },
    ]) {
      const verdict = await verifyOci(files);
      expect(verdict.outcome).toBe("failed");
      expect(JSON.stringify(failures(verdict))).toContain(digest);
    }
  });

  it("whose config states another diff_id does not hold", async () => {
    const config = JSON.parse(new TextDecoder().decode(configOf(oci)));
    config.rootfs.diff_ids.reverse();
    const lying = await withConfig(oci, encodeJson(config));
    const verdict = await verifyOci(lying);
    expect(failures(verdict).map(({ id }) => id)).toEqual(["diff-id", "diff-id"]);
  });

  it("of one platform of an index says which are not in it, and does not call it damaged", async () => {
    const absent = { ...oci.manifest, digest: `sha256:${"0".repeat(64)}` as never };
    const index = encodeJson({
      schemaVersion: 2,
      manifests: [
        { ...oci.manifest, platform: { os: "linux", architecture: "amd64" } },
        { ...absent, platform: { os: "linux", architecture: "s390x" } },
      ],
    });
    const { createHash } = await import("node:crypto");
    const hex = createHash("sha256").update(index).digest("hex");
    const top = {
      mediaType: "application/vnd.oci.image.index.v1+json",
      digest: `sha256:${hex}`,
      size: index.length,
    };
    const files = {
      ...oci.files,
      [`blobs/sha256/${hex}`]: index,
      "index.json": encodeJson({ schemaVersion: 2, manifests: [top] }),
    };
    const verdict = await verifyOci(files);
    expect(verdict.outcome).toBe("intact");
    expect(verdict.checks.find(({ outcome }) => outcome === "skipped")?.reason).toContain("linux/s390x");
  });

  it("lists files that nothing leads to as not covered", async () => {
    const verdict = await verifyOci({ ...oci.files, "extra.bin": new Uint8Array(5) });
    expect(verdict.notCovered).toContain("extra.bin");
  });
});

describe("a docker-save archive", () => {
  it("is intact but unsigned, each layer against its diff_id", async () => {
    const verdict = await verify(await dockerSave(host));
    expect(verdict).toMatchObject({
      outcome: "intact",
      signature: "unsigned",
      subject: { name: "server:1.0" },
    });
    expect(count(verdict, "diff-id", "pass")).toBe(2);
  });

  it("with a changed layer or config does not hold", async () => {
    const saved = await dockerSave(host);
    const text = new TextDecoder("latin1").decode(saved);
    for (const word of ["port = 80", '"architecture"']) {
      const verdict = await verify(flipped(saved, text.indexOf(word) + 1));
      expect(verdict.outcome).toBe("failed");
      expect(verdict.sentence).toMatch(/^Not verified/);
    }
  });
});

function configOf({ blobs }: OciArchive): Uint8Array {
  for (const bytes of blobs.values()) {
    const text = new TextDecoder().decode(bytes);
    if (text.includes('"rootfs"')) return bytes;
  }
  throw new Error("no config");
}

/** The archive with another config, and a manifest that names it properly. */
async function withConfig(archive: OciArchive, config: Uint8Array) {
  const { createHash } = await import("node:crypto");
  const hex = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
  const manifest = JSON.parse(new TextDecoder().decode(archive.blobs.get(archive.manifest.digest)));
  manifest.config = { ...manifest.config, digest: `sha256:${hex(config)}`, size: config.length };
  const bytes = encodeJson(manifest);
  const descriptor = { ...archive.manifest, digest: `sha256:${hex(bytes)}`, size: bytes.length };
  return {
    ...archive.files,
    [`blobs/sha256/${hex(config)}`]: config,
    [`blobs/sha256/${hex(bytes)}`]: bytes,
    "index.json": encodeJson({ schemaVersion: 2, manifests: [descriptor] }),
  };
}

describe("a decompression bomb", () => {
  /** Members of zeros: 1.1 GB of them are a megabyte of gzip. */
  const bomb = () => {
    const member = gzipSync(new Uint8Array(64 << 20), { level: 9 });
    return Buffer.concat(Array.from({ length: 17 }, () => member));
  };

  it("in the place of a compressed archive is broken off, and nothing of it stays in the spool", async () => {
    let [open, largest] = [0, 0];
    const spool: Spool = {
      async create() {
        let size = 0;
        open++;
        return {
          async write(chunk) {
            size += chunk.length;
            largest = Math.max(largest, size);
          },
          async close() {},
          readable: () => size,
          open: () => streamOf(new Uint8Array()),
          async dispose() {
            open--;
          },
        };
      },
    };
    const file = bytesSlices(bomb());
    const kernels = wasmKernels(await kernelModule());
    await expect(openArchiveFile(file, { ...host, kernels, spool })).rejects.toMatchObject({
      code: "LIMIT_EXCEEDED",
    });
    expect(open).toBe(0);
    expect(largest).toBeLessThanOrEqual(1 << 30);
  });
});
