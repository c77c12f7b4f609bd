/** Archives as real programs write them, rewritten in one pass: the same bytes as step by step. */
import {
  linkSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { mixture } from "../contract/kernels-input.ts";
import { expectSame } from "../unit/kernel/rewrite-case.ts";
import { describeWith, run, temporaryFolder } from "./peer.ts";

const folder = temporaryFolder();
const at = (name: string) => join(folder.path, name);
afterAll(folder.dispose);

const LONG = `tree/${"long-folder-name/".repeat(12)}${"long-file-name-".repeat(8)}end`;

beforeAll(() => {
  const put = (name: string, content: Uint8Array | string, time: number) => {
    mkdirSync(dirname(at(name)), { recursive: true });
    writeFileSync(at(name), content);
    utimesSync(at(name), time, time);
  };
  put("tree/empty", "", 1_700_000_000.25);
  put("tree/bin/tool", "#!/bin/sh\n", 900);
  put("tree/large", mixture(2_200_000), 1_700_000_001.123);
  put("tree/näme with spaces", "x", -1);
  for (let i = 0; i < 300; i++) put(`tree/many/${i}`, `${i}`.repeat(i), 1_600_000_000 + i / 7);
  linkSync(at("tree/bin/tool"), at("tree/bin/again"));
  symlinkSync("l".repeat(150), at("tree/bin/link"));
  put("sparse", "x", 5);
  truncateSync(at("sparse"), 3_000_000);
});

/** Set and clamped, all ways in and out. */
async function outcomeOf(name: string) {
  const tar = readFileSync(at(name));
  const outcomes = new Set<string>();
  for (const clamp of [false, true]) outcomes.add(await expectSame(tar, { seconds: 1_600_000_020, clamp }));
  return [...outcomes].join(" and ");
}

describeWith(["tar"], "GNU tar", () => {
  const tar = (...args: string[]) => run("tar", ["-C", folder.path, ...args]);

  test.each(["gnu", "oldgnu", "pax", "ustar", "v7"])("--format=%s", async (format) => {
    const plain = ["--exclude=long-folder-name", "--exclude=link", "--exclude=n*spaces"];
    const some = format === "ustar" || format === "v7" ? plain : [];
    if (some.length === 0) {
      mkdirSync(dirname(at(LONG)), { recursive: true });
      writeFileSync(at(LONG), "long");
    }
    await tar(`--format=${format}`, ...some, "-cf", at(`${format}.tar`), "tree");
    expect(await outcomeOf(`${format}.tar`)).toBe("rewritten");
  });

  test("access and change times, and a global header", async () => {
    const options = [
      "--pax-option=globexthdr.name=g,comment=all of it,exthdr.name=x/%f",
      "--atime-preserve=system",
    ];
    await tar("--format=pax", ...options, "-cf", at("global.tar"), "tree/bin");
    await tar("--format=gnu", "--incremental", "-cf", at("incremental.tar"), "tree/bin");
    expect(await outcomeOf("global.tar")).toBe("rewritten");
    expect(await outcomeOf("incremental.tar")).toBe("rewritten");
  });

  test("two archives one after the other, of which the first one counts", async () => {
    await tar("-cf", at("first.tar"), "tree/bin");
    writeFileSync(
      at("both.tar"),
      Buffer.concat([readFileSync(at("first.tar")), readFileSync(at("first.tar"))]),
    );
    expect(await outcomeOf("both.tar")).toBe("rewritten");
  });

  test.each(["gnu", "pax"])("sparse files, which are refused (%s)", async (format) => {
    await tar(`--format=${format}`, "--sparse", "-cf", at("sparse.tar"), "sparse");
    expect(await outcomeOf("sparse.tar")).toBe("refused");
  });
});

describeWith(["python3"], "Python's tarfile", () => {
  const script = `
import sys, tarfile
path, form, tree = sys.argv[1:]
headers = {"comment": "for all"} if form == "PAX" else {}
def marked(info):
    if form == "PAX":
        info.pax_headers = {"SCHILY.xattr.user.note": "n" * 700, "atime": "1700000000.5", "ctime": "5"}
    return info
with tarfile.open(path, "w", format=getattr(tarfile, form + "_FORMAT"), pax_headers=headers) as tar:
    tar.add(tree, "tree", filter=marked)
`;
  test.each(["USTAR", "GNU", "PAX"])("%s_FORMAT", async (form) => {
    const tree = form === "USTAR" ? at("tree/many") : at("tree");
    await run("python3", ["-c", script, at(`${form}.tar`), form, tree]);
    expect(await outcomeOf(`${form}.tar`)).toBe("rewritten");
  });
});

describeWith(["git"], "git archive", () => {
  test("a global header with the commit's name", async () => {
    const git = (...args: string[]) =>
      run("git", ["-C", at("tree"), "-c", "user.name=x", "-c", "user.email=x@example.com", ...args]);
    await git("init", "-q");
    await git("add", "bin", "empty", "many");
    await git("commit", "-q", "-m", "all");
    await git("archive", "-o", at("git.tar"), "HEAD");
    expect(await outcomeOf("git.tar")).toBe("rewritten");
  });
});

describeWith(["bsdtar"], "bsdtar", () => {
  test.each(["ustar", "pax", "rpax", "gnutar"])("--format %s", async (format) => {
    const tree = format === "ustar" ? "tree/many" : "tree";
    await run("bsdtar", ["-C", folder.path, "--format", format, "-cf", at(`bsd-${format}.tar`), tree]);
    expect(await outcomeOf(`bsd-${format}.tar`)).toBe("rewritten");
  });
});
