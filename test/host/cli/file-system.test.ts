import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fileError } from "../../../cli/host/file-error.ts";
import { nodeFileSystem } from "../../../cli/host/file-system.ts";
import { fileSpool } from "../../../cli/host/spool.ts";
import { bytesSlices } from "../../../src/bytes/slices.ts";
import { collect, drain } from "../../../src/bytes/stream.ts";
import { fileSystemContract } from "../../contract/file-system.ts";
import { mountSmallDisk, unmount } from "./small-disk.ts";
import { unprivileged } from "./unprivileged.ts";

const files = nodeFileSystem();
const content = (text: string) => ({
  size: text.length,
  open: async () => bytesSlices(new TextEncoder().encode(text)).slice(),
});
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "files-test-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

fileSystemContract("nodeFileSystem", async () => ({ files, root }));

describe("nodeFileSystem's links", () => {
  it("are shown in a tree with their target, not followed", async () => {
    mkdirSync(join(root, "d"));
    symlinkSync("../../etc", join(root, "d/out"));
    symlinkSync("nowhere", join(root, "dangling"));
    const tree = await files.tree(root);
    expect(tree.map(({ path, kind, target }) => [path, kind, target])).toEqual([
      ["d", "directory", undefined],
      ["d/out", "symlink", "../../etc"],
      ["dangling", "symlink", "nowhere"],
    ]);
    await expect(drain((tree[1] as (typeof tree)[0]).open())).rejects.toMatchObject({ code: "UNSUPPORTED" });
  });

  it("are not followed when a listed file is exchanged for a link before it is read", async () => {
    writeFileSync(join(root, "a"), "fine");
    writeFileSync(join(root, "secret"), "secret");
    const [entry] = await files.tree(root);
    rmSync(join(root, "a"));
    symlinkSync("secret", join(root, "a"));
    await expect(drain((entry as NonNullable<typeof entry>).open())).rejects.toMatchObject({ code: "IO" });
  });

  it("are followed in a folder, and a loop of them ends", async () => {
    const shared = mkdtempSync(join(tmpdir(), "files-test-shared-"));
    writeFileSync(join(shared, "blob"), "b");
    symlinkSync(shared, join(root, "blobs"));
    symlinkSync(".", join(root, "loop1"));
    symlinkSync(".", join(root, "loop2"));
    symlinkSync("blobs/blob", join(root, "one"));
    const folder = await files.folder(root);
    expect(folder.names()).toEqual(["blobs/blob", "one"]);
    rmSync(shared, { recursive: true });
  });

  it("are written through by createFile, so the link stays a link", async () => {
    writeFileSync(join(root, "real"), "old");
    symlinkSync("real", join(root, "link"));
    const writer = await files.createFile(join(root, "link"));
    await writer.write(new TextEncoder().encode("new"));
    await writer.commit();
    expect(lstatSync(join(root, "link")).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(root, "real"), "utf8")).toBe("new");
  });

  it("standing in a target folder are not written through", async () => {
    const outside = mkdtempSync(join(tmpdir(), "files-test-outside-"));
    mkdirSync(join(root, "f"));
    symlinkSync(outside, join(root, "f/sub"));
    const writer = await files.createFolder(join(root, "f"));
    await writer.write("first", content("x"));
    await writer.write("sub/escaped", content("x"));
    await expect(writer.commit()).rejects.toMatchObject({ code: "UNSAFE_PATH" });
    expect(readdirSync(outside)).toEqual([]);
    expect(readdirSync(join(root, "f"))).toEqual(["sub"]);
    rmSync(outside, { recursive: true });
  });

  it("of the content itself are made, and nothing is written below them", async () => {
    const writer = await files.createFolder(join(root, "f"));
    await writer.symlink?.("to", "bin/tool");
    await expect(writer.write("to/x", content("x"))).rejects.toMatchObject({ code: "UNSAFE_PATH" });
    await writer.write("bin/tool", content("#!"), 0o755);
    await writer.commit();
    expect(readFileSync(join(root, "f/to"), "utf8")).toBe("#!");
    expect(statSync(join(root, "f/bin/tool")).mode & 0o100).toBe(0o100);
  });
});

describe("nodeFileSystem's special files", () => {
  it.skipIf(!existsSync("/dev/full"))("say NO_SPACE when the disk is full", async () => {
    const writer = await files.createFile("/dev/full");
    const writing = async () => {
      for (let i = 0; i < 3; i++) await writer.write(new Uint8Array(1 << 20));
      await writer.commit();
    };
    await expect(writing()).rejects.toMatchObject({ code: "NO_SPACE" });
    await writer.abort();
  });

  it.skipIf(!existsSync("/dev/null"))("stay what they are when written to", async () => {
    const writer = await files.createFile("/dev/null");
    await writer.write(new Uint8Array(10));
    await writer.commit();
    expect(statSync("/dev/null").isCharacterDevice()).toBe(true);
  });

  it("which are pipes can be streamed, but not opened at an offset", async () => {
    const pipe = join(root, "pipe");
    expect(spawnSync("mkfifo", [pipe]).status).toBe(0);
    await expect(files.open(pipe)).rejects.toMatchObject({ code: "UNSUPPORTED" });
    const stream = await files.stream(pipe);
    const reading = collect(stream, 1000);
    spawn("sh", ["-c", `echo through > ${pipe}`]);
    expect(text(await reading)).toBe("through\n");
  });

  it("which are pipes take what is written to them", async () => {
    const pipe = join(root, "pipe");
    spawnSync("mkfifo", [pipe]);
    const cat = spawn("cat", [pipe]);
    const writer = await files.createFile(pipe);
    await writer.write(new TextEncoder().encode("through"));
    await writer.commit();
    const [chunk] = await once(cat.stdout, "data");
    expect(String(chunk)).toBe("through");
  });

  it("are no part of a folder's files", async () => {
    spawnSync("mkfifo", [join(root, "pipe")]);
    expect((await files.folder(root)).names()).toEqual([]);
    expect(await files.tree(root)).toMatchObject([{ path: "pipe", kind: "other" }]);
  });
});

describe("nodeFileSystem", () => {
  it("reads standard input as the stream `-`", () => {
    const module = JSON.stringify(
      fileURLToPath(new URL("../../../cli/host/file-system.ts", import.meta.url)),
    );
    const script = `
      import { nodeFileSystem } from ${module};
      for await (const chunk of await nodeFileSystem().stream("-")) process.stdout.write(chunk);`;
    const { stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
      input: "from a pipe",
    });
    expect(String(stdout)).toBe("from a pipe");
  });

  it("refuses names that are not UTF-8 rather than lose the file", async () => {
    writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0x66, 0xff])]), "x");
    await expect(files.tree(root)).rejects.toMatchObject({ code: "UNSUPPORTED" });
    await expect(files.folder(root)).rejects.toMatchObject({ code: "UNSUPPORTED" });
  });

  it("refuses a link whose target is not UTF-8 rather than make another of it", async () => {
    symlinkSync(Buffer.from([0x66, 0xff]), join(root, "link"));
    await expect(files.tree(root)).rejects.toMatchObject({
      code: "UNSUPPORTED",
      message: `Cannot read ${join(root, "link")}: the target "f\\377" is not UTF-8`,
    });
  });

  it("fails, rather than end, when a file shrinks while it is read", async () => {
    const path = join(root, "shrinking");
    writeFileSync(path, new Uint8Array(1_000_000));
    const slices = await files.open(path);
    writeFileSync(path, new Uint8Array(400_000));
    await expect(drain(slices.slice())).rejects.toMatchObject({ code: "IO" });
  });

  it("gives a secret the mode it is asked for, and other files the umask's", async () => {
    for (const [name, mode] of [
      ["key", 0o600],
      ["open", undefined],
    ] as const) {
      const writer = await files.createFile(join(root, name), mode);
      await writer.commit();
    }
    expect(statSync(join(root, "key")).mode & 0o777).toBe(0o600);
    expect(statSync(join(root, "open")).mode & 0o777).toBe(0o666 & ~process.umask());
  });

  it("says when a folder for a new file is missing", async () => {
    await expect(files.createFile(join(root, "absent/a"))).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("says when permission is missing", async () => {
    const path = join(root, "closed");
    writeFileSync(path, "x");
    chmodSync(path, 0);
    await expect(unprivileged(() => files.open(path))).rejects.toMatchObject({
      code: "IO",
      message: expect.stringContaining("permission"),
    });
  });

  it("leaves no partial file or folder when the process is interrupted", async () => {
    const module = JSON.stringify(
      fileURLToPath(new URL("../../../cli/host/file-system.ts", import.meta.url)),
    );
    const script = `
      import { nodeFileSystem } from ${module};
      const files = nodeFileSystem();
      const file = await files.createFile("a.tar");
      await file.write(new Uint8Array(3_000_000));
      await files.createFolder("made");
      process.stdout.write("writing");
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], { cwd: root });
    await once(child.stdout, "data");
    expect(readdirSync(root).length).toBe(2);
    child.kill("SIGINT");
    await once(child, "exit");
    expect(readdirSync(root)).toEqual([]);
  });
});

describe("a name that the disk does not take", () => {
  const tooLong = {
    code: "IO",
    hint: "",
    message: expect.stringContaining("its name is too long for this disk"),
  };

  it("is refused as a file, as a folder, and in one", async () => {
    const name = join(root, "n".repeat(300));
    await expect(files.createFile(name)).rejects.toMatchObject(tooLong);
    await expect(files.createFolder(name)).rejects.toMatchObject(tooLong);
    const folder = await files.createFolder(join(root, "g"));
    await expect(folder.write("n".repeat(300), content("x"))).rejects.toMatchObject(tooLong);
    await folder.write("b", content("y"));
    await folder.commit();
    expect(readdirSync(join(root, "g"))).toEqual(["b"]);
  });
});

describe("nodeFileSystem on a full disk", () => {
  it("of large files names what limits their size", () => {
    const failure = fileError(Object.assign(new Error(), { code: "EFBIG" }), "write", "a");
    expect(failure).toMatchObject({ code: "NO_SPACE", hint: expect.stringContaining("FAT32") });
  });

  it("says NO_SPACE and leaves neither file, folder nor spool", async (context) => {
    const disk = join(root, "disk");
    mkdirSync(disk);
    context.skip(!mountSmallDisk(disk), "cannot mount a small disk here");
    try {
      const big = { size: 4 << 20, open: async () => bytesSlices(new Uint8Array(4 << 20)).slice() };
      const writer = await files.createFile(join(disk, "a"));
      const writing = async () => {
        for (let i = 0; i < 8; i++) await writer.write(new Uint8Array(600_000));
        await writer.commit();
      };
      await expect(writing()).rejects.toMatchObject({ code: "NO_SPACE", exitCode: 1 });
      await writer.abort();
      const folder = await files.createFolder(join(disk, "f"));
      await expect(folder.write("big", big)).rejects.toMatchObject({ code: "NO_SPACE" });
      await folder.abort();
      const spool = fileSpool(disk);
      const slot = await spool.create();
      await expect(slot.write(new Uint8Array(2 << 20))).rejects.toMatchObject({ code: "NO_SPACE" });
      await spool.dispose();
      expect(readdirSync(disk)).toEqual([]);
    } finally {
      unmount(disk);
    }
  });
});
