/** eStargz and zstd:chunked layers made from their specifications, without the code under test; whole or with a lie in them. */
import { createHash } from "node:crypto";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { concat } from "../src/bytes/stream.ts";
import { bytes, END, padded, rawHeader } from "./unit/tar/raw.ts";

export interface SampleFile {
  readonly name: string;
  /** A tar's type flag; a regular file without it. */
  readonly type?: "1" | "2" | "5";
  readonly linkname?: string;
  readonly body?: Uint8Array;
}

/** A layer's blob, the tar it is of, and what its descriptor says. */
export interface ChunkedBlob {
  readonly blob: Uint8Array;
  readonly tar: Uint8Array;
  readonly mediaType: string;
  readonly annotations: Readonly<Record<string, string>>;
}

// biome-ignore lint/suspicious/noExplicitAny: tests write into it what is not allowed
export type RawToc = { version: number; entries: any[] };

export interface ChunkedOptions {
  /** Bytes of a file's content in each chunk. */
  readonly chunkSize?: number;
  /** Files share gzip members, as with estargz' --estargz-min-chunk-size. */
  readonly shared?: boolean;
  /** Changes the table before it has its digest. */
  readonly lie?: (toc: RawToc) => unknown;
  /** In place of the table's JSON. */
  readonly json?: Uint8Array;
}

const MODIFIED = 1_700_000_000;
const TYPE_NAMES = { "0": "reg", "1": "hardlink", "2": "symlink", "5": "dir" };

export const sha256 = (data: Uint8Array): string =>
  `sha256:${createHash("sha256").update(data).digest("hex")}`;

/** stargz-snapshotter, docs/estargz.md. */
export function estargz(files: readonly SampleFile[], options: ChunkedOptions = {}): ChunkedBlob {
  const { blob, tar, toc } = body(files, options, gzipSync, false);
  const json = options.json ?? bytes(JSON.stringify(toc, null, "\t"));
  const tocTar = concat([rawHeader({ name: "stargz.index.json", size: json.length }), padded(json), END]);
  const extra = bytes(`${blob.length.toString(16).padStart(16, "0")}STARGZ`);
  const footer = concat([
    Uint8Array.of(0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255, 26, 0, 0x53, 0x47, 22, 0),
    extra,
    Uint8Array.of(1, 0, 0, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0),
  ]);
  return {
    blob: concat([blob, gzipSync(tocTar), footer]),
    tar: concat([tar, tocTar]),
    mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
    annotations: { "containerd.io/snapshot/stargz/toc.digest": sha256(json) },
  };
}

/** containers/storage, pkg/chunked; of each file's end the table tells. */
export function zstdChunked(files: readonly SampleFile[], options: ChunkedOptions = {}): ChunkedBlob {
  const { blob, tar, toc } = body(files, options, zstdCompressSync, true);
  const json = options.json ?? bytes(JSON.stringify(toc));
  const packed = zstdCompressSync(json);
  const prefix = "io.github.containers.zstd-chunked.manifest-";
  return {
    blob: concat([blob, skippable(packed), skippable(bytes("tar-split")), skippable(new Uint8Array(64))]),
    tar,
    mediaType: "application/vnd.oci.image.layer.v1.tar+zstd",
    annotations: {
      [`${prefix}checksum`]: sha256(packed),
      [`${prefix}position`]: `${blob.length + 8}:${packed.length}:${json.length}:1`,
    },
  };
}

function skippable(content: Uint8Array): Uint8Array {
  const head = new Uint8Array(8);
  head.set([0x50, 0x2a, 0x4d, 0x18]);
  new DataView(head.buffer).setUint32(4, content.length, true);
  return concat([head, content]);
}

/** The files as members or frames, each content in its own, and the table of them. */
function body(
  files: readonly SampleFile[],
  { chunkSize = 1 << 20, shared = false, lie = () => {} }: ChunkedOptions,
  compress: (data: Uint8Array) => Uint8Array,
  isZstd: boolean,
) {
  const groups: Uint8Array[][] = [[]];
  const toc: RawToc = { version: 1, entries: [] };
  /** Each entry that has content, the group it is in, and how far. */
  const placed: {
    readonly entry: Record<string, unknown>;
    readonly group: number;
    readonly inner: number;
  }[] = [];
  const ended: { readonly entry: Record<string, unknown>; readonly group: number }[] = [];
  const sizeOf = (group: readonly Uint8Array[]) => group.reduce((sum, part) => sum + part.length, 0);
  for (const { name, type = "0", linkname = "", body: content = new Uint8Array() } of files) {
    const mode = type === "5" ? 0o755 : 0o644;
    const fields = { name, type, linkname, size: content.length, mtime: MODIFIED };
    groups.at(-1)?.push(rawHeader({ ...fields, mode: `0000${mode.toString(8)}\0` }));
    const entry: Record<string, unknown> = {
      name,
      type: TYPE_NAMES[type],
      mode,
      modtime: new Date(MODIFIED * 1000).toISOString(),
      ...(linkname && { linkName: linkname }),
      ...(content.length > 0 && { size: content.length, digest: sha256(content) }),
    };
    toc.entries.push(entry);
    const isChunked = content.length > chunkSize;
    for (let at = 0; at < content.length; at += chunkSize) {
      const chunk = content.subarray(at, at + chunkSize);
      const isLast = at + chunkSize >= content.length;
      const part = at === 0 ? entry : { name, type: "chunk", chunkOffset: at };
      if (at > 0) toc.entries.push(part);
      // A chunk of the rest is said to have no size in eStargz; zstd:chunked tells of all or of none.
      if (isChunked && (!isLast || isZstd)) part.chunkSize = chunk.length;
      if (isChunked || !isZstd) part.chunkDigest = sha256(chunk);
      if (!shared) groups.push([]);
      placed.push({ entry: part, group: groups.length - 1, inner: sizeOf(groups.at(-1) as Uint8Array[]) });
      groups.at(-1)?.push(chunk);
    }
    if (isZstd && content.length > 0) ended.push({ entry, group: groups.push([]) - 1 });
    groups.at(-1)?.push(padded(content).subarray(content.length));
  }
  if (isZstd) groups.at(-1)?.push(END);
  const starts = [0];
  const members = groups.map((group) => compress(concat(group)));
  for (const [at, member] of members.entries()) starts[at + 1] = (starts[at] as number) + member.length;
  for (const { entry, group, inner } of placed) {
    entry.offset = starts[group];
    if (inner > 0) entry.innerOffset = inner;
  }
  for (const { entry, group } of ended) entry.endOffset = starts[group];
  lie(toc);
  return { blob: concat(members), tar: concat(groups.flat()), toc };
}
