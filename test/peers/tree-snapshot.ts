/** A root file system on the disk as lines of text, one for each path: what two of them must have in common. */
import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, readlinkSync, type Stats } from "node:fs";
import { decodeName } from "../../src/bytes/surrogate-escape.ts";
import { run } from "./peer.ts";

/** Before any of these tests ran: a folder that is younger was made by whoever unpacked it, as no layer names it. */
const START = Math.floor(Date.now() / 1000) - 3600;

/**
 * Names, types, modes, owners, times as finely as every Node sets them, link targets, contents,
 * devices and extended attributes, by path, byte by byte, whatever order the disk has them in. Hard links show as the same file.
 */
export async function treeSnapshot(root: string, { times = true } = {}): Promise<readonly string[]> {
  const xattrs = await xattrsBelow(root);
  const firstNames = new Map<number, string>();
  const visit = (below: Buffer): string[] => {
    const full = Buffer.concat([Buffer.from(`${root}/`), below]);
    const path = decodeName(below);
    const found = lstatSync(full);
    const same = firstNames.get(found.ino);
    if (!found.isDirectory()) firstNames.set(found.ino, same ?? path);
    const parts = [
      path || ".",
      attributes(found, path === "" || !times),
      content(full, found),
      same && `= ${same}`,
      xattrs.get(path),
    ];
    const line = parts.filter(Boolean).join(" | ");
    if (!found.isDirectory()) return [line];
    return [
      line,
      ...readdirSync(full, { encoding: "buffer" })
        .sort(Buffer.compare)
        .flatMap((name) => visit(path === "" ? name : Buffer.concat([below, Buffer.from("/"), name]))),
    ];
  };
  return visit(Buffer.alloc(0));
}

/** umoci leaves the root the time at which it made the last thing in it. */
function attributes(found: Stats, timeless: boolean): string {
  const { mode, uid, gid, mtimeMs } = found;
  const implied = timeless || (found.isDirectory() && (mtimeMs === 0 || mtimeMs / 1000 > START));
  return `${mode.toString(8)} ${uid}:${gid} ${implied ? "implied" : (mtimeMs / 1000).toFixed(5)}`;
}

function content(full: Buffer, found: Stats): string {
  if (found.isSymbolicLink()) return `-> ${decodeName(readlinkSync(full, { encoding: "buffer" }))}`;
  if (found.isFile()) return createHash("sha256").update(readFileSync(full)).digest("hex");
  if (found.isCharacterDevice() || found.isBlockDevice()) return `device ${found.rdev}`;
  return "";
}

/** getfattr's own words for the attributes, by path. */
async function xattrsBelow(root: string): Promise<ReadonlyMap<string, string>> {
  const { stdout } = await run("getfattr", ["-R", "-P", "-h", "-d", "-m", "-", "-e", "hex", "."], {
    cwd: root,
    encoding: "latin1",
  });
  const blocks = stdout.split("\n\n").filter((block) => block !== "");
  return new Map(
    blocks.map((block) => {
      const [head = "", ...lines] = block.split("\n");
      const path = head
        .replace(/^# file: (?:\.\/)?/, "")
        .replace(/\\(\d{3})/g, (_, code) => String.fromCharCode(Number.parseInt(code, 8)));
      return [path === "." ? "" : decodeName(Buffer.from(path, "latin1")), lines.sort().join(" ")];
    }),
  );
}
