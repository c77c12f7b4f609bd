/** Extended attributes, which Node cannot set: setfattr does, all of them in one go. */
import { runProgram } from "./program.ts";

interface FileXattrs {
  readonly path: string;
  readonly xattrs: ReadonlyMap<string, Uint8Array>;
}

/** Sets the attributes of files below the folder; gives a warning where some could not be set. */
export async function setXattrs(root: string, files: readonly FileXattrs[]): Promise<readonly string[]> {
  const [first] = files;
  if (!first) return [];
  const dump = files.map(dumpOf).join("\n");
  // -h: an attribute is that of the link itself, never of what it leads to.
  const { code, stderr } = await runProgram("setfattr", ["-h", "--restore=-"], { cwd: root, input: dump });
  if (code === 0) return [];
  const lost = code === undefined ? files.length : stderr.split("\n").length;
  const reason = code === undefined ? "there is no program setfattr (package attr)" : stderr.split("\n")[0];
  const names = [...first.xattrs.keys()].join(", ");
  return [`Lost extended attributes of ${lost} files, such as ${names} of ${first.path || "/"}: ${reason}`];
}

/** As getfattr --dump writes them. */
function dumpOf({ path, xattrs }: FileXattrs): string {
  const lines = [...xattrs].map(
    ([name, value]) => `${quoted(name)}=0x${Buffer.from(value).toString("hex")}\n`,
  );
  return `# file: ${quoted(path || ".")}\n${lines.join("")}`;
}

/** What would end a line or a name stands as its octal code, and so does a byte that is not UTF-8. */
function quoted(text: string): string {
  return text.replace(
    /[\\\n\r=\0\udc80-\udcff]/gu,
    (character) => `\\${(character.charCodeAt(0) & 0xff).toString(8).padStart(3, "0")}`,
  );
}
