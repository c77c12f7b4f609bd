import { spoolContent } from "../bytes/spooled-content.ts";
import { type ByteStream, chunksOf } from "../bytes/stream.ts";
import { SealiftError } from "../error.ts";
import type { Host } from "../host.ts";
import { formatDigest } from "../oci/digest.ts";
import type { TarEntry } from "../tar/read.ts";
import { readTar } from "../tar/read.ts";
import type { ContentsKind, ContentsNode, ContentsRegister, Taken } from "./contents.ts";
import { type PathLeaf, pathTree } from "./path-tree.ts";

/** More than any real layer holds; each costs some hundred bytes of memory. */
const MAX_MEMBERS = 500_000;

/** A tar inside, a layer or a packed folder, as a stream that checks itself. */
export interface InnerTar {
  readonly key: string;
  open(): Promise<ByteStream>;
}

/** Lists the members of a tar inside by reading it to its end; the list exists only if all of it held. */
export async function listTar(
  tar: InnerTar,
  register: ContentsRegister,
  host: Host,
): Promise<readonly ContentsNode[]> {
  const leaves: PathLeaf[] = [];
  for await (const entry of readTar(await tar.open(), host.kernels)) {
    if (leaves.length >= MAX_MEMBERS) {
      throw new SealiftError(
        "LIMIT_EXCEEDED",
        `Cannot list ${tar.key}: it has more than ${MAX_MEMBERS} members`,
      );
    }
    const index = leaves.length;
    const key = `${tar.key}#${index}`;
    leaves.push({ path: entry.name, node: await describe(entry, key, host) });
    if (entry.type === "file") register.takeable(key, () => takeMember(tar, index, host));
  }
  return pathTree(tar.key, leaves);
}

const KIND: Readonly<Record<TarEntry["type"], ContentsKind>> = {
  file: "file",
  directory: "folder",
  symlink: "link",
  hardlink: "link",
  character: "device",
  block: "device",
  fifo: "device",
  other: "device",
};

async function describe(entry: TarEntry, key: string, host: Host): Promise<Omit<ContentsNode, "name">> {
  const { type, mode, size, linkname, name } = entry;
  const base = { key, kind: KIND[type], mode };
  if (type === "symlink" || type === "hardlink") {
    return { ...base, detail: type === "symlink" ? `→ ${linkname}` : `same file as ${linkname}` };
  }
  if (type !== "file") return base;
  return { ...base, size, digest: await digestOfBody(entry, host), saveAs: lastPart(name) };
}

async function digestOfBody({ body }: TarEntry, host: Host) {
  const hasher = host.kernels.hasher("sha256");
  try {
    for await (const chunk of chunksOf(body)) hasher.update(chunk);
    return formatDigest("sha256", hasher.digest());
  } finally {
    hasher.release();
  }
}

/**
 * A member's content, waiting in the spool: it lies in the middle of a tar
 * whose last byte decides whether any of it holds, so it is given only then.
 */
async function takeMember(tar: InnerTar, wanted: number, host: Host): Promise<Taken> {
  let index = 0;
  let taken: Taken | undefined;
  try {
    for await (const entry of readTar(await tar.open(), host.kernels)) {
      if (index++ !== wanted) continue;
      const { size, open, dispose } = await spoolContent(host.spool, host.kernels, entry.body);
      taken = { name: lastPart(entry.name), size, open, dispose };
    }
  } catch (error) {
    await taken?.dispose();
    throw error;
  }
  if (!taken) throw new SealiftError("NOT_FOUND", `Cannot open ${tar.key}: it has no member ${wanted}`);
  return taken;
}

function lastPart(path: string): string {
  return path.replace(/\/+$/, "").split("/").pop() || "file";
}
