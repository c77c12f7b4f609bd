import { type FileHandle, open, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { FileWriter, SeekableWriter } from "../../src/bytes/files.ts";
import { SealiftError } from "../../src/error.ts";
import { sweepAbandoned, temporaryName } from "./abandoned.ts";
import { BatchedWrites } from "./batched-writes.ts";
import { fileError, filing, isSystemError } from "./file-error.ts";
import { forget, removeAtExit } from "./leftovers.ts";
import { syncFolder } from "./sync-folder.ts";

/**
 * A file written beside its final name and renamed over it once its bytes are
 * on the disk; `mode` is narrowed by the umask. Throws IO where a folder
 * stands, NO_SPACE. A named pipe is written to as it is, until the signal aborts.
 */
export async function createFile(path: string, mode = 0o666, signal?: AbortSignal): Promise<FileWriter> {
  const place = await placeOf(path);
  if (place.pipe) return (await import("./named-pipe.ts")).writePipe(place.path, signal);
  return place.direct ? openDirect(place.path) : openBeside(place.path, place.mode ?? mode);
}

interface Place {
  readonly path: string;
  /** A device or pipe (/dev/null, /dev/stdout): a rename would replace the device itself. */
  readonly direct: boolean;
  /** Opening and writing wait for whoever reads. */
  readonly pipe?: boolean;
  /** Of the file that is replaced: what was private stays so. */
  readonly mode?: number;
}

/** Where the bytes go: through a link to what it names, as every other tool writes. */
async function placeOf(path: string): Promise<Place> {
  try {
    const found = await stat(path);
    if (found.isDirectory()) throw new SealiftError("IO", `Cannot write ${path}: it is a folder`);
    // /dev/stdout may be a file that its opener goes on writing to; it keeps its identity.
    const direct = !found.isFile() || path.startsWith("/dev/");
    return {
      path: direct ? path : await realpath(path),
      direct,
      pipe: found.isFIFO(),
      mode: found.mode & 0o777,
    };
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return { path, direct: false };
    throw fileError(error, "write", path);
  }
}

async function openBeside(path: string, mode: number): Promise<FileWriter> {
  await sweepAbandoned(dirname(path));
  const temporary = join(dirname(path), temporaryName(basename(path).slice(0, 200)));
  const handle = await filing("write", path, () => open(temporary, "wx", mode));
  removeAtExit(temporary);
  const file = new OpenFile(path, handle);
  const discard = async () => {
    await file.close();
    await rm(temporary, { force: true });
    forget(temporary);
  };
  return {
    write: (chunk) => file.write(chunk),
    seekable: file,
    async commit(check) {
      try {
        await file.finish();
        await check?.(temporary);
        await filing("write", path, () => rename(temporary, path));
      } catch (error) {
        await discard();
        throw error;
      }
      forget(temporary);
      await syncFolder(dirname(path));
    },
    abort: discard,
  };
}

async function openDirect(path: string): Promise<FileWriter> {
  const file = new OpenFile(path, await filing("write", path, () => open(path, "w")), false);
  return {
    write: (chunk) => file.write(chunk),
    commit: () => file.finish(),
    abort: () => file.close(),
  };
}

/** A file being written: failures are named by the path the user knows. */
class OpenFile implements SeekableWriter {
  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #writes: BatchedWrites;
  readonly #durable: boolean;
  #open = true;
  #rewound = false;

  constructor(path: string, handle: FileHandle, durable = true) {
    this.#path = path;
    this.#handle = handle;
    this.#writes = new BatchedWrites(handle, { seekable: durable, durable });
    this.#durable = durable;
  }

  write(chunk: Uint8Array): Promise<void> {
    return filing("write", this.#path, () => this.#writes.give(chunk));
  }

  get position(): number {
    return this.#writes.size;
  }

  rewind(offset: number): Promise<void> {
    this.#rewound = true;
    return filing("write", this.#path, () => this.#writes.rewind(offset));
  }

  overwrite(offset: number, chunk: Uint8Array): Promise<void> {
    return filing("write", this.#path, () => this.#writes.overwrite(offset, chunk));
  }

  /** Puts everything on the disk and closes. */
  async finish(): Promise<void> {
    await filing("write", this.#path, async () => {
      await this.#writes.finish();
      if (this.#rewound) await this.#handle.truncate(this.position);
      if (this.#durable) await this.#writes.sync();
      await this.close();
    });
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.#handle.close();
  }
}
