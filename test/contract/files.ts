/** What every FilesWriter keeps, read back through the Files it makes. */
import { describe, expect, it } from "vitest";
import type { Files, FilesWriter } from "../../src/bytes/files.ts";
import { bytesSlices, type Slices } from "../../src/bytes/slices.ts";
import { collect, streamFrom } from "../../src/bytes/stream.ts";

export interface FilesUnderTest {
  readonly writer: FilesWriter;
  /** The files under the final name; undefined while there are none. */
  read(): Promise<Files | undefined>;
}

const content = (text: string) => {
  const bytes = new TextEncoder().encode(text);
  return { size: bytes.length, open: async () => bytesSlices(bytes).slice() };
};

export function filesContract(name: string, make: () => Promise<FilesUnderTest>): void {
  const written = async (files: Record<string, string>) => {
    const { writer, read } = await make();
    for (const [file, text] of Object.entries(files)) await writer.write(file, content(text));
    await writer.commit();
    return (await read()) as Files;
  };
  const text = async (file: Slices | undefined, start?: number, end?: number) =>
    file && new TextDecoder().decode(await collect(file.slice(start, end), 1 << 24));

  describe(`${name} keeps the contract of files`, () => {
    it("gives back every file by its name, as often and in any order as asked", async () => {
      const files = await written({ "index.json": "{}", "blobs/sha256/aa": "a".repeat(3000), empty: "" });
      expect([...files.names()].sort()).toEqual(["blobs/sha256/aa", "empty", "index.json"]);
      for (let turn = 0; turn < 2; turn++) {
        expect(await text(files.get("empty"))).toBe("");
        expect(await text(files.get("blobs/sha256/aa"))).toBe("a".repeat(3000));
        expect(await text(files.get("index.json"))).toBe("{}");
      }
    });

    it("knows each file's size, and reads any part of it and no byte beyond", async () => {
      const files = await written({ a: "0123456789", b: "next" });
      expect(files.get("a")?.size).toBe(10);
      expect(await text(files.get("a"), 3, 6)).toBe("345");
      expect(await text(files.get("a"), 8)).toBe("89");
      expect(await text(files.get("a"), 8, 5000)).toBe("89");
      expect(await text(files.get("a"), 4, 4)).toBe("");
    });

    it("says undefined for what is not there, for folders, and for ways around", async () => {
      const files = await written({ "dir/file": "x" });
      for (const name of ["other", "dir", "dir/", "/dir/file", "../dir/file", ""]) {
        expect(files.get(name)).toBeUndefined();
      }
    });

    it("keeps names that are not ASCII or long", async () => {
      const long = `${"d".repeat(90)}/${"e".repeat(90)}/${"f".repeat(200)}`;
      const files = await written({ "ünï/çødé 文": "1", [long]: "2" });
      expect(await text(files.get("ünï/çødé 文"))).toBe("1");
      expect(await text(files.get(long))).toBe("2");
    });

    it("shows nothing before its commit, and nothing after an abort", async () => {
      const { writer, read } = await make();
      await writer.write("a", content("x"));
      expect(await read()).toBeUndefined();
      await writer.abort();
      expect(await read()).toBeUndefined();
    });

    it("fails where a content breaks off or has another size, and shows nothing then", async () => {
      const broken = streamFrom(
        (function* () {
          yield new Uint8Array(3);
          throw new Error("the line went dead");
        })(),
      );
      const first = await make();
      await expect(first.writer.write("a", { size: 10, open: async () => broken })).rejects.toThrow(
        "the line went dead",
      );
      await first.writer.abort();
      expect(await first.read()).toBeUndefined();
      for (const size of [3, 5]) {
        const other = await make();
        await expect(other.writer.write("a", { ...content("four"), size })).rejects.toMatchObject({
          code: "SIZE_MISMATCH",
        });
        await other.writer.abort();
        expect(await other.read()).toBeUndefined();
      }
    });
  });
}
