import { collect } from "../bytes/stream.ts";
import { SealiftError } from "../error.ts";
import type { Layer } from "./image.ts";
import { openInode } from "./read-inode.ts";
import type { MergedTree } from "./tree.ts";

/** Whom a process of an image runs as. */
export interface ImageUser {
  readonly uid: number;
  readonly gid: number;
  /** Further groups, as the image's /etc/group has them. */
  readonly additionalGids: readonly number[];
  /** As the image's /etc/passwd has it. */
  readonly home?: string;
}

/** Accounts of thousands of users are below it; nobody's file is above. */
const MAX_ACCOUNTS_SIZE = 16 * 1024 * 1024;

/** Linux' largest id that stands for anyone. */
const MAX_ID = 2 ** 31 - 1;

/**
 * The user that an image's config names (image-spec, config.md "User"): `user`,
 * `uid`, `user:group` and mixtures of them; root if it names none. Names are
 * looked up in the image's own files; a group that is named leaves the user's
 * others out, as every engine does. Throws CONFIG_INVALID on an unknown name.
 */
export async function imageUser(
  user: string,
  tree: MergedTree,
  layers: readonly Layer[],
): Promise<ImageUser> {
  const [userPart = "", groupPart = ""] = user.split(":");
  const wanted = userPart === "" ? "0" : userPart;
  const accounts = await readAccounts("etc/passwd", tree, layers);
  const account = accounts.find(([name, , uid]) => name === wanted || uid === wanted);
  const groups = await readAccounts("etc/group", tree, layers);
  const uid = account ? idOf(account[2], user) : idOf(wanted, user);
  const home = account?.[5];
  const withHome = home ? { home } : {};
  if (groupPart !== "") {
    const group = groups.find(([name, , gid]) => name === groupPart || gid === groupPart);
    return { uid, gid: idOf(group?.[2] ?? groupPart, user), additionalGids: [], ...withHome };
  }
  const gid = account ? idOf(account[3], user) : 0;
  const mine = groups.filter(
    ([, , , members = ""]) => account && members.split(",").includes(account[0] ?? ""),
  );
  const additionalGids = [...new Set(mine.map(([, , id]) => idOf(id, user)))];
  return { uid, gid, additionalGids, ...withHome };
}

/**
 * The lines of a file of accounts, by field; none where the image has no such
 * file. A line with a NUL is none: a home with one would be the process's HOME.
 */
async function readAccounts(
  path: string,
  tree: MergedTree,
  layers: readonly Layer[],
): Promise<readonly (readonly string[])[]> {
  const node = tree.find(path);
  if (node?.inode.entry?.type !== "file") return [];
  const bytes = await collect(openInode(layers, node.inode), MAX_ACCOUNTS_SIZE, `the image's /${path}`);
  const lines = new TextDecoder().decode(bytes).split("\n");
  const isAccount = (line: string) => line !== "" && !line.startsWith("#") && !line.includes("\0");
  return lines.filter(isAccount).map((line) => line.split(":"));
}

function idOf(text: string | undefined, user: string): number {
  if (text !== undefined && /^\d{1,10}$/.test(text) && Number(text) <= MAX_ID) return Number(text);
  throw new SealiftError(
    "CONFIG_INVALID",
    `Cannot find user "${user}": the image's /etc/passwd and /etc/group have no ${JSON.stringify(text ?? "")}`,
  );
}
