/** What every FileSystem keeps. `make` gives one and a folder in it to work in. */
import { describe, expect, it } from "vitest";
import { type FileSystem, writeWhole } from "../../src/bytes/files.ts";
import { bytesSlices } from "../../src/bytes/slices.ts";
import { type ByteStream, collect, streamFrom } from "../../src/bytes/stream.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const content = (text: string) => ({
  size: text.length,
  open: async () => bytesSlices(encode(text)).slice(),
});
const broken = {
  size: 10,
  open: async () =>
    streamFrom(
      (async function* () {
        yield encode("half");
        throw new Error("the line went dead");
      })(),
    ),
};

export function fileSystemContract(
  name: string,
  make: () => Promise<{ files: FileSystem; root: string }>,
): void {
  const text = async (stream: ByteStream) => new TextDecoder().decode(await collect(stream, 1 << 24));

  describe(`${name} keeps the file system's contract`, () => {
    it("adds to a file's end, and makes one that is not there", async () => {
      const { files, root } = await make();
      await files.append?.(`${root}/log`, encode("one\n"));
      await files.append?.(`${root}/log`, encode("two\n"));
      expect(await text(await files.stream(`${root}/log`))).toBe("one\ntwo\n");
      await expect(files.append?.(root, encode("x"))).rejects.toMatchObject({ code: "IO" });
    });

    it("shows a new file only after its commit", async () => {
      const { files, root } = await make();
      const writer = await files.createFile(`${root}/a.txt`);
      await writer.write(encode("hello "));
      await writer.write(encode("world"));
      expect(await files.kind(`${root}/a.txt`)).toBe("none");
      await writer.commit();
      expect(await files.kind(`${root}/a.txt`)).toBe("file");
      const slices = await files.open(`${root}/a.txt`);
      expect(slices.size).toBe(11);
      expect(await text(slices.slice())).toBe("hello world");
      expect(await text(slices.slice(2, 7))).toBe("llo w");
      expect(await text(slices.slice(6))).toBe("world");
      expect(await text(slices.slice(6, 99))).toBe("world");
      expect(await text(await files.stream(`${root}/a.txt`))).toBe("hello world");
    });

    it("replaces a file by commit, and leaves it as it was by abort", async () => {
      const { files, root } = await make();
      await writeWhole(await files.createFile(`${root}/a`), streamOf("old"));
      const aborted = await files.createFile(`${root}/a`);
      await aborted.write(encode("new"));
      await aborted.abort();
      expect(await text(await files.stream(`${root}/a`))).toBe("old");
      await writeWhole(await files.createFile(`${root}/a`), streamOf("new"));
      expect(await text(await files.stream(`${root}/a`))).toBe("new");
      expect((await files.folder(root)).names()).toEqual(["a"]);
    });

    it("leaves nothing when the bytes break off", async () => {
      const { files, root } = await make();
      await writeWhole(await files.createFile(`${root}/other`), streamOf("x"));
      const writing = async () => writeWhole(await files.createFile(`${root}/a`), await broken.open());
      await expect(writing()).rejects.toThrow("the line went dead");
      expect((await files.folder(root)).names()).toEqual(["other"]);
    });

    it("says NOT_FOUND, naming the path, for what is not there", async () => {
      const { files, root } = await make();
      const path = `${root}/absent`;
      for (const ask of [
        () => files.open(path),
        () => files.stream(path),
        () => files.folder(path),
        () => files.tree(path),
      ]) {
        await expect(ask()).rejects.toMatchObject({
          code: "NOT_FOUND",
          message: expect.stringContaining(path),
        });
      }
      expect(await files.kind(path)).toBe("none");
    });

    it("opens no folder as a file and no file as a folder", async () => {
      const { files, root } = await make();
      await writeWhole(await files.createFile(`${root}/file`), streamOf("x"));
      const folder = await files.createFolder(`${root}/folder`);
      await folder.write("inside", content("y"));
      await folder.commit();
      await expect(files.open(`${root}/folder`)).rejects.toMatchObject({ code: "IO" });
      await expect(files.stream(`${root}/folder`)).rejects.toMatchObject({ code: "IO" });
      await expect(files.createFile(`${root}/folder`)).rejects.toMatchObject({ code: "IO" });
      await expect(files.folder(`${root}/file`)).rejects.toMatchObject({ code: "IO" });
      await expect(files.createFolder(`${root}/file`)).rejects.toMatchObject({ code: "IO" });
    });

    it("shows a folder's files at its commit, beside those that were there", async () => {
      const { files, root } = await make();
      const first = await files.createFolder(`${root}/deep/out`);
      await first.write("index.json", content("1"));
      await first.write("blobs/sha256/aa", content("aa"));
      expect(await files.kind(`${root}/deep/out`)).toBe("none");
      await first.commit();
      const second = await files.createFolder(`${root}/deep/out`);
      await second.write("index.json", content("2"));
      await second.write("blobs/sha256/bb", content("bb"));
      expect(await text(await files.stream(`${root}/deep/out/index.json`))).toBe("1");
      await second.commit();
      const folder = await files.folder(`${root}/deep/out`);
      expect(folder.names()).toEqual(["blobs/sha256/aa", "blobs/sha256/bb", "index.json"]);
      expect(
        await text((folder.get("index.json") as NonNullable<ReturnType<typeof folder.get>>).slice()),
      ).toBe("2");
      expect(folder.get("blobs/sha256/cc")).toBeUndefined();
      expect(folder.get("../out/index.json")).toBeUndefined();
    });

    it("leaves no trace of an aborted folder, new or old", async () => {
      const { files, root } = await make();
      await writeWhole(await files.createFile(`${root}/old`), streamOf("x"));
      for (const path of [root, `${root}/new/folder`]) {
        const writer = await files.createFolder(path);
        await writer.write("a", content("a"));
        await expect(writer.write("b", broken)).rejects.toThrow();
        await writer.abort();
      }
      expect((await files.tree(root)).map(({ path }) => path)).toEqual(["old"]);
    });

    it.each(["../out", "/etc/out", "a/../../out", "a//b", "./a", ""])(
      "writes no file named %j in a folder",
      async (bad) => {
        const { files, root } = await make();
        const writer = await files.createFolder(`${root}/f`);
        await expect(writer.write(bad, content("x"))).rejects.toMatchObject({ code: "UNSAFE_PATH" });
        await writer.abort();
      },
    );

    it("takes no name twice in a folder", async () => {
      const { files, root } = await make();
      const writer = await files.createFolder(`${root}/f`);
      await writer.write("a", content("x"));
      await expect(writer.write("a", content("y"))).rejects.toMatchObject({ code: "ALREADY_EXISTS" });
      await writer.abort();
    });

    it("makes folders that stay empty, once or twice, at the commit", async () => {
      const { files, root } = await make();
      for (const path of [`${root}/new`, root]) {
        const writer = await files.createFolder(path);
        await writer.folder?.("empty/inner");
        await writer.folder?.("empty");
        await writer.folder?.("full");
        await writer.write("full/a", content("a"));
        await writer.folder?.("full");
        expect(await files.kind(`${path}/empty`)).toBe("none");
        await writer.commit();
        expect(await files.kind(`${path}/empty/inner`)).toBe("folder");
      }
      const found = (await files.tree(`${root}/new`)).map(({ path, kind }) => [path, kind]);
      expect(found).toEqual([
        ["empty", "directory"],
        ["empty/inner", "directory"],
        ["full", "directory"],
        ["full/a", "file"],
      ]);
    });

    it("makes no folder outside, nor where a file is", async () => {
      const { files, root } = await make();
      const writer = await files.createFolder(root);
      await writer.write("file", content("x"));
      await expect(writer.folder?.("../out")).rejects.toMatchObject({ code: "UNSAFE_PATH" });
      await expect(writer.folder?.("/out")).rejects.toMatchObject({ code: "UNSAFE_PATH" });
      await expect(writer.folder?.("file")).rejects.toMatchObject({ code: "ALREADY_EXISTS" });
      await writer.abort();
    });

    it("lists a tree in byte order of path, with kinds, sizes and execute bits", async () => {
      const { files, root } = await make();
      const writer = await files.createFolder(`${root}/t`);
      for (const name of ["b/x", "b.txt", "a", "b-", "\u{1F600}", "\uFF5E"])
        await writer.write(name, content(name));
      await writer.write("run", content("#!"), 0o755);
      await writer.commit();
      const tree = await files.tree(`${root}/t`);
      expect(tree.map(({ path }) => path)).toEqual([
        "a",
        "b",
        "b-",
        "b.txt",
        "b/x",
        "run",
        "\uFF5E",
        "\u{1F600}",
      ]);
      expect(tree.find(({ path }) => path === "b")).toMatchObject({ kind: "directory", executable: false });
      const run = tree.find(({ path }) => path === "run");
      expect(run).toMatchObject({ kind: "file", size: 2, executable: true });
      expect(await text(run?.open() as ByteStream)).toBe("#!");
      expect(tree.find(({ path }) => path === "a")).toMatchObject({ executable: false });
    });

    it("gives a single file as a tree of itself", async () => {
      const { files, root } = await make();
      await writeWhole(await files.createFile(`${root}/one`), streamOf("1"));
      const tree = await files.tree(`${root}/one`);
      expect(tree).toMatchObject([{ path: "", kind: "file", size: 1 }]);
    });
  });
}

function streamOf(text: string): AsyncIterable<Uint8Array> {
  return (async function* () {
    yield encode(text);
  })();
}
