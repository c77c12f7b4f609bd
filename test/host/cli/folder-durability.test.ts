/** A folder's files are on the disk before they have their names, and who writes them does not wait for that. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LOCK_FILE } from "../../../cli/host/abandoned.ts";
import { createFolder } from "../../../cli/host/folder-writer.ts";
import { bytesSlices } from "../../../src/bytes/slices.ts";
import { until } from "./cli.ts";

const content = (text: string) => ({
  size: text.length,
  open: async () => bytesSlices(new TextEncoder().encode(text)).slice(),
});

const probe = await open("/dev/null");
const handles: FileHandle = Object.getPrototypeOf(probe);
await probe.close();

let root: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "durability-test-")));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(root, { recursive: true, force: true });
});

/** A disk on which each sync waits for `release`; after it none does. */
function slowDisk() {
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const sync = vi.spyOn(handles, "sync").mockImplementation(() => released);
  return { release: () => release(), asked: () => sync.mock.calls.length };
}

/** A disk that fails at a file's sync as the system says it. */
function failingDisk(code: string) {
  return vi
    .spyOn(handles, "sync")
    .mockImplementation(() => Promise.reject(Object.assign(new Error(code), { code })));
}

const hasProc = existsSync("/proc/self/fd");

/** Of this test's, where that can be seen. */
function openFiles(): number {
  if (!hasProc) return 0;
  const paths = readdirSync("/proc/self/fd").map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return "";
    }
  });
  return paths.filter((path) => path.startsWith(root)).length;
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 20));

describe("a folder's files", () => {
  it("are written without waiting for the disk, which the commit waits for", async () => {
    const disk = slowDisk();
    const writer = await createFolder(join(root, "f"));
    for (const name of ["a", "b", "c"]) await writer.write(name, content(name));
    let committed = false;
    const committing = writer.commit().then(() => {
      committed = true;
    });
    await turn();
    expect({ committed, there: existsSync(join(root, "f")) }).toEqual({ committed: false, there: false });
    disk.release();
    await committing;
    expect(readdirSync(join(root, "f"))).toEqual(["a", "b", "c"]);
  });

  it("wait in small numbers, the disk being asked for a few at once", async () => {
    const disk = slowDisk();
    const writer = await createFolder(join(root, "f"));
    let written = 0;
    const writing = Array.from({ length: 40 }, async (_, index) => {
      await writer.write(`${index}`, content("x"));
      written++;
    });
    await until(() => written === 16);
    await turn();
    expect({ written, asked: disk.asked() }).toEqual({ written: 16, asked: 3 });
    disk.release();
    await Promise.all(writing);
    await writer.commit();
    expect(readdirSync(join(root, "f"))).toHaveLength(40);
  });

  it.each([
    ["EIO", "IO"],
    ["ENOSPC", "NO_SPACE"],
    ["EDQUOT", "NO_SPACE"],
  ])("that the disk fails to take with %s fail the commit as %s, and leave nothing", async (system, code) => {
    failingDisk(system);
    mkdirSync(join(root, "old"));
    for (const path of [join(root, "new"), join(root, "old")]) {
      const writer = await createFolder(path);
      await writer.write("a", content("a"));
      const message = expect.stringContaining(`Cannot write ${join(path, "a")}: `);
      await expect(writer.commit()).rejects.toMatchObject({ code, message });
    }
    expect(readdirSync(root, { recursive: true })).toEqual(["old"]);
  });

  it("are no more written once the disk fails to take one", async () => {
    failingDisk("EIO");
    const writer = await createFolder(join(root, "f"));
    const writing = async () => {
      for (let index = 0; index < 100; index++) await writer.write(`${index}`, content("x"));
    };
    await expect(writing()).rejects.toMatchObject({ code: "IO" });
    await writer.abort();
    expect(readdirSync(root)).toEqual([]);
  });

  it("are all closed at an abort, which waits for the disk only where it is at one", async () => {
    const disk = slowDisk();
    const writer = await createFolder(join(root, "f"));
    for (let index = 0; index < 10; index++) await writer.write(`${index}`, content("x"));
    expect(openFiles()).toBe(hasProc ? 10 : 0);
    const aborting = writer.abort();
    await turn();
    expect(readdirSync(root)).toHaveLength(1);
    disk.release();
    await aborting;
    expect({ left: readdirSync(root), asked: disk.asked() }).toEqual({ left: [], asked: 3 });
    expect(openFiles()).toBe(0);
  });

  it("hold up nobody else who adds to the folder while the disk takes them", async () => {
    const path = join(root, "f");
    mkdirSync(path);
    const disk = slowDisk();
    const writer = await createFolder(path);
    await writer.write("a", content("a"));
    const committing = writer.commitWith?.("index.json", async () => new TextEncoder().encode("{}"));
    await turn();
    expect(readdirSync(path)).not.toContain(LOCK_FILE);
    disk.release();
    await committing;
    expect(readdirSync(path).sort()).toEqual(["a", "index.json"]);
  });

  it("are not waited for beside a root file system, whose files are not either", async () => {
    const disk = slowDisk();
    const writer = await createFolder(join(root, "f"));
    await writer.rootFs?.("rootfs");
    await writer.write("config.json", content("{}"));
    await writer.commit();
    expect(disk.asked()).toBe(0);
    expect(readdirSync(join(root, "f")).sort()).toEqual(["config.json", "rootfs"]);
  });

  it("are tried again in a folder that could not be made", async () => {
    const writer = await createFolder(join(root, "f"));
    const [staging = ""] = readdirSync(root);
    writeFileSync(join(root, staging, "d"), "");
    await expect(writer.write("d/a", content("a"))).rejects.toMatchObject({ code: "ALREADY_EXISTS" });
    rmSync(join(root, staging, "d"));
    await writer.write("d/a", content("a"));
    await writer.commit();
    expect(readdirSync(join(root, "f/d"))).toEqual(["a"]);
  });

  it("whose staging folder is taken away fail the commit, and leave nothing", async () => {
    const writer = await createFolder(join(root, "f"));
    await writer.write("a", content("a"));
    for (const name of readdirSync(root)) rmSync(join(root, name), { recursive: true });
    await expect(writer.commit()).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect(readdirSync(root)).toEqual([]);
  });
});

describe.skipIf(!hasProc)("a folder's names", () => {
  /** What is synced, with `see` of that moment. */
  function watchedDisk<T>(see: () => T): [path: string, seen: T][] {
    const synced: [string, T][] = [];
    const sync = handles.sync;
    vi.spyOn(handles, "sync").mockImplementation(function (this: FileHandle) {
      const path = relative(root, readlinkSync(`/proc/self/fd/${this.fd}`));
      synced.push([path.replace(/^\.sealift-[^/]*/, "STAGING"), see()]);
      return sync.call(this);
    });
    return synced;
  }

  it("are on the disk as its files are, before it appears, and its own is in the folder above", async () => {
    const synced = watchedDisk(() => existsSync(join(root, "f")));
    const writer = await createFolder(join(root, "f"));
    await writer.write("blobs/sha256/aa", content("aa"));
    await writer.commitWith?.("index.json", async () => new TextEncoder().encode("{}"));
    expect(synced).toEqual([
      ["STAGING/blobs/sha256/aa", false],
      ["STAGING/index.json", false],
      ["", true],
    ]);
  });

  it("are on the disk with those of all folders above that are new, each once", async () => {
    const synced = watchedDisk(() => existsSync(join(root, "a/b/c/f")));
    const writer = await createFolder(join(root, "a/b/c/f"));
    await writer.write("file", content("file"));
    await writer.commit();
    expect(synced).toEqual([
      ["STAGING/file", false],
      ["a/b/c", true],
      ["a/b", true],
      ["a", true],
      ["", true],
    ]);
  });

  it("are on the disk in each folder that they were moved into, where it was there before", async () => {
    const moved = join(root, "new/sub/file");
    const synced = watchedDisk(() => existsSync(moved));
    const writer = await createFolder(root);
    await writer.write("new/sub/file", content("file"));
    await writer.folder?.("empty");
    await writer.commit();
    const folders = synced.filter(([path]) => !path.startsWith("STAGING"));
    expect(folders.sort()).toEqual([
      ["", true],
      ["empty", true],
      ["new", true],
      ["new/sub", true],
    ]);
  });

  it("of blobs are on the disk before the list that was there is replaced", async () => {
    const list = join(root, "index.json");
    const before = await createFolder(root);
    await before.commitWith?.("index.json", async () => new TextEncoder().encode("old"));
    const synced = watchedDisk(() => readFileSync(list, "utf8"));
    const writer = await createFolder(root);
    await writer.write("blobs/sha256/aa", content("aa"));
    await writer.commitWith?.("index.json", async () => new TextEncoder().encode("new"));
    const folders = synced.filter(([path]) => !path.startsWith("STAGING"));
    expect(folders.slice(0, -1).sort()).toEqual([
      ["", "old"],
      ["blobs", "old"],
      ["blobs/sha256", "old"],
    ]);
    expect(folders.at(-1)).toEqual(["", "new"]);
  });
});
