import { type ChildProcess, spawn } from "node:child_process";
import {
  mkdtemp,
  open as openFile,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { fsStore } from "../../../cli/host/fs-store.ts";
import { tryLock, waitForLock } from "../../../cli/host/fs-store-lock.ts";
import { collect, streamFrom, streamOf } from "../../../src/bytes/stream.ts";
import { fallbackKernels } from "../../../src/kernel/fallback.ts";
import type { Digest } from "../../../src/oci/digest.ts";
import type { Store } from "../../../src/store/store.ts";
import { bytesOf, hash } from "../../contract/store.ts";

const WORKER = new URL("fs-store-worker.ts", import.meta.url).pathname;
const DAY = 24 * 60 * 60 * 1000;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sealift-store-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const open = async (uploadLifetime?: number): Promise<Store> =>
  fsStore(folder, await fallbackKernels(), uploadLifetime === undefined ? {} : { uploadLifetime });

describe("a store that several processes use", () => {
  test("loses no move of a tag", async () => {
    const counts = [40, 40, 40];
    const codes = await Promise.all(counts.map((count) => endOf(worker("count", String(count)))));
    expect(codes).toEqual([0, 0, 0]);
    const counter = await (await open()).tags.get("a", "counter");
    expect(Number.parseInt(counter?.slice(7) ?? "", 16)).toBe(120);
  });

  test("is whole whenever one of them is killed", async () => {
    let tags = 0;
    for (let round = 0; round < 8; round++) {
      const child = worker("push");
      await new Promise((resolve) => child.stdout?.once("data", resolve));
      // At any moment of what it does next.
      await new Promise((resolve) => setTimeout(resolve, round * 15));
      child.kill("SIGKILL");
      await endOf(child);
      tags += await expectWhole(await open());
    }
    expect(tags).toBeGreaterThan(0);
  });
});

/** Gives the number of tags. No tag names an absent manifest, no manifest an absent blob, and every file is what its name says. */
async function expectWhole(store: Store): Promise<number> {
  const tags = (await store.tags.list("a")) ?? [];
  for (const tag of tags) {
    const digest = (await store.tags.get("a", tag)) as Digest;
    const manifest = await store.manifests.get("a", digest);
    expect(manifest && hash(manifest.bytes)).toBe(digest);
    const { config, layers } = JSON.parse(new TextDecoder().decode(manifest?.bytes));
    for (const blob of [config, ...layers]) expect(await store.blobs.size("a", blob.digest)).toBe(blob.size);
    for (const referrer of await store.manifests.referrers("a", config.digest)) {
      expect(await store.manifests.get("a", referrer.digest)).toBeDefined();
    }
  }
  const names = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) =>
    entry.isFile(),
  );
  for (const { parentPath, name } of names) {
    if (!parentPath.includes("/blobs/sha256")) continue;
    expect(hash(await readFile(join(parentPath, name)))).toBe(`sha256:${name}`);
  }
  return tags.length;
}

describe("a lock", () => {
  const path = () => join(folder, "lock");

  test("is held by one at a time, and free again when released", async () => {
    const lock = await tryLock(path());
    expect(lock && (await lock.isHeld())).toBe(true);
    expect(await tryLock(path())).toBeUndefined();
    const next = waitForLock(path());
    await lock?.release();
    await (await next).release();
    expect(await readdir(folder)).toEqual([]);
  });

  test("of a process that died is broken at once", async () => {
    const child = spawn(process.execPath, ["-e", ""]);
    await endOf(child);
    const lock = await tryLock(path());
    const owner = (await readFile(path(), "utf8")).split(" ");
    await lock?.release();
    await writeFile(path(), [owner[0], child.pid, 0, "0123456789abcdef"].join(" "));
    const broken = await tryLock(path());
    expect(broken && (await broken.isHeld())).toBe(true);
    await broken?.release();
  });

  test("left by a former process of the same number is broken at once", async () => {
    const lock = await tryLock(path());
    const owner = (await readFile(path(), "utf8")).split(" ");
    await lock?.release();
    await writeFile(path(), [...owner.slice(0, 3), "0123456789abcdef"].join(" "));
    const broken = await tryLock(path());
    expect(broken).toBeDefined();
    await broken?.release();
  });

  test("of another machine is broken only when nobody has touched it for long", async () => {
    await writeFile(path(), `${hostname()}-other 1 0 0123456789abcdef`);
    expect(await tryLock(path())).toBeUndefined();
    const past = new Date(Date.now() - 60_000);
    await utimes(path(), past, past);
    const broken = await tryLock(path());
    expect(broken).toBeDefined();
    await broken?.release();
  });

  test("is not trusted by a holder that slept long enough to be taken for dead", async () => {
    const lock = await tryLock(path());
    expect(lock?.isFresh()).toBe(true);
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 60_000 });
    expect(lock?.isFresh()).toBe(false);
    vi.useRealTimers();
    await lock?.release();
  });

  test("is taken by one of many who find it stale", async () => {
    await writeFile(path(), "gone 1 0 0");
    const past = new Date(Date.now() - 60_000);
    await utimes(path(), past, past);
    const locks = await Promise.all(Array.from({ length: 8 }, () => tryLock(path())));
    const held = await Promise.all(locks.map((lock) => lock?.isHeld()));
    expect(held.filter(Boolean)).toHaveLength(1);
    await Promise.all(locks.map((lock) => lock?.release()));
  });
});

describe("a store in a folder", () => {
  test("reports a full disk, keeps what was written, and is no worse for it", async () => {
    const store = await open();
    const id = await store.uploads.start("a");
    const path = join(folder, "uploads", "a", id);
    await rm(path);
    await symlink("/dev/full", path);
    await expect(store.uploads.append("a", id, 0, streamOf(bytesOf("x")))).rejects.toMatchObject({
      code: "NO_SPACE",
    });
    await store.uploads.cancel("a", id);
    expect(await store.tags.repositories()).toEqual([]);
  });

  test.each([
    ["nothing", 0],
    ["what earlier requests sent", 300_000],
  ])("keeps of an upload that fills the disk %s", async (_, before) => {
    const store = await open();
    const id = await store.uploads.start("a");
    await store.uploads.append("a", id, 0, streamOf(new Uint8Array(before)));
    const body = new Uint8Array(1_000).fill(1);
    const write = await fullAfter(join(folder, "uploads", "a", id), before + 500);
    await expect(store.uploads.append("a", id, before, streamOf(body))).rejects.toMatchObject({
      code: "NO_SPACE",
    });
    write.mockRestore();
    expect((await stat(join(folder, "uploads", "a", id))).size).toBe(before);
    // With room again, its client goes on.
    await store.uploads.append("a", id, before, streamOf(body));
    await store.uploads.finish("a", id, hash(Buffer.concat([new Uint8Array(before), body])));
  });

  test("mends damaged content wherever it is known, when it is pushed again", async () => {
    const store = await open();
    const bytes = bytesOf("what it was");
    const digest = hash(bytes);
    const push = async (repository: string) => {
      const id = await store.uploads.start(repository);
      await store.uploads.append(repository, id, 0, streamOf(bytes));
      await store.uploads.finish(repository, id, digest);
    };
    await push("a");
    await store.blobs.mount("b/c", digest, "a");
    const shared = join(folder, "blobs", "sha256", digest.slice(7, 9), digest.slice(7));
    const member = join(folder, "repositories", "a", "blobs", "sha256", digest.slice(7));
    await writeFile(shared, "what");
    const reader = await store.blobs.open("b/c", digest);
    await push("a");
    for (const repository of ["a", "b/c"]) {
      expect(await collect(await store.blobs.open(repository, digest), 100)).toEqual(bytes);
    }
    expect(new TextDecoder().decode(await collect(reader, 100))).toBe("what");
    expect((await stat(shared)).ino).toBe((await stat(member)).ino);
    expect((await stat(shared)).nlink).toBe(3);
    expect(await readdir(join(folder, "tmp"))).toEqual([]);
  });

  test("publishes nothing while another holds the upload's lock", async () => {
    const store = await open();
    const id = await store.uploads.start("a");
    const lock = join(folder, "uploads", "a", `${id}.lock`);
    const body = streamFrom(
      (async function* () {
        yield bytesOf("mine");
        await writeFile(lock, "another 1 0 0");
      })(),
    );
    await store.uploads.append("a", id, 0, body);
    await expect(store.uploads.finish("a", id, hash(bytesOf("mine")))).rejects.toMatchObject({
      code: "RANGE_INVALID",
    });
    expect(await store.blobs.size("a", hash(bytesOf("mine")))).toBeUndefined();
  });

  test("hashes from the file what another process received a part of", async () => {
    const [one, other] = [await open(), await open()];
    const id = await one.uploads.start("a");
    await one.uploads.append("a", id, 0, streamOf(bytesOf("one ")));
    await other.uploads.append("a", id, 4, streamOf(bytesOf("other ")));
    await one.uploads.append("a", id, 10, streamOf(bytesOf("one")));
    const digest = hash(bytesOf("one other one"));
    await one.uploads.finish("a", id, digest);
    expect(await collect(await other.blobs.open("a", digest), 100)).toEqual(bytesOf("one other one"));
  });

  test("stores content once, however many repositories have it, and frees it with the last", async () => {
    const store = await open();
    const bytes = bytesOf("shared");
    const digest = hash(bytes);
    for (const repository of ["a", "b"]) {
      const id = await store.uploads.start(repository);
      await store.uploads.append(repository, id, 0, streamOf(bytes));
      await store.uploads.finish(repository, id, digest);
    }
    const shared = join(folder, "blobs", "sha256", digest.slice(7, 9), digest.slice(7));
    await store.blobs.remove("a", digest);
    expect(await readFile(shared)).toEqual(Buffer.from(bytes));
    await store.blobs.remove("b", digest);
    await expect(readFile(shared)).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("forgets uploads nobody goes on with, and files a crash left on their way", async () => {
    const store = await open();
    const old = await store.uploads.start("a");
    const young = await store.uploads.start("a");
    const leftover = join(folder, "tmp", "leftover");
    await writeFile(leftover, "half");
    const past = new Date(Date.now() - 2 * DAY);
    for (const path of [leftover, join(folder, "uploads", "a", old)]) await utimes(path, past, past);
    const reopened = await open();
    expect(await reopened.uploads.offset("a", old)).toBeUndefined();
    expect(await reopened.uploads.offset("a", young)).toBe(0);
    expect(await readdir(join(folder, "tmp"))).toEqual([]);
  });

  test("remembers for a day, in every process, what an upload became", async () => {
    const store = await open();
    const id = await store.uploads.start("a");
    await store.uploads.append("a", id, 0, streamOf(bytesOf("x")));
    const digest = hash(bytesOf("x"));
    await store.uploads.finish("a", id, digest);
    await (await open()).uploads.finish("a", id, digest);
    const uploads = join(folder, "uploads", "a");
    const past = new Date(Date.now() - 2 * DAY);
    for (const name of await readdir(uploads)) await utimes(join(uploads, name), past, past);
    const reopened = await open();
    expect(await readdir(uploads)).toEqual([]);
    await expect(reopened.uploads.finish("a", id, digest)).rejects.toMatchObject({
      code: "BLOB_UPLOAD_UNKNOWN",
    });
    expect(await reopened.blobs.size("a", digest)).toBe(1);
  });

  test.each(["../../outside", "a/../../b", "", "/etc", "a\\b", "A", "a/./b"])(
    "goes nowhere for a repository called %j",
    async (name) => {
      const store = await open();
      const digest = hash(bytesOf("x"));
      const invalid = { code: "NAME_INVALID" };
      await expect(store.uploads.start(name)).rejects.toMatchObject(invalid);
      await expect(store.blobs.size(name, digest)).rejects.toMatchObject(invalid);
      await expect(store.blobs.mount("a", digest, name)).rejects.toMatchObject(invalid);
      await expect(store.tags.compareAndSwap(name, "t", undefined, digest)).rejects.toMatchObject(invalid);
    },
  );

  test.each(["../x", "..", "a/b", ""])("goes nowhere for a tag or digest called %j", async (name) => {
    const store = await open();
    const digest = hash(bytesOf("x"));
    await expect(store.tags.compareAndSwap("a", name, undefined, digest)).rejects.toMatchObject({
      code: "TAG_INVALID",
    });
    const wrong = `sha256:${name}` as Digest;
    await expect(store.manifests.get("a", wrong)).rejects.toMatchObject({ code: "DIGEST_INVALID" });
    await expect(store.blobs.open("a", wrong)).rejects.toMatchObject({ code: "DIGEST_INVALID" });
  });

  test("made by another version is left alone", async () => {
    await open();
    await writeFile(join(folder, "version"), "99\n");
    await expect(open()).rejects.toMatchObject({ code: "UNSUPPORTED" });
  });

  test("cannot be where a file is", async () => {
    await writeFile(join(folder, "file"), "");
    await expect(fsStore(join(folder, "file"), await fallbackKernels())).rejects.toMatchObject({
      code: "IO",
    });
  });

  test("fails a read rather than end it early when a file was cut", async () => {
    const store = await open();
    const bytes = new Uint8Array(1000);
    const id = await store.uploads.start("a");
    await store.uploads.append("a", id, 0, streamOf(bytes));
    await store.uploads.finish("a", id, hash(bytes));
    const stream = await store.blobs.open("a", hash(bytes));
    await writeFile(join(folder, "repositories", "a", "blobs", "sha256", hash(bytes).slice(7)), "cut");
    await expect(collect(stream, 2000)).rejects.toMatchObject({ code: "IO" });
  });
});

/** Makes the disk full for whoever writes to the file beyond a size. */
async function fullAfter(path: string, size: number) {
  const handle = await openFile(path);
  const prototype = Object.getPrototypeOf(handle);
  await handle.close();
  const { write } = prototype;
  return vi.spyOn(prototype, "write").mockImplementation(async function (this: unknown, ...given: unknown[]) {
    const [chunk, start, length, position] = given as [Uint8Array, number, number, number];
    const room = size - position;
    if (room <= 0) throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
    return write.call(this, chunk, start, Math.min(length, room), position);
  });
}

function worker(...task: string[]): ChildProcess {
  return spawn(process.execPath, ["--disable-warning=ExperimentalWarning", WORKER, folder, ...task], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

function endOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => child.once("close", resolve));
}
