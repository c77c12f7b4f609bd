import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createFile } from "../../../cli/host/file-writer.ts";
import type { FilesWriter } from "../../../src/bytes/files.ts";
import { streamFrom, streamOf } from "../../../src/bytes/stream.ts";
import { fallbackKernels } from "../../../src/kernel/fallback.ts";
import { tarFilesWriter } from "../../../src/tar/files-writer.ts";

const kernels = await fallbackKernels();
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "archive-stream-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** The archive that `write` makes. */
async function archive(name: string, write: (writer: FilesWriter) => Promise<void>): Promise<Buffer> {
  const path = join(root, name);
  const writer = tarFilesWriter(await createFile(path), kernels);
  await write(writer);
  await writer.commit();
  return readFileSync(path);
}

const bytesOf = (length: number) => Uint8Array.from({ length }, (_, index) => index * 7);
const content = (length: number) => ({ size: length, open: async () => streamOf(bytesOf(length)) });

describe("a member whose size only its end tells", () => {
  it.each([0, 1, 511, 512, 513, 3_000_000])("is written as one of %d bytes known before", async (length) => {
    const known = await archive("known", async (writer) => {
      await writer.write("first", content(3));
      await writer.write("layer.tar", content(length));
      await writer.write("last", content(5));
    });
    const streamed = await archive("streamed", async (writer) => {
      await writer.write("first", content(3));
      expect(await writer.stream?.("layer.tar", streamOf(bytesOf(length)))).toBe(length);
      await writer.write("last", content(5));
    });
    expect(streamed.equals(known)).toBe(true);
  });

  it("that fails is taken back, and what came before it stays", async () => {
    const whole = await archive("whole", (writer) => writer.write("first", content(3)));
    const writer = tarFilesWriter(await createFile(join(root, "x")), kernels);
    await writer.write("first", content(3));
    const failing = streamFrom(
      (function* () {
        yield bytesOf(100_000);
        throw new Error("broken");
      })(),
    );
    await expect(writer.stream?.("layer.tar", failing)).rejects.toThrow("broken");
    await writer.commit();
    expect(readFileSync(join(root, "x")).equals(whole)).toBe(true);
  });
});

describe("a file being written", () => {
  it("can be taken back to an earlier place, and ends where it was written to", async () => {
    const path = join(root, "file");
    const file = await createFile(path);
    await file.write(bytesOf(2_000_000));
    await file.seekable?.rewind(10);
    expect(file.seekable?.position).toBe(10);
    await file.write(Uint8Array.of(1, 2, 3));
    await file.seekable?.overwrite(0, Uint8Array.of(9, 9));
    await file.commit();
    expect([...readFileSync(path)]).toEqual([9, 9, ...bytesOf(10).subarray(2), 1, 2, 3]);
  });

  it("cannot seek where it is a device", async () => {
    const file = await createFile("/dev/null");
    expect(file.seekable).toBeUndefined();
    await file.commit();
  });
});
