/** Root file systems that process unpacks beside umoci's of the same image, and the bundle that runc starts. */
import { readFileSync, realpathSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Workspace } from "../host/cli/cli.ts";
import { layoutOf, writeFolder } from "../host/cli/images.ts";
import { archive, rawMember, rawPax } from "../unit/tar/raw.ts";
import { describeWith, run } from "./peer.ts";
import { buildahIn } from "./programs.ts";
import { richLayer, whiteouts } from "./rich-layer.ts";
import { treeSnapshot } from "./tree-snapshot.ts";

const isRoot = process.geteuid?.() === 0;

let work: Workspace;
beforeAll(() => {
  work = new Workspace();
});
afterAll(() => work.dispose());

const times = { mtime: 1_650_000_000 };
const folder = (name: string, mode = "0000755\0") => rawMember({ name, type: "5", mode, ...times });
const file = (name: string, body = name) => rawMember({ name, ...times }, body);
const hardlink = (name: string, linkname: string) => rawMember({ name, type: "1", linkname, ...times });
const symlink = (name: string, linkname: string) =>
  rawMember({ name, type: "2", linkname, mode: "0000777\0", ...times });

/** Everything one layer can do to another. */
const LAYERS: readonly Uint8Array[] = [
  richLayer(),
  archive(
    ...["a/", "a/b/", "a/b/c/", "foo/", "foobar/", "keep/", "opaque/", "opaque/below/"].map((name) =>
      folder(name),
    ),
    ...["a/b/c/deep", "a/b/stays", "foo/gone", "foobar/stays", "keep/it", "opaque/old"].map((name) =>
      file(name),
    ),
    ...["opaque/below/old", "becomes-folder", "linked", "twice"].map((name) => file(name)),
    ...["becomes-file/", "becomes-file/in/", "usr/", "usr/lib/", "set-gid/"].map((name) => folder(name)),
    file("becomes-file/in/it"),
    symlink("lib", "usr/lib"),
    symlink("absolute", "/usr/lib"),
    symlink("out", "../../../../etc"),
    folder("closed/", "0000500\0"),
    rawMember({ name: "closed/secret", mode: "0000400\0", uid: "0001750\0", ...times }, "secret"),
  ),
  whiteouts(),
  archive(
    // Of what this layer has, its own whiteouts take nothing away, wherever they stand.
    file("opaque/new"),
    folder("opaque/"),
    rawMember({ name: "opaque/.wh..wh..opq", ...times }),
    folder("a/"),
    folder("a/b/"),
    rawMember({ name: "a/b/.wh.c", ...times }),
    rawMember({ name: ".wh.foo", ...times }),
    rawMember({ name: ".wh.never-was", ...times }),
    folder("becomes-folder/"),
    file("becomes-folder/in"),
    file("becomes-file"),
    hardlink("link-to-lower", "linked"),
    hardlink("bin/capable-too", "bin/capable"),
    file("lib/through-a-link"),
    file("absolute/through-an-absolute-link"),
    file("twice", "another version"),
    folder("set-gid/", "0002775\0"),
    file("set-gid/in"),
    rawPax([["SCHILY.xattr.user.folder", "of a folder"]]),
    folder("keep/"),
  ),
  archive(
    folder("a/"),
    folder("a/b/"),
    folder("a/b/c/"),
    file("a/b/c/again"),
    file("linked", "changed in one place"),
  ),
];

async function umociTree(layers: readonly Uint8Array[], name: string): Promise<readonly string[]> {
  writeFolder(work.at(name), layoutOf(layers).files);
  await run("umoci", ["unpack", "--image", `${name}:v1`, `${name}-umoci`], { cwd: work.path });
  return treeSnapshot(work.at(`${name}-umoci`, "rootfs"));
}

describeWith(["umoci", "getfattr", "setfattr"], "beside umoci", () => {
  const skip = isRoot ? test : test.skip;

  skip("dir://?expand and oci:// have the same tree, file by file", async () => {
    const theirs = await umociTree(LAYERS, "expanded");
    await work.sealift(["process", "oci-layout://expanded", "dir://images?expand=true"]);
    expect(await treeSnapshot(work.at("images/manifest"))).toEqual(theirs);
    await work.sealift(["process", "oci-layout://expanded", "oci://runtime"]);
    expect(await treeSnapshot(work.at("runtime/rootfs"))).toEqual(theirs);
    expect(theirs.length).toBeGreaterThan(60);
    expect(theirs.filter((line) => line.includes("security.capability"))).toHaveLength(2);
  });

  skip("mounts:// shows the same tree, file by file", async () => {
    const theirs = await umociTree(LAYERS, "mounted");
    await work.sealift(["process", "oci-layout://mounted", "mounts://overlay"]);
    try {
      expect(await treeSnapshot(work.at("overlay/rootfs"))).toEqual(theirs);
      expect(theirs.length).toBeGreaterThan(60);
    } finally {
      await run("umount", [work.at("overlay/rootfs")]);
    }
  });

  skip("mounts:// mounts a hundred layers", async () => {
    const layers = Array.from({ length: 100 }, (_, index) =>
      archive(
        folder("each/"),
        file(`each/${index}`),
        file("last", `${index}`),
        rawMember({ name: `each/.wh.${index - 2}` }),
      ),
    );
    const theirs = await umociTree(layers, "hundred");
    await work.sealift(["process", "oci-layout://hundred", "mounts://hundred-mounted"]);
    try {
      expect(await treeSnapshot(work.at("hundred-mounted/rootfs"))).toEqual(theirs);
      expect(readFileSync(work.at("hundred-mounted/rootfs/last"), "utf8")).toBe("99");
    } finally {
      await run("umount", [work.at("hundred-mounted/rootfs")]);
    }
  });
});

/** Says who and where it is; static, so that an image needs nothing else. */
const PROGRAM = `
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
int main(int argc, char **argv) {
  gid_t groups[32];
  char cwd[4096], host[256];
  int count = getgroups(32, groups);
  gethostname(host, sizeof host);
  printf("user %d:%d\\ngroups", getuid(), getgid());
  for (int i = 0; i < count; i++) printf(" %d", groups[i]);
  printf("\\ncwd %s\\nhost %s\\nenv %s %s %s\\nargs", getcwd(cwd, sizeof cwd), host, getenv("GREETING"), getenv("PATH"), getenv("HOME"));
  for (int i = 1; i < argc; i++) printf(" %s", argv[i]);
  FILE *file = fopen("/tmp/mine", "w");
  printf("\\nwrites %s\\n", file ? "yes" : "no");
  return 7;
}
`;

describeWith(["runc", "gcc"], "runc", () => {
  const skip = isRoot ? test : test.skip;

  async function imageOf(settings: object, name: string): Promise<void> {
    writeFileSync(work.at("show.c"), PROGRAM);
    await run("gcc", ["-static", "-o", "show", "show.c"], { cwd: work.path });
    const layer = archive(
      folder("bin/"),
      rawMember({ name: "bin/show", mode: "0000755\0", ...times }, readFileSync(work.at("show"))),
      folder("etc/"),
      folder("srv/"),
      folder("tmp/", "0001777\0"),
      symlink("etc/passwd", "../srv/passwd"),
      rawMember(
        { name: "srv/passwd", ...times },
        "root:x:0:0::/root:/bin/sh\nshop:x:1234:2345::/srv/shop:/bin/sh\n",
      ),
      rawMember(
        { name: "etc/group", ...times },
        "root:x:0:\nshop:x:2345:\ntill:x:3456:other,shop\nnot:x:4567:other\n",
      ),
    );
    writeFolder(work.at(name), layoutOf([layer], { settings }).files);
  }

  const started = async (bundle: string) => {
    const id = `sealift-test-${process.pid}-${bundle}`;
    const state = work.at("runc");
    return run("runc", ["--root", state, "run", "--bundle", work.at(bundle), id], { allowFailure: true });
  };

  skip("starts the bundle as the image's user, in its folder, with its variables and arguments", async () => {
    const settings = {
      User: "shop",
      WorkingDir: "/srv",
      Env: ["GREETING=hello there"],
      Entrypoint: ["/bin/show", "a"],
      Cmd: ["b c"],
      Labels: { "com.example.shop": "open" },
    };
    await imageOf(settings, "shop");
    await work.sealift(["process", "oci-layout://shop", "oci://bundle"]);
    const { stdout, stderr, code } = await started("bundle");
    expect(stderr).toBe("");
    expect(stdout.split("\n")).toEqual([
      "user 1234:2345",
      "groups 3456",
      "cwd /srv",
      "host sealift",
      "env hello there /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin /srv/shop",
      "args a b c",
      "writes yes",
      "",
    ]);
    expect(code).toBe(7);
    const config = JSON.parse(readFileSync(work.at("bundle/config.json"), "utf8"));
    expect(config.annotations).toMatchObject({
      "com.example.shop": "open",
      "org.opencontainers.image.os": "linux",
    });
  });

  describeWith(["buildah", "ldd"], "an image that buildah built", () => {
    skip("of this machine's own shell and libraries runs a script", async () => {
      const buildah = buildahIn(work.at("buildah"));
      const container = (await buildah("from", "scratch")).stdout.trim();
      for (const path of await filesOf("/bin/sh", "/bin/cat", "/usr/bin/id")) {
        await buildah("copy", container, realpathSync(path), path);
      }
      writeFileSync(work.at("passwd"), "root:x:0:0::/root:/bin/sh\nada:x:1815:1852::/home/ada:/bin/sh\n");
      await buildah("copy", "--chown=1815:1852", container, work.at("passwd"), "/etc/passwd");
      const settings = ["--user", "ada", "--workingdir", "/home/ada", "--env", "GREETING=hello"];
      await buildah("config", ...settings, "--entrypoint", '["/bin/sh", "-c"]', container);
      const script = JSON.stringify(["id -u; pwd; echo $GREETING; cat /etc/passwd /proc/self/status"]);
      await buildah("config", "--cmd", script, container);
      await buildah("commit", container, "shell:1");
      await buildah("push", "shell:1", `docker-archive:${work.at("shell.tar")}:shell:1`);
      await work.sealift(["process", "tar://shell.tar", "oci://shell", "-f", "normalize-timestamps"]);
      const { stdout, stderr, code } = await started("shell");
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      // The fourteen that Docker and containerd leave a container, and nothing that a set-uid program could add.
      expect(stdout).toMatch(/^CapBnd:\s00000000a80425fb$/m);
      expect(stdout).toMatch(/^NoNewPrivs:\s1$/m);
      expect(stdout.split("\n").slice(0, 4)).toEqual([
        "1815",
        "/home/ada",
        "hello",
        "root:x:0:0::/root:/bin/sh",
      ]);
    });
  });

  /** The programs with the libraries that they load, by the paths they look for them. */
  async function filesOf(...programs: readonly string[]): Promise<ReadonlySet<string>> {
    const { stdout } = await run("ldd", programs);
    return new Set([...programs, ...[...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, path]) => path as string)]);
  }

  skip("starts a read-only bundle as a numeric user and a named group", async () => {
    await imageOf({ User: "77:till", Cmd: ["/bin/show"] }, "plain");
    await work.sealift(["process", "oci-layout://plain", "oci://read-only?readonly=true&hostname=till-1"]);
    const { stdout } = await started("read-only");
    expect(stdout).toContain("user 77:3456\ngroups\ncwd /\nhost till-1\n");
    expect(stdout).toContain("\nwrites no\n");
  });
});
