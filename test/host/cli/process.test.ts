/** `sealift process`: images from anywhere to anywhere, as a user without docker copies them. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { archive, rawMember } from "../../unit/tar/raw.ts";
import { type ServedRegistry, startRegistry, Workspace } from "./cli.ts";
import { expectFailure } from "./failure.ts";
import {
  archiveOf,
  type CheckedImage,
  checkedDockerSave,
  checkedLayout,
  dockerArchive,
  fileDigest,
  smallLayout,
  unpack,
  writeFolder,
} from "./images.ts";

let work: Workspace;
let registry: ServedRegistry;
const layout = smallLayout();
const sealift = (...args: string[]) => work.sealift(args);
const json = (...args: string[]) => work.json(args);

beforeAll(async () => {
  work = new Workspace();
  registry = await startRegistry(work);
  writeFileSync(work.at("app.tar"), archiveOf(layout.files));
  await sealift("process", "oci-archive://app.tar", `registry://${registry.host}/app:v1`);
});
afterAll(async () => {
  await registry.stop();
  await work.dispose();
});

/** Where an image may go, and how it is looked at there. */
const places: Record<string, { uri(name: string): string; look(name: string): CheckedImage }> = {
  tar: {
    uri: (name) => `tar://${name}.tar`,
    look: (name) => checkedDockerSave(unpack(work.at(`${name}.tar`), work.at(`${name}.unpacked`))),
  },
  "oci-archive": {
    uri: (name) => `oci-archive://${name}.oci.tar`,
    look: (name) => checkedLayout(unpack(work.at(`${name}.oci.tar`), work.at(`${name}.oci`))),
  },
  "oci-layout": { uri: (name) => `oci-layout://${name}`, look: (name) => checkedLayout(work.at(name)) },
  dir: { uri: (name) => `dir://${name}`, look: (name) => checkedDockerSave(work.at(name)) },
  bundle: {
    uri: (name) => `bundle://${name}.bundle`,
    look: (name) =>
      checkedLayout(unpack(work.at(`${name}.bundle`), work.at(`${name}.bundle.unpacked`)), "app"),
  },
};

describe("an image that no filter changes", () => {
  it.each(Object.keys(places))("keeps its config and layers on its way to %s, and back", async (scheme) => {
    const { uri, look } = places[scheme] as (typeof places)[string];
    await sealift("process", `registry://${registry.host}/app:v1`, uri(`there-${scheme}`));
    const there = look(`there-${scheme}`);
    expect(there.config).toBe(layout.config.digest);
    await sealift("process", uri(`there-${scheme}`), `oci-layout://back-${scheme}`);
    const back = checkedLayout(work.at(`back-${scheme}`));
    expect(back.config).toBe(layout.config.digest);
    expect(back.tars).toEqual(there.tars);
  });

  it.each(["oci-archive", "oci-layout", "bundle"])("keeps its manifest in %s", async (scheme) => {
    const { uri, look } = places[scheme] as (typeof places)[string];
    await sealift("process", `registry://${registry.host}/app:v1`, uri(`same-${scheme}`));
    const { manifest, layers } = look(`same-${scheme}`);
    expect(manifest).toBe(layout.image.digest);
    expect(layers).toEqual(layout.layers.map(({ digest }) => digest));
  });
});

describe("normalize-timestamps", () => {
  const filter = ["-f", "normalize-timestamps:ts=1000000000"];

  it("gives every entry of every layer the time, and new digests that hold everywhere", async () => {
    await sealift("process", `registry://${registry.host}/app:v1`, "tar://normal.tar", ...filter);
    const image = checkedDockerSave(unpack(work.at("normal.tar"), work.at("normal")));
    for (const [index, tar] of image.tars.entries()) {
      expect(timesOf(tar)).toEqual(new Set([1_000_000_000]));
      expect(image.layers[index]).not.toBe(layout.diffIds[index]);
    }
    const { config } = JSON.parse(readFileSync(work.at("normal", `${image.config.slice(7)}.json`), "utf8"));
    expect(config).toEqual({ Env: ["PATH=/bin"], Cmd: ["/hello"] });
  });

  it.each(Object.keys(places))("gives the same bytes twice in %s", async (scheme) => {
    const { uri, look } = places[scheme] as (typeof places)[string];
    const names = ["one", "two"].map((name) => `${name}-${scheme}`);
    for (const name of names) {
      await sealift("process", `registry://${registry.host}/app:v1`, uri(name), ...filter);
    }
    const [one, two] = names.map(look);
    expect(one).toEqual(two);
    const [first, second] = names.map((name) => work.at(uri(name).replace(/^.*\/\//, "")));
    if (first?.endsWith(".tar") || first?.endsWith(".bundle")) {
      expect(fileDigest(first)).toBe(fileDigest(second as string));
    }
  });

  it("is the same image whichever way it went", async () => {
    const run = (source: string, sink: string, ...more: string[]) =>
      sealift("process", source, sink, ...more);
    await run("oci-archive://app.tar", "oci-layout://direct", ...filter);
    await run("oci-archive://app.tar", `registry://${registry.host}/way:1`, ...filter);
    await run(`registry://${registry.host}/way:1`, "tar://way.tar");
    await run("tar://way.tar", "oci-layout://way");
    const [direct, way] = [checkedLayout(work.at("direct")), checkedLayout(work.at("way"))];
    expect(way).toEqual(direct);
  });

  it("takes the time from SOURCE_DATE_EPOCH, and 0 without one", async () => {
    const times = async (name: string, env: Record<string, string>, spec = "normalize-timestamps") => {
      await work.sealift(["process", "oci-archive://app.tar", `tar://${name}.tar`, "-f", spec], { env });
      return checkedDockerSave(unpack(work.at(`${name}.tar`), work.at(name))).tars.map(timesOf);
    };
    expect(await times("epoch", { SOURCE_DATE_EPOCH: "86400" })).toEqual([
      new Set([86400]),
      new Set([86400]),
    ]);
    expect(await times("zero", {})).toEqual([new Set([0]), new Set([0])]);
    expect(await times("own", { SOURCE_DATE_EPOCH: "86400" }, "normalize-timestamps:ts=5")).toEqual([
      new Set([5]),
      new Set([5]),
    ]);
  });

  it("moves only later times with clamp", async () => {
    const clamp = "normalize-timestamps:ts=1650000000,clamp=true";
    await sealift("process", "oci-archive://app.tar", "oci-layout://clamped", "-f", clamp);
    const { tars, layers } = checkedLayout(work.at("clamped"));
    expect(tars.map(timesOf)).toEqual([new Set([1_650_000_000]), new Set([1_600_000_000])]);
    // The second layer was early enough already: not a byte of its blob is new.
    expect(layers[1]).toBe(layout.layers[1]?.digest);
  });
});

describe("a source", () => {
  it("may be standard input", async () => {
    const input = readFileSync(work.at("app.tar"));
    await work.sealift(["process", "tar://-", "oci-layout://from-stdin"], { input });
    expect(checkedLayout(work.at("from-stdin")).manifest).toBe(layout.image.digest);
  });

  it("may be compressed as a whole", async () => {
    writeFileSync(work.at("app.tar.gz"), gzipSync(readFileSync(work.at("app.tar"))));
    await sealift("process", "oci-archive://app.tar.gz", "oci-layout://from-gzip");
    expect(checkedLayout(work.at("from-gzip")).manifest).toBe(layout.image.digest);
  });

  it("may be what docker saved", async () => {
    const tar = archive(rawMember({ name: "a", mtime: 5 }, "a"));
    writeFileSync(work.at("docker.tar"), dockerArchive([tar], "team/app:1.0"));
    await sealift("process", "tar://docker.tar", `registry://${registry.host}/saved:1`);
    await sealift("process", `registry://${registry.host}/saved:1`, "oci-layout://saved");
    expect(checkedLayout(work.at("saved")).tars.map(String)).toEqual([Buffer.from(tar).toString()]);
  });

  it("may have several images, of which one is named", async () => {
    writeFolder(work.at("several"), layout.files);
    await sealift(
      "process",
      "oci-archive://app.tar",
      "oci-layout://several#zero",
      "-f",
      "normalize-timestamps",
    );
    const unnamed = await work.run(["process", "oci-layout://several", "tar://several.tar"]);
    expect(unnamed).toMatchObject({ code: 2, stdout: "" });
    expect(unnamed.stderr).toMatch(/^error\[USAGE\]: Cannot pick an image of 2 .*v1, zero/);
    await sealift("process", "oci-layout://several#v1", "oci-layout://picked");
    expect(checkedLayout(work.at("picked"), "v1").manifest).toBe(layout.image.digest);
    const absent = await work.run(["process", "oci-layout://several#v2", "tar://several.tar"]);
    expect(absent).toMatchObject({ code: 5, stdout: "" });
    expect(absent.stderr).toMatch(/^error\[NOT_FOUND\]: Cannot find "v2" .*v1, zero/);
  });

  it("may have several platforms, of which one is asked for", async () => {
    const several = smallLayout({ architectures: ["arm64", "amd64"] });
    writeFolder(work.at("platforms"), several.files);
    const architecture = async (name: string, source: string, ...more: string[]) => {
      await sealift("process", source, `oci-layout://${name}`, ...more);
      const { config } = checkedLayout(work.at(name));
      return JSON.parse(readFileSync(work.at(name, "blobs/sha256", config.slice(7)), "utf8")).architecture;
    };
    expect(await architecture("p0", "oci-layout://platforms")).toBe("amd64");
    expect(await architecture("p1", "oci-layout://platforms", "--platform", "linux/arm64")).toBe("arm64");
    expect(await architecture("p2", "oci-layout://platforms?arch=arm64")).toBe("arm64");
    expect(
      await architecture("p3", "oci-layout://platforms", "--os", "linux", "--architecture", "arm64"),
    ).toBe("arm64");
    const absent = await work.run(["process", "oci-layout://platforms?arch=s390x", "tar://none.tar"]);
    expect(absent).toMatchObject({ code: 5 });
    expect(absent.stderr).toMatch(/^error\[PLATFORM_NOT_FOUND\]: Cannot .*linux\/arm64/);
    const copied = async (name: string, query: string, ...more: string[]) => {
      await sealift("copy", `oci-layout://platforms${query}`, `oci-layout://${name}`, ...more);
      const { manifests } = JSON.parse(readFileSync(work.at(name, "index.json"), "utf8"));
      return manifests[0].mediaType.includes(".index.") ? "all" : "one";
    };
    expect(await copied("c0", "")).toBe("all");
    expect(await copied("c1", "?arch=arm64")).toBe("one");
    expect(await copied("c2", "", "--architecture", "arm64")).toBe("one");
  });

  it.each([
    ["process", "oci-layout://out"],
    ["process", "registry://r.example.com/out"],
    ["check"],
    ["info"],
    ["ls"],
    ["diff", "tar://other.tar"],
  ])("may not be asked for one platform and for all: %s", async (command, ...others) => {
    const sources = ["oci-archive://app.tar?arch=arm64", "registry://r.example.com/a?variant=v8"];
    const options = ["arch", "variant"];
    for (const [at, source] of sources.entries()) {
      await expectFailure(work, [command, source, ...others, "--all-platforms"], {
        code: "USAGE",
        exit: 2,
        says: `Cannot use ?${options[at]}= with --all-platforms: it is one or all`,
      });
    }
  });
});

describe("a destination", () => {
  it("that is a layout folder is added to", async () => {
    await sealift("process", "oci-archive://app.tar", "oci-layout://shared#one");
    await sealift(
      "process",
      "oci-archive://app.tar",
      "oci-layout://shared#two",
      "-f",
      "normalize-timestamps",
    );
    expect(checkedLayout(work.at("shared"), "one").manifest).toBe(layout.image.digest);
    expect(checkedLayout(work.at("shared"), "two").manifest).not.toBe(layout.image.digest);
  });

  it("that is a file is replaced whole", async () => {
    writeFileSync(work.at("old.tar"), "what stood here");
    await sealift("process", "oci-archive://app.tar", "oci-archive://old.tar");
    expect(checkedLayout(unpack(work.at("old.tar"), work.at("old"))).manifest).toBe(layout.image.digest);
  });

  it("may be a path with spaces and other writing, percent-encoded or not", async () => {
    mkdirSync(work.at("größe 日本"));
    await sealift("process", "oci-archive://app.tar", "tar://größe 日本/a b.tar");
    await sealift("process", "oci-archive://app.tar", "tar://gr%C3%B6%C3%9Fe%20日本/c%23d.tar");
    expect(readdirSync(work.at("größe 日本")).sort()).toEqual(["a b.tar", "c#d.tar"]);
  });
});

describe("what is printed", () => {
  it("names the image and each layer", async () => {
    const text = await sealift("process", "oci-archive://app.tar", `registry://${registry.host}/printed:1`);
    expect(text).toContain(`${registry.host}/printed:1\nmanifest ${layout.image.digest}\n`);
    for (const { digest } of layout.layers) expect(text).toContain(digest.slice(0, 19));
    expect(text).toContain("uploaded");
    const again = await sealift("process", "oci-archive://app.tar", `registry://${registry.host}/printed:1`);
    expect(again).toContain("exists");
  });

  it("is one JSON document with --json", async () => {
    const { summary, ...result } = await json("process", "oci-archive://app.tar", "oci-archive://json.tar");
    const bytes = layout.layers.reduce((total, { size }) => total + size, 0);
    expect(summary).toEqual({
      layers: 2,
      bytesIn: bytes,
      bytesOut: bytes,
      outcomes: { written: 2 },
      elapsed: expect.any(Number),
      making: 0,
      uploading: 0,
      cacheHits: 0,
      retries: 0,
      verified: "quick",
    });
    expect(result).toEqual({
      schema: 1,
      name: "json.tar",
      manifest: { ...layout.image, annotations: { "org.opencontainers.image.ref.name": "v1" } },
      layers: layout.layers.map(({ digest, size }) => ({ digest, size, outcome: "written" })),
      sourceSize: bytes,
    });
  });

  it("may be an image's own layout: the name moves, and what it named before stays, which is said", async () => {
    await sealift("process", "oci-archive://app.tar", "oci-layout://own");
    const args = ["process", "oci-layout://own#v1", "oci-layout://own#v1", "-f", "squash"];
    const { code, stderr } = await work.run(args);
    expect(code).toBe(0);
    expect(stderr).toContain(`own: v1 was ${layout.image.digest}, whose blobs stay`);
    expect(checkedLayout(work.at("own"), "v1").layers).toHaveLength(1);
    const blobs = readdirSync(work.at("own/blobs/sha256"));
    for (const { digest } of layout.layers) expect(blobs).toContain(digest.slice(7));
    const again = await work.run(args);
    expect(again.stderr).not.toContain("blobs stay");
  });

  it("is all there is: no temporary file stays", () => {
    expect(work.temporaryFiles()).toEqual([]);
    expect(readdirSync(work.path).filter((name) => name.endsWith(".part"))).toEqual([]);
  });
});

/** The modification times in a tar of plain headers. */
function timesOf(tar: Buffer): Set<number> {
  const times = new Set<number>();
  for (let at = 0; tar[at] !== 0 && at < tar.length; ) {
    const octal = (from: number, to: number) =>
      Number.parseInt(tar.toString("latin1", at + from, at + to), 8) || 0;
    times.add(octal(136, 147));
    at += 512 + Math.ceil(octal(124, 135) / 512) * 512;
  }
  return times;
}
