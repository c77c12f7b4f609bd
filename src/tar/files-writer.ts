import type { FilesWriter, FileWriter, SeekableWriter } from "../bytes/files.ts";
import { type ByteStream, chunksOf } from "../bytes/stream.ts";
import { SealiftError } from "../error.ts";
import type { Kernels } from "../kernel/kernels.ts";
import { encodeHeader } from "./encode.ts";
import { paddingOf } from "./header.ts";
import { END_OF_ARCHIVE, memberChunks } from "./write.ts";

/**
 * Writes files as members of one archive, in the order of the calls, which
 * must wait for each other. Headers hold name, size and mode; owner and times
 * are zero. There are no directory members: no reader of images needs them.
 * Throws LAYOUT_INVALID on a name given twice.
 */
export function tarFilesWriter(file: FileWriter, kernels: Kernels): FilesWriter {
  const written = new Set<string>();
  const { seekable } = file;
  let broken = false;
  const member = async <T>(name: string, write: () => Promise<T>): Promise<T> => {
    if (written.has(name)) {
      throw new SealiftError("LAYOUT_INVALID", `Cannot write ${name} to archive: it has it already`);
    }
    written.add(name);
    const start = seekable?.position;
    broken = true;
    try {
      const result = await write();
      broken = false;
      return result;
    } catch (error) {
      if (!seekable || start === undefined) throw error;
      await seekable.rewind(start);
      written.delete(name);
      broken = false;
      throw error;
    }
  };
  return {
    write: (name, content, mode = 0o644) =>
      member(name, async () => {
        const body = await content.open();
        for await (const chunk of memberChunks({ name, mode, size: content.size, body }, kernels)) {
          await file.write(chunk);
        }
      }),
    ...(seekable && {
      async stream(name: string, body: ByteStream) {
        const size = await member(name, () => writeStream(name, body, file, seekable, kernels));
        if (size === undefined) written.delete(name);
        return size;
      },
    }),
    async commit(check) {
      // A member that broke off would make the next one's header part of its body.
      if (broken) throw new SealiftError("IO", "Cannot finish archive: a member of it was not written whole");
      await file.write(END_OF_ARCHIVE);
      await file.commit(check);
    },
    abort: () => file.abort(),
  };
}

/** What a header's size field holds; beyond it a header has another length. */
const MAX_USTAR_SIZE = 0o77777777777;

/** The header is written when the size is known, into the place that was left for it. */
async function writeStream(
  name: string,
  body: ByteStream,
  file: FileWriter,
  seekable: SeekableWriter,
  kernels: Kernels,
): Promise<number | undefined> {
  const start = seekable.position;
  const header = (size: number) => encodeHeader({ name, mode: 0o644, size }, kernels);
  await file.write(header(0));
  let size = 0;
  for await (const chunk of chunksOf(body)) {
    size += chunk.length;
    if (size > MAX_USTAR_SIZE) {
      await seekable.rewind(start);
      return undefined;
    }
    await file.write(chunk);
  }
  await file.write(new Uint8Array(paddingOf(size)));
  await seekable.overwrite(start, header(size));
  return size;
}
