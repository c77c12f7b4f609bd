/** Images made by code whose layers have very many small files, with names, links, attributes and whiteouts as systems have them. */

import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { gzipSync } from "node:zlib";
import {
  BLOCK,
  type GeneratedLayer,
  gzipLayer,
  header,
  padding,
  sha256,
  writeArchive,
} from "./generated-archive.ts";

const LAYERS = 6;
/** Of the files, the first layer has half. */
const TREES = [
  "usr/lib/python3/dist-packages",
  "usr/share/doc",
  "opt/app/node_modules/@scope",
  "usr/lib/x86_64-linux-gnu",
  "var/lib/application/cache",
];
const FILES_IN_FOLDER = 20;
const PACKAGE_MTIME = 1_600_000_000;

/**
 * Writes FOLDER/NAME.oci.tar with `count` paths of files in six layers (tag
 * `bench`); gives its path. Of two of different `variant` one file in ten differs.
 */
export async function manyPathsImage(
  folder: string,
  name: string,
  count: number,
  variant: number,
): Promise<string> {
  const layers: GeneratedLayer[] = [];
  for (let layer = 0; layer < LAYERS; layer++) {
    layers.push(await gzipLayer(join(folder, `${name}.${layer}`), layerChunks(layer, count, variant)));
  }
  const path = join(folder, `${name}.oci.tar`);
  await writeArchive(path, layers);
  return path;
}

function* layerChunks(layer: number, count: number, variant: number): Generator<Buffer> {
  const half = count / 2;
  const share = half / (LAYERS - 1);
  const [from, to] = layer === 0 ? [0, half] : [half + (layer - 1) * share, half + layer * share];
  yield* files(from, to, variant);
  if (layer > 0) {
    // What an upgrade of some packages does: files anew, files gone, a folder of nothing but new ones.
    const replaced = layer * (half / LAYERS);
    yield* files(replaced, replaced + share / 10, variant + layer);
    for (let index = replaced + share / 5; index < replaced + share / 4; index++)
      yield header({ name: whiteoutOf(pathOf(index)) });
    yield header({ name: `${folderOf(Math.floor(replaced / 2))}/.wh..wh..opq` });
  }
  yield Buffer.alloc(2 * BLOCK);
}

function* files(from: number, to: number, variant: number): Generator<Buffer> {
  let folder = "";
  for (let index = from; index < to; index++) {
    if (folderOf(index) !== folder) {
      folder = folderOf(index);
      yield header({ name: `${folder}/`, type: "5", mode: 0o755, mtime: PACKAGE_MTIME + packageOf(index) });
    }
    yield* file(index, variant);
  }
}

function* file(index: number, variant: number): Generator<Buffer> {
  const name = pathOf(index);
  const mtime = PACKAGE_MTIME + packageOf(index);
  const records: Record<string, string> = {};
  // As GNU tar writes in its POSIX format; and what a name of more than 100 bytes needs of any writer.
  if (index % 4 === 0)
    Object.assign(records, { mtime: `${mtime}.123456789`, atime: `${mtime}.5`, ctime: `${mtime}.25` });
  const linkname = index % 40 === 7 ? pathOf(index - 1) : index % 40 === 9 ? "../lib/target.so.1" : "";
  if (name.length > 100) records.path = name;
  if (linkname.length > 100) records.linkpath = linkname;
  if (index % 20 === 3) records["SCHILY.xattr.security.capability"] = `cap ${index % 100}`;
  yield* paxHeader(records);
  const fields = { name, mtime, mode: index % 3 === 0 ? 0o755 : 0o644, uid: index % 50 === 0 ? 1000 : 0 };
  if (index % 40 === 7) yield header({ ...fields, type: "1", linkname });
  else if (index % 40 === 9) yield header({ ...fields, type: "2", linkname });
  else {
    const body = bodyOf(index, variant);
    yield header({ ...fields, size: body.length });
    yield body;
    yield padding(body.length);
  }
}

function* paxHeader(records: Readonly<Record<string, string>>): Generator<Buffer> {
  const payload = Buffer.from(
    Object.entries(records)
      .map(([key, value]) => paxRecord(`${key}=${value}\n`))
      .join(""),
  );
  if (payload.length === 0) return;
  yield header({ name: "././@PaxHeader", type: "x", size: payload.length });
  yield payload;
  yield padding(payload.length);
}

function paxRecord(text: string): string {
  const bare = text.length + 1;
  const length = bare + String(bare + String(bare).length).length;
  return `${length} ${text}`;
}

function bodyOf(index: number, variant: number): Buffer {
  const line = `${index} ${index % 10 === 0 ? variant : 0} the quick brown fox\n`;
  return Buffer.from(line.repeat(1 + ((index * 7919) % 60)));
}

function packageOf(index: number): number {
  return Math.floor(index / (FILES_IN_FOLDER * 10));
}

function folderOf(index: number): string {
  const number = packageOf(index);
  const part = Math.floor(index / FILES_IN_FOLDER) % 10;
  return `${TREES[number % TREES.length]}/package-${number}/${["src", "include", "internal", "resources"][part % 4]}-${part}`;
}

/** 60 to 90 characters, some longer. */
function pathOf(index: number): string {
  const extra = index % 50 === 11 ? "_with_a_rather_long_name_that_no_header_of_ustar_has_a_place_for" : "";
  return `${folderOf(index)}/module_of_package_${index % 7 === 0 ? "config_" : ""}${index}${extra}.${index % 2 ? "py" : "json"}`;
}

function whiteoutOf(path: string): string {
  const slash = path.lastIndexOf("/") + 1;
  return `${path.slice(0, slash)}.wh.${path.slice(slash)}`;
}

/** Writes FOLDER/NAME.oci.tar with one eStargz layer of `count` files (tag `bench`): 450 bytes of its table of contents each. */
export async function manyPathsEstargz(folder: string, name: string, count: number): Promise<string> {
  const layer = join(folder, `${name}.estargz`);
  await mkdir(folder, { recursive: true });
  const diff = createHash("sha256");
  const blob = createHash("sha256");
  let annotations = {};
  const chunks = estargzMembers(count, diff, (digest) => {
    annotations = { "containerd.io/snapshot/stargz/toc.digest": `sha256:${digest}` };
  });
  const hashed = function* () {
    for (const chunk of chunks) {
      blob.update(chunk);
      yield chunk;
    }
  };
  await pipeline(Readable.from(hashed()), createWriteStream(layer));
  const path = join(folder, `${name}.oci.tar`);
  const { size } = await stat(layer);
  await writeArchive(path, [
    { path: layer, digest: blob.digest("hex"), size, diffId: diff.digest("hex"), annotations },
  ]);
  return path;
}

/** stargz-snapshotter, docs/estargz.md; each file's content is one gzip member, and the next header one with it. */
function* estargzMembers(
  count: number,
  diff: ReturnType<typeof createHash>,
  tell: (tocDigest: string) => void,
): Generator<Buffer> {
  let offset = 0;
  const member = (tar: Buffer) => {
    diff.update(tar);
    const packed = gzipSync(tar, { level: 1 });
    offset += packed.length;
    return packed;
  };
  const entries: object[] = [];
  for (let index = 0; index < count; index++) {
    const name = pathOf(index);
    const body = bodyOf(index, 0);
    const mtime = PACKAGE_MTIME + packageOf(index);
    const capability = index % 20 === 3 ? `cap ${index % 100}` : undefined;
    const records = capability ? { "SCHILY.xattr.security.capability": capability } : {};
    const head = header({ name: name.slice(-100), mtime, size: body.length });
    yield member(Buffer.concat([...paxHeader(records), head]));
    const digest = `sha256:${sha256(body)}`;
    entries.push({
      name: name.slice(-100),
      type: "reg",
      size: body.length,
      modtime: new Date(mtime * 1000).toISOString().replace(".000", ""),
      mode: 33_188,
      ...(index === 0 && { userName: "root", groupName: "root" }),
      ...(capability && {
        xattrs: { "security.capability": Buffer.from(capability).toString("base64") },
      }),
      offset,
      NumLink: 0,
      digest,
      chunkDigest: digest,
    });
    yield member(Buffer.concat([body, padding(body.length)]));
  }
  // As Go's json.MarshalIndent with a tab writes it.
  const toc = Buffer.from(JSON.stringify({ version: 1, entries }, null, "\t"));
  tell(sha256(toc));
  const extra = offset.toString(16).padStart(16, "0");
  yield member(
    Buffer.concat([
      header({ name: "stargz.index.json", size: toc.length }),
      toc,
      padding(toc.length),
      Buffer.alloc(2 * BLOCK),
    ]),
  );
  yield Buffer.concat([
    Buffer.from([0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255, 26, 0, 0x53, 0x47, 22, 0]),
    Buffer.from(`${extra}STARGZ`),
    Buffer.from([1, 0, 0, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0]),
  ]);
}
