import { expect, it } from "vitest";
import type { FileWriter } from "../../src/bytes/files.ts";
import { bytesSlices } from "../../src/bytes/slices.ts";
import { concat, streamOf } from "../../src/bytes/stream.ts";
import { fallbackKernels } from "../../src/kernel/fallback.ts";
import { tarFilesWriter } from "../../src/tar/files-writer.ts";
import { indexTar } from "../../src/tar/tar-index.ts";
import { archive, rawMember } from "../unit/tar/raw.ts";
import { filesContract } from "./files.ts";

const kernels = await fallbackKernels();

/** A file in memory, visible after its commit. */
function memoryFile() {
  const parts: Uint8Array[] = [];
  let visible: Uint8Array | undefined;
  const file: FileWriter = {
    write: async (chunk) => void parts.push(chunk.slice()),
    commit: async () => {
      visible = concat(parts);
    },
    abort: async () => {
      parts.length = 0;
    },
  };
  return { file, bytes: () => visible };
}

filesContract("tarFilesWriter with indexTar", async () => {
  const { file, bytes } = memoryFile();
  return {
    writer: tarFilesWriter(file, kernels),
    read: async () => {
      const tar = bytes();
      return tar && indexTar(bytesSlices(tar), kernels);
    },
  };
});

const content = (text: string) => {
  const bytes = new TextEncoder().encode(text);
  return { size: bytes.length, open: async () => streamOf(bytes) };
};

it("tarFilesWriter writes nothing but name, size and mode into its headers", async () => {
  const { file, bytes } = memoryFile();
  const writer = tarFilesWriter(file, kernels);
  await writer.write("b", content("hello"));
  await writer.write("a/run.sh", content("#!"), 0o755);
  await writer.commit();
  expect(bytes()).toEqual(
    archive(rawMember({ name: "b" }, "hello"), rawMember({ name: "a/run.sh", mode: "0000755\0" }, "#!")),
  );
});

it("tarFilesWriter refuses a name twice, and to finish after a member broke off", async () => {
  const { file } = memoryFile();
  const writer = tarFilesWriter(file, kernels);
  await writer.write("a", content("x"));
  await expect(writer.write("a", content("x"))).rejects.toMatchObject({ code: "LAYOUT_INVALID" });
  await expect(writer.write("b", { ...content("x"), size: 2 })).rejects.toMatchObject({
    code: "SIZE_MISMATCH",
  });
  await expect(writer.commit()).rejects.toMatchObject({ code: "IO" });
});
