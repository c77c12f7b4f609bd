import type { FilesWriter, FileWriter } from "../bytes/files.ts";
import { SealiftError } from "../error.ts";
import type { Kernels } from "../kernel/kernels.ts";
import { END_OF_ARCHIVE, memberChunks } from "./write.ts";

/**
 * Writes files as members of one archive, in the order of the calls, which
 * must wait for each other. Headers hold name, size and mode; owner and times
 * are zero. There are no directory members: no reader of images needs them.
 * Throws LAYOUT_INVALID on a name given twice.
 */
export function tarFilesWriter(file: FileWriter, kernels: Kernels): FilesWriter {
  const written = new Set<string>();
  let broken = false;
  return {
    async write(name, content, mode = 0o644) {
      if (written.has(name)) {
        throw new SealiftError("LAYOUT_INVALID", `Cannot write ${name} to archive: it has it already`);
      }
      written.add(name);
      broken = true;
      const body = await content.open();
      for await (const chunk of memberChunks({ name, mode, size: content.size, body }, kernels)) {
        await file.write(chunk);
      }
      broken = false;
    },
    async commit() {
      // A member that broke off would make the next one's header part of its body.
      if (broken) throw new SealiftError("IO", "Cannot finish archive: a member of it was not written whole");
      await file.write(END_OF_ARCHIVE);
      await file.commit();
    },
    abort: () => file.abort(),
  };
}
