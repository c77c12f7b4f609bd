/** Layers, hostile ones too, unpacked onto this machine's disk. */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { nodeFileSystem } from "../../../cli/host/file-system.ts";
import { type UnpackOptions, unpackLayers } from "../../../src/image/unpack.ts";
import { type MemoryHost, memoryHost } from "../../memory-host.ts";
import { layerOf } from "../../unit/image/layers.ts";
import { rawMember, rawPax } from "../../unit/tar/raw.ts";

type Members = readonly (string | Uint8Array)[];

const isRoot = process.geteuid?.() === 0;

let root: string;
let host: MemoryHost;
beforeAll(async () => {
  host = await memoryHost();
});
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "root-fs-test-"));
  host.events.length = 0;
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Unpacks the layers into `root/image/fs`, as a sink does. */
async function unpack(layers: readonly Members[], options: UnpackOptions = {}): Promise<string> {
  const writer = await nodeFileSystem().createFolder(join(root, "image"));
  const target = (await writer.rootFs?.("fs")) as NonNullable<
    Awaited<ReturnType<NonNullable<typeof writer.rootFs>>>
  >;
  try {
    const made = layers.map((members) => layerOf(members, host));
    await unpackLayers(made, target, host, options);
    await writer.commit();
  } catch (error) {
    await writer.abort();
    throw error;
  }
  return join(root, "image/fs");
}

const warnings = () => host.events.flatMap((event) => (event.type === "warning" ? [event.message] : []));

describe("a root file system", () => {
  it("has modes, set-id bits and times as the image has them, folders' times too", async () => {
    const fs = await unpack([
      [
        rawMember({ name: "d/", type: "5", mode: "0001777\0", mtime: 1000 }),
        rawMember({ name: "d/set-id", mode: "0006755\0", mtime: 2000 }, "x"),
        rawMember({ name: "d/group-write", mode: "0000666\0", mtime: 3000 }, "x"),
        rawMember({ name: "d/link", type: "2", linkname: "set-id", mtime: 4000 }),
        rawMember({ name: "closed/", type: "5", mode: "0000000\0", mtime: 5000 }),
      ],
    ]);
    const shape = (name: string) => {
      const { mode, mtimeMs } = lstatSync(join(fs, name));
      return [(mode & 0o7777).toString(8), mtimeMs / 1000];
    };
    expect(["d", "d/set-id", "d/group-write", "closed"].map(shape)).toEqual([
      ["1777", 1000],
      ["6755", 2000],
      ["666", 3000],
      ["0", 5000],
    ]);
    expect(lstatSync(join(fs, "d/link")).mtimeMs).toBe(4_000_000);
  });

  it("has times before 1970", async () => {
    const timed = (seconds: string, name: string, more: object = {}) => [
      rawPax([["mtime", seconds]]),
      rawMember({ name, ...more }),
    ];
    const fs = await unpack([
      [
        ...timed("-5", "file"),
        ...timed("-86400", "folder/", { type: "5" }),
        ...timed("-7", "link", { type: "2", linkname: "file" }),
        ...timed("-1.5", "parts"),
        ...timed("-99999999999999999999", "beyond"),
      ],
    ]);
    const times = ["file", "folder", "link", "parts"].map((name) => lstatSync(join(fs, name)).mtimeMs);
    expect(times).toEqual([-5_000, -86_400_000, -7_000, -1_500]);
    expect(lstatSync(join(fs, "beyond")).isFile()).toBe(true);
  });

  it("has pipes, hard links of one file, and contents of any size", async () => {
    const large = "0123456789".repeat(100_000);
    const fs = await unpack([
      [
        rawMember({ name: "pipe", type: "6" }),
        "a",
        "b => a",
        "pipe-too => pipe",
        rawMember({ name: "large" }, large),
      ],
      ["c => a", "a"],
    ]);
    expect(lstatSync(join(fs, "pipe")).isFIFO()).toBe(true);
    expect(lstatSync(join(fs, "pipe")).ino).toBe(lstatSync(join(fs, "pipe-too")).ino);
    expect(statSync(join(fs, "b")).ino).toBe(statSync(join(fs, "c")).ino);
    expect(statSync(join(fs, "b")).nlink).toBe(2);
    expect(readFileSync(join(fs, "large"), "utf8")).toBe(large);
  });

  it("takes the place of the one that was there, whole", async () => {
    await unpack([["old", "d/", "d/old"]]);
    expect(readdirSync(await unpack([["new"]]))).toEqual(["new"]);
    expect(readdirSync(join(root, "image"))).toEqual(["fs"]);
  });

  it("that is not whole is not there, and what stood there stays", async () => {
    await expect(unpack([["a", "b => nothing"]])).rejects.toMatchObject({ code: "TAR_INVALID" });
    expect(readdirSync(root)).toEqual([]);
    await unpack([["good"]]);
    await expect(unpack([["a", "b => nothing"]])).rejects.toMatchObject({ code: "TAR_INVALID" });
    expect(readdirSync(join(root, "image/fs"))).toEqual(["good"]);
    expect(readdirSync(join(root, "image"))).toEqual(["fs"]);
  });

  it("is no place for a file of the folder's", async () => {
    mkdirSync(join(root, "image"));
    writeFileSync(join(root, "image/fs"), "mine");
    await expect(unpack([["a"]])).rejects.toMatchObject({ code: "IO" });
    expect(readFileSync(join(root, "image/fs"), "utf8")).toBe("mine");
  });
});

describe("a hostile layer", () => {
  beforeEach(() => {
    mkdirSync(join(root, "outside"));
    writeFileSync(join(root, "outside/file"), "mine");
  });
  const outside = () => [
    readdirSync(join(root, "outside")),
    readFileSync(join(root, "outside/file"), "utf8"),
  ];
  const untouched = [["file"], "mine"];

  it("symlink, then a file through it: goes to the image's own root", async () => {
    const target = join(root, "outside");
    const fs = await unpack([
      [`out -> ${target}`, "out/planted"],
      [`up -> ../../../outside`, "up/planted"],
    ]);
    expect(outside()).toEqual(untouched);
    expect(readFileSync(join(fs, target, "planted"), "utf8")).toBe("out/planted");
    expect(readFileSync(join(fs, "outside/planted"), "utf8")).toBe("up/planted");
  });

  it("symlink, then a file of its own name: the link is replaced, not followed", async () => {
    const fs = await unpack([[`out -> ${root}/outside/file`, "out"]]);
    expect(outside()).toEqual(untouched);
    expect(readFileSync(join(fs, "out"), "utf8")).toBe("out");
  });

  it("symlinked parents, in a chain and across layers: stay inside", async () => {
    await unpack([
      ["a/", `a/b -> ${root}`, "c -> a/b/outside"],
      ["c/planted", "a/b/outside/file"],
    ]);
    expect(outside()).toEqual(untouched);
  });

  it("hard link to a file outside: is looked up inside", async () => {
    await expect(unpack([[`out => ${root}/outside/file`]])).rejects.toMatchObject({ code: "TAR_INVALID" });
    await expect(unpack([[`d -> ${root}/outside`, "out => d/file"]])).rejects.toMatchObject({
      code: "TAR_INVALID",
    });
    await expect(unpack([["out => ../outside/file"]])).rejects.toMatchObject({ code: "UNSAFE_PATH" });
    expect(outside()).toEqual(untouched);
  });

  it("hard link to a symlink, then a file through it: the link itself is linked", async () => {
    await unpack([[`link -> ${root}/outside/file`, "again => link", "again"]]);
    expect(outside()).toEqual(untouched);
  });

  it("whiteouts through a symlink: take nothing away outside", async () => {
    await unpack([[`out -> ${root}/outside`], ["out/.wh.file", "out/.wh..wh..opq"], [".wh.out"]]);
    expect(outside()).toEqual(untouched);
  });

  it("parent components and NULs in names: refused, with nothing made", async () => {
    for (const name of ["../outside/file", "a/../../outside/file", "..", "a/.."]) {
      await expect(unpack([[rawMember({ name }, "bad")]])).rejects.toMatchObject({ code: "UNSAFE_PATH" });
    }
    await expect(unpack([[rawPax([["path", "a\0b"]]), "a"]])).rejects.toMatchObject({ code: "TAR_INVALID" });
    expect(outside()).toEqual(untouched);
    expect(existsSync(join(root, "image"))).toBe(false);
  });

  it("absolute names and links that stay inside: are ordinary", async () => {
    const fs = await unpack([["/etc/", "/etc/a", "b -> /etc/a", "c -> ../../../../../../etc/a"]]);
    expect(readlinkSync(join(fs, "b"))).toBe("/etc/a");
    expect(readlinkSync(join(fs, "c"))).toBe("../../../../../../etc/a");
    expect(readFileSync(join(fs, "etc/a"), "utf8")).toBe("/etc/a");
  });

  it("bomb: more bytes than the limit are refused by what the headers say", async () => {
    const members = [rawMember({ name: "a" }, "x".repeat(600)), rawMember({ name: "b" }, "x".repeat(600))];
    await expect(unpack([members], { maxSize: 1000 })).rejects.toMatchObject({ code: "LIMIT_EXCEEDED" });
    await expect(
      unpack(
        [
          ["a", "b"],
          ["a", "b"],
        ],
        { maxEntries: 3 },
      ),
    ).rejects.toMatchObject({
      code: "LIMIT_EXCEEDED",
    });
    expect(existsSync(join(root, "image"))).toBe(false);
  });

  it("attributes that tell the machine's overlayfs or its policy what to do: left out, and said", async () => {
    await unpack([
      [
        rawPax([
          ["SCHILY.xattr.trusted.overlay.redirect", "/etc"],
          ["SCHILY.xattr.security.selinux", "x"],
        ]),
        "d/",
      ],
    ]);
    expect(warnings()).toEqual([
      expect.stringMatching(/^Left out trusted\.overlay\.redirect of d and 1 others/),
    ]);
  });

  it("a symlink's long or empty target, an overlong name: fail as the disk has it, with nothing left", async () => {
    await expect(unpack([[rawPax([["path", "n".repeat(300)]]), "n"]])).rejects.toMatchObject({ code: "IO" });
    await expect(unpack([[rawPax([["linkpath", "n".repeat(5000)]]), "l -> x"]])).rejects.toMatchObject({
      code: "TAR_INVALID",
    });
    expect(readdirSync(root)).toEqual(["outside"]);
  });
});

describe("what this machine cannot keep", () => {
  const attribute = rawPax([["SCHILY.xattr.user.note", "kept"]]);
  const path = process.env.PATH;
  afterEach(() => {
    process.env.PATH = path;
  });

  it("is said: extended attributes without the program that sets them", async () => {
    process.env.PATH = join(root, "no-programs");
    const fs = await unpack([[attribute, "a", "b"]]);
    expect(readdirSync(fs)).toEqual(["a", "b"]);
    expect(warnings()).toEqual([
      expect.stringMatching(
        /^Lost extended attributes of 1 files, such as user\.note of a: there is no program setfattr/,
      ),
    ]);
  });

  it.skipIf(!isRoot)("is nothing for root: devices and owners are there", async () => {
    const fs = await unpack([
      [
        rawMember({ name: "mine", uid: "0001750\0", gid: "0013146\0", mode: "0004755\0" }, "x"),
        rawMember({ name: "null", type: "3", mode: "0000666\0", uid: "0001750\0" }),
      ],
    ]);
    const { uid, gid, mode } = statSync(join(fs, "mine"));
    expect({ uid, gid, mode: mode & 0o7777 }).toEqual({ uid: 1000, gid: 5734, mode: 0o4755 });
    expect(statSync(join(fs, "null"))).toMatchObject({ uid: 1000, rdev: 0 });
    expect(warnings()).toEqual([]);
  });
});
