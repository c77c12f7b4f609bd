import { Zip, ZipPassThrough } from "fflate";
import type { FilesWriter } from "../../src/bytes/files.ts";
import type { SpoolSlot } from "../../src/bytes/spool.ts";
import { chunksOf } from "../../src/bytes/stream.ts";
import { SealiftError } from "../../src/error.ts";

/** Without zip64, which fflate does not write, offsets and counts end here (APPNOTE 4.4). */
const MAX_SIZE = 0xffff_ffff;
const MAX_ENTRIES = 0xffff;
/** Headers and names of an entry, generously. */
const ENTRY_OVERHEAD = 512;

/** "Made by" Unix: the upper half of the attributes is a mode. */
const UNIX = 3;
const REGULAR = 0o100000;
const SYMLINK = 0o120000;
/** The first time a zip can state: the same content gives the same zip. */
const EPOCH = new Date(1980, 0, 1);

/** Writes files into a zip, stored as they are: most are compressed already. Throws LIMIT_EXCEEDED. */
export function zipFilesWriter(slot: SpoolSlot): FilesWriter {
  const output = new ZipOutput(slot);
  const zip = new Zip((error, chunk) => {
    if (error) throw error;
    output.add(chunk);
  });
  let size = 0;
  let entries = 0;

  async function add(name: string, mode: number, length: number, content: AsyncIterable<Uint8Array>) {
    size += length + ENTRY_OVERHEAD + 3 * name.length;
    if (size > MAX_SIZE || ++entries > MAX_ENTRIES) throw tooLarge();
    const entry = new ZipPassThrough(name);
    entry.os = UNIX;
    entry.attrs = (mode << 16) >>> 0;
    entry.mtime = EPOCH;
    zip.add(entry);
    for await (const chunk of content) {
      entry.push(chunk);
      await output.flush();
    }
    entry.push(new Uint8Array(0), true);
    await output.flush();
  }

  return {
    write: async (name, content, mode = 0o644) =>
      add(name, REGULAR | mode, content.size, chunksOf(await content.open())),
    symlink: (name, target) => {
      const bytes = new TextEncoder().encode(target);
      return add(name, SYMLINK | 0o777, bytes.length, only(bytes));
    },
    async commit() {
      zip.end();
      await output.flush();
      await slot.close();
    },
    async abort() {
      zip.terminate();
      await slot.dispose();
    },
  };
}

/** fflate hands its output out at once; it is written down before more is made. */
class ZipOutput {
  readonly #slot: SpoolSlot;
  #waiting: Uint8Array[] = [];

  constructor(slot: SpoolSlot) {
    this.#slot = slot;
  }

  add(chunk: Uint8Array): void {
    this.#waiting.push(chunk);
  }

  async flush(): Promise<void> {
    const chunks = this.#waiting;
    this.#waiting = [];
    for (const chunk of chunks) await this.#slot.write(chunk);
  }
}

async function* only(bytes: Uint8Array) {
  yield bytes;
}

function tooLarge(): SealiftError {
  return new SealiftError("LIMIT_EXCEEDED", "Cannot make the zip: zips end at 4 GB or 65535 files", {
    hint: "Save into a folder instead, take parts out one by one, or use the command.",
  });
}
