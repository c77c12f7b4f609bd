import { concat } from "../bytes/stream.ts";
import { decodeName } from "../bytes/surrogate-escape.ts";
import { unreadFormat } from "../bytes/unread-format.ts";
import { bareReasonOf, SealiftError } from "../error.ts";
import type { Kernels, TarFields } from "../kernel/kernels.ts";
import { BLOCK_SIZE, paddingOf, type TarHeader, typeOfFlag } from "./header.ts";
import type { TarInput } from "./input.ts";
import {
  MAX_PAX_SIZE,
  NO_RECORDS,
  type PaxRecord,
  type PaxRecords,
  parsePax,
  paxInteger,
  paxText,
  paxTime,
} from "./pax.ts";

/** One member's headers: what they mean, and the bytes they are. */
export interface TarHead {
  readonly kind: "member";
  /** Extended headers that came before, in order. */
  readonly extensions: readonly TarExtension[];
  readonly block: Uint8Array;
  readonly header: TarHeader;
}

/** The end of the archive, with the zero blocks that mark it; none where the marker is missing. */
export interface TarEnd {
  readonly kind: "end";
  readonly blocks: Uint8Array;
}

/** An extended header: `x` and `g` are PAX, `L` and `K` are GNU's long name and long link. */
export interface TarExtension {
  readonly flag: "x" | "g" | "L" | "K";
  readonly block: Uint8Array;
  readonly payload: Uint8Array;
  readonly padding: Uint8Array;
}

/**
 * Records that mean something for a single member only. As global ones they
 * are applied by some readers and ignored by others (a global `size` makes two
 * readers see two archives), and no writer makes them.
 */
const NEVER_GLOBAL = new Set(["path", "linkpath", "size"]);

/** Reads the headers of an archive, one member after the other; its owner passes over the bodies. */
export class HeadReader {
  readonly #input: TarInput;
  readonly #kernels: Kernels;
  #globals: PaxRecords = NO_RECORDS;
  #globalSize = 0;

  constructor(input: TarInput, kernels: Kernels) {
    this.#input = input;
    this.#kernels = kernels;
  }

  /**
   * The next member, or the end. The input stands behind the headers then. An
   * archive may end without its two zero blocks, as some writers leave them
   * out, but only where a header would begin.
   * Throws TAR_INVALID, TAR_TRUNCATED, LIMIT_EXCEEDED, UNSUPPORTED.
   */
  async next(): Promise<TarHead | TarEnd> {
    const extensions: TarExtension[] = [];
    for (;;) {
      const at = this.#input.position;
      const block = await this.#input.take(BLOCK_SIZE);
      if (block.length === 0 && extensions.length === 0) return { kind: "end", blocks: block };
      if (block.length < BLOCK_SIZE) {
        throw (at === 0 && anotherFormat(block)) || truncated(this.#input.position);
      }
      if (isZero(block)) {
        if (extensions.length > 0) throw invalid(at, "an extended header has no member after it");
        return { kind: "end", blocks: await this.#endMarker(block) };
      }
      const fields = this.#parse(block, at);
      const flag = String.fromCharCode(fields.type);
      if (flag !== "x" && flag !== "g" && flag !== "L" && flag !== "K") {
        return { kind: "member", extensions, block, header: this.#resolve(fields, extensions, at) };
      }
      const extension = await this.#extension(flag, block, fields.size, at);
      if (flag === "g") {
        const late = extensions.some((other) => other.flag !== "g");
        this.#setGlobals(extension, late, at);
      } else if (extensions.some((other) => other.flag === flag)) {
        // Readers disagree on which of two counts, so one of them would be shown another archive.
        throw invalid(at, `a member has two extended headers of type "${flag}"`);
      }
      extensions.push(extension);
    }
  }

  /** GNU tar stops at a lone zero block, others read on: only two, or one at the very end, are an end. */
  async #endMarker(first: Uint8Array): Promise<Uint8Array> {
    const at = this.#input.position;
    const second = await this.#input.take(BLOCK_SIZE);
    if (!isZero(second)) throw invalid(at, "a lone zero block stands between members");
    return concat([first, second]);
  }

  #parse(block: Uint8Array, at: number): TarFields {
    let fields: TarFields;
    try {
      fields = this.#kernels.tar.parse(block);
    } catch (cause) {
      throw (at === 0 && anotherFormat(block)) || invalid(at, bareReasonOf(cause), cause);
    }
    // Base-256 can say a negative size, which would turn the reader back.
    if (!Number.isSafeInteger(fields.size) || fields.size < 0)
      throw invalid(at, `its size is ${fields.size}`);
    return fields;
  }

  async #extension(flag: TarExtension["flag"], block: Uint8Array, size: number, at: number) {
    // Extended header bomb: its size is only a number in a header, and its payload is held in memory.
    if (size > MAX_PAX_SIZE) {
      throw new SealiftError(
        "LIMIT_EXCEEDED",
        `Cannot read tar archive: the extended header at byte ${at} has ${size} bytes, more than ${MAX_PAX_SIZE}`,
      );
    }
    const payload = await this.#input.take(size);
    const padding = await this.#input.take(paddingOf(size));
    if (payload.length < size || padding.length < paddingOf(size)) throw truncated(this.#input.position);
    return { flag, block, payload, padding };
  }

  #setGlobals({ payload }: TarExtension, late: boolean, at: number): void {
    if (late) throw invalid(at, "a global header stands between a member and its extended header");
    const records = parsePax(payload);
    const forbidden = records.find(({ key }) => NEVER_GLOBAL.has(key));
    if (forbidden) throw invalid(at, `a global header sets ${forbidden.key}`);
    // Any number of global headers, each under the limit, would fill the memory all the same.
    this.#globalSize += payload.length;
    if (this.#globalSize > MAX_PAX_SIZE) {
      throw new SealiftError(
        "LIMIT_EXCEEDED",
        `Cannot read tar archive: its global headers have more than ${MAX_PAX_SIZE} bytes`,
      );
    }
    this.#globals = override(this.#globals, records);
  }

  #resolve(fields: TarFields, extensions: readonly TarExtension[], at: number): TarHeader {
    const payload = (flag: string) => extensions.find((extension) => extension.flag === flag)?.payload;
    const local = payload("x");
    const pax = local ? override(this.#globals, parsePax(local)) : this.#globals;
    const longName = payload("L");
    const longLink = payload("K");
    if ((longName && pax.has("path")) || (longLink && pax.has("linkpath"))) {
      throw invalid(at, "a member is named both by a GNU and by a PAX header");
    }
    return resolveHeader(fields, pax, longName, longLink, at);
  }
}

/**
 * Later records replace earlier ones; an empty value takes a record away
 * (POSIX pax, "pax Extended Header"), but for extended attributes, which POSIX
 * does not know and which may be empty.
 */
function override(base: PaxRecords, records: readonly PaxRecord[]): PaxRecords {
  const merged = new Map(base);
  for (const { key, value } of records) {
    if (value.length === 0 && !isAttribute(key)) merged.delete(key);
    else merged.set(key, value);
  }
  return merged;
}

function isAttribute(key: string): boolean {
  return key.startsWith("SCHILY.xattr.") || key.startsWith("LIBARCHIVE.xattr.");
}

function resolveHeader(
  fields: TarFields,
  pax: PaxRecords,
  longName: Uint8Array | undefined,
  longLink: Uint8Array | undefined,
  at: number,
): TarHeader {
  const flag = String.fromCharCode(fields.type);
  refuseSparse(flag, pax, at);
  const text = (key: string, field: string): string => {
    const value = pax.get(key);
    return value ? paxText(key, value) : field;
  };
  const integer = (key: string, field: number): number => {
    const value = pax.get(key);
    return value ? paxInteger(key, value) : field;
  };
  const mtime = pax.get("mtime");
  const name = text("path", longName ? cString(longName) : fieldName(fields));
  const type = typeOfFlag(flag, name);
  const size = integer("size", fields.size);
  if (flag === "\0" && type === "directory" && size > 0) {
    // Some readers take the name's word (no body), others the flag's.
    throw invalid(at, `"${name}" is a directory by its name and has a body`);
  }
  return {
    name,
    type,
    // POSIX lets these have a size field, but nothing follows.
    size: type === "file" || type === "other" ? size : 0,
    mode: fields.mode & 0o7777,
    uid: integer("uid", fields.uid),
    gid: integer("gid", fields.gid),
    uname: text("uname", cString(fields.uname)),
    gname: text("gname", cString(fields.gname)),
    mtime: mtime ? paxTime("mtime", mtime).seconds : fields.mtime,
    linkname: text("linkpath", cString(longLink ?? fields.linkname)),
    devmajor: fields.devmajor,
    devminor: fields.devminor,
    pax,
  };
}

/** A sparse member's body is not its content; read as if it were, a file would be silently damaged. */
function refuseSparse(flag: string, pax: PaxRecords, at: number): void {
  const sparse = flag === "S" || [...pax.keys()].some((key) => key.startsWith("GNU.sparse."));
  if (sparse) {
    throw new SealiftError(
      "UNSUPPORTED",
      `Cannot read tar archive: the member at byte ${at} is a sparse file`,
      {
        hint: "Only who packed it can help: ask them for one packed by tar without --sparse (-S).",
      },
    );
  }
}

function fieldName(fields: TarFields): string {
  const name = cString(fields.name);
  const prefix = cString(fields.prefix);
  return prefix === "" ? name : `${prefix}/${name}`;
}

function cString(bytes: Uint8Array): string {
  // Most fields are empty, and a call of the decoder costs what a hundred bytes do.
  if (bytes[0] === 0) return "";
  const end = bytes.indexOf(0);
  return decodeName(end < 0 ? bytes : bytes.subarray(0, end));
}

function isZero(block: Uint8Array): boolean {
  return block.every((byte) => byte === 0);
}

/** Looked for where reading has failed only: a tar may begin with any bytes, which are a name. */
function anotherFormat(head: Uint8Array): SealiftError | undefined {
  const format = unreadFormat(head);
  return (
    format &&
    new SealiftError("TAR_INVALID", `Cannot read tar archive: it ${format.is}`, { hint: format.hint })
  );
}

function invalid(at: number, reason: string, cause?: unknown): SealiftError {
  return new SealiftError("TAR_INVALID", `Cannot read tar header at byte ${at}: ${reason}`, { cause });
}

/** The archive ends inside a header or a body. */
export function truncated(at: number): SealiftError {
  return new SealiftError("TAR_TRUNCATED", `Cannot read tar archive: it ends at byte ${at}, inside a member`);
}
