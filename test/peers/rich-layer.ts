/** A layer with everything a tar can say of a file, made byte by byte. */
import { archive, bytes, rawHeader, rawMember, rawPax, withChecksum } from "../unit/tar/raw.ts";

const LONG = `${"long-folder-name/".repeat(14)}${"long-file-name-".repeat(10)}end`;
/** cap_net_bind_service, permitted and effective, as the kernel stores it. */
const CAPABILITY = Uint8Array.from([1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);

const owner = { uid: "0001750\0", gid: "0013146\0" };
const times = { mtime: 1_700_000_000 };

/** What every format holds: folders, links of both kinds, devices, set-id bits, owners. */
function plainMembers(): Uint8Array[] {
  const folder = (name: string, mode = "0000755\0") => rawMember({ name, type: "5", mode, ...times });
  return [
    folder("./"),
    folder("bin/"),
    rawMember({ name: "bin/tool", mode: "0004755\0", ...times }, "#!/bin/sh\n"),
    rawMember({ name: "bin/again", type: "1", linkname: "bin/tool", ...times }),
    rawMember({ name: "bin/link", type: "2", linkname: "/bin/tool", mode: "0000777\0", ...times }),
    folder("tmp/", "0001777\0"),
    folder("empty/"),
    rawMember({ name: "owned", ...owner, mode: "0000640\0", ...times }, "owned"),
    rawMember({ name: "pipe", type: "6", ...times }),
    device("null", 1, 3),
    rawMember({ name: "nothing", ...times }, ""),
    rawMember({ name: "back\\slash and space", ...times }, "odd"),
    rawMember({ name: "name", prefix: "folder-of-a-prefix/".repeat(7).slice(0, -1), ...times }, "split"),
  ];
}

/** The members that ustar can hold. */
export function plainLayer(): Uint8Array {
  return archive(...plainMembers());
}

/** These, and what takes an extension: capabilities, long and foreign names, large owners, fractions of seconds. */
export function richLayer(): Uint8Array {
  return archive(
    ...plainMembers(),
    rawPax([
      ["SCHILY.xattr.user.note", "a=b\nc"],
      ["SCHILY.xattr.security.capability", CAPABILITY],
    ]),
    rawMember({ name: "bin/capable", mode: "0000755\0", ...times }, "capable"),
    rawPax([
      ["uid", "3000000000"],
      ["gid", "2500000"],
    ]),
    rawMember({ name: "far", ...times }, "an owner beyond octal"),
    rawPax([
      ["mtime", "1700000000.123456789"],
      ["atime", "1600000000.5"],
      ["ctime", "1600000001"],
    ]),
    rawMember({ name: "fraction", ...times }, "a fraction of a second"),
    rawPax([["path", LONG]]),
    rawMember({ name: LONG.slice(0, 100), ...times }, "long"),
    rawPax([["path", "größe/日本 \u{1F600}"]]),
    rawMember({ name: "gr", ...times }, "unicode"),
    rawPax([["linkpath", LONG]]),
    rawMember({ name: "short", type: "2", linkname: LONG.slice(0, 100), mode: "0000777\0", ...times }),
  );
}

/** A second layer, which takes away from the first. */
export function whiteouts(): Uint8Array {
  return archive(
    rawMember({ name: "bin/.wh.link", ...times }),
    rawMember({ name: "tmp/.wh..wh..opq", ...times }),
    rawMember({ name: "tmp/new", ...times }, "new"),
  );
}

function device(name: string, major: number, minor: number): Uint8Array {
  const header = rawHeader({ name, type: "3", mode: "0000666\0", ...times });
  [major, minor].forEach((number, index) => {
    header.set(bytes(`${number.toString(8).padStart(7, "0")}\0`), 329 + 8 * index);
  });
  return withChecksum(header);
}
