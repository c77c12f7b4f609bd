import { beforeEach, describe, expect, it } from "vitest";
import { globMatch, splitGlobs } from "../../../src/filter/glob.ts";
import type { Layer } from "../../../src/image/image.ts";
import { readTar } from "../../../src/tar/read.ts";
import { tarOf } from "../../images.ts";
import { type MemoryHost, memoryHost } from "../../memory-host.ts";
import { archive, rawHeader, rawMember, rawPax } from "../tar/raw.ts";
import { digestsHold, filtered, imageOf, listed } from "./support.ts";

let host: MemoryHost;
beforeEach(async () => {
  host = await memoryHost();
});

async function left(members: readonly (string | Uint8Array)[], ...patterns: string[]): Promise<string[]> {
  const image = await imageOf([members], host);
  const specs = patterns.map((pattern) => `exclude:pattern=${pattern}`);
  return (await listed(filtered(image, host, ...specs), host))[0] ?? [];
}

describe("a glob", () => {
  it.each([
    ["**/.git/**", ["app/.git/config", ".git/config", "app/.git", ".git"], ["x.git/a", "git"]],
    ["**/*.pyc", ["a.pyc", "x/a.pyc", "x/.a.pyc"], ["apyc", "a.pyc.txt"]],
    ["bin/*sh", ["bin/sh", "bin/.sh"], ["bin/x/sh"]],
    ["lib*/**", ["lib64/x/y", "lib"], ["usr/lib/x"]],
    ["/etc/passwd/", ["etc/passwd"], ["usr/etc/passwd"]],
    ["./a", ["a"], ["b/a"]],
    ["a{1,2}", ["a1", "a2"], ["a3", "a12"]],
    ["[ab]?", ["a1", "bx"], ["c1", "a", "a/"]],
    ["a\\*", ["a*"], ["ab"]],
    ["f(1).txt", ["f(1).txt"], ["f1.txt"]],
    ["a|b", ["a|b"], ["a", "b"]],
    ["!a", ["!a"], ["b"]],
    ["**/x", ["x", "a/b/x", "new\nline/x"], ["x/y"]],
    ["**", ["a", "a/b"], []],
  ])("%s matches %j and not %j", (glob, matching, others) => {
    const match = globMatch(glob);
    expect(matching.filter((path) => !match(path))).toEqual([]);
    expect(others.filter((path) => match(path))).toEqual([]);
  });

  it.each([
    ["{a", "its { is not closed"],
    ["a/[", "its [ is not closed"],
    ["[]", "its [ is not closed"],
    ["[!]x", "its [ is not closed"],
    ["{a,{b}", "its { is not closed"],
    ["[z-a]", "Range out of order"],
    ["a\\", "it ends in a backslash"],
  ])("%s is refused: it would match nothing", (glob, reason) => {
    expect(() => globMatch(glob)).toThrow(expect.objectContaining({ code: "USAGE" }));
    expect(() => globMatch(glob)).toThrow(reason);
  });

  it.each([
    ["usr/bin/\\[", "usr/bin/["],
    ["[[]", "["],
    ["[]]", "]"],
    ["[!]]", "a"],
    ["[{]", "{"],
    ["\\{a", "{a"],
    ["a}", "a}"],
    ["a]", "a]"],
    ["{a}", "{a}"],
    ["[a\\]]", "]"],
    ["[!a\\]]", "b"],
  ])("%s is well formed and matches %s", (glob, path) => {
    expect(globMatch(glob)(path)).toBe(true);
  });

  it("is one of several between commas, but for those within braces and brackets", () => {
    expect(splitGlobs("a,b{c,d},[e,],f\\,g")).toEqual(["a", "b{c,d}", "[e,]", "f\\,g"]);
  });
});

describe("exclude", () => {
  it("takes out what several globs match, and folders with all in them", async () => {
    const members = ["app/", "app/.git/", "app/.git/config", "app/main.pyc", "app/main.py", "a.pyc", "b.log"];
    expect(await left(members, "**/.git,**/*.{pyc,log}")).toEqual(["app/", "app/main.py: app/main.py"]);
  });

  it("knows a path by any spelling", async () => {
    expect(await left(["./a/", "./a/b", "/c", "a//d", "e"], "a", "c")).toEqual(["e: e"]);
  });

  it("gives an image whose digests agree, and leaves a layer in which nothing matches as it is", async () => {
    const image = await imageOf([["keep"], ["keep", "drop"]], host);
    const changed = filtered(image, host, "exclude:pattern=drop");
    expect(await digestsHold(changed, host)).toBe(true);
    const before = (await image.manifest()).value.layers.map(({ digest }) => digest);
    const after = (await changed.manifest()).value.layers.map(({ digest }) => digest);
    expect(after[0]).toBe(before[0]);
    expect(after[1]).not.toBe(before[1]);
    const same = filtered(image, host, "exclude:pattern=nothing");
    expect(await same.manifest()).toEqual(await image.manifest());
  });

  it("does not compress a layer in which nothing matches", async () => {
    const gzip = () => {
      throw new Error("nothing is to be compressed");
    };
    const poor = { ...host, kernels: { ...host.kernels, gzip } };
    const image = filtered(await imageOf([["a"]], poor), poor, "exclude:pattern=b", "exclude:pattern=c");
    expect((await image.layers[0]?.blob())?.digest).toBe((await image.manifest()).value.layers[0]?.digest);
  });

  it("makes the first link that stays the file, and leads the others to it", async () => {
    const members = ["a/", "a/tool", "b/", "b/one => a/tool", "b/two => ./a/tool", "c"];
    expect(await left(members, "a")).toEqual(["b/one: a/tool", "b/", "b/two => b/one", "c: c"]);
  });

  it("leads a link to the file that stays where the name it had is gone", async () => {
    expect(await left(["kept", "x/gone => kept", "link => x/gone"], "x")).toEqual([
      "kept: kept",
      "link => kept",
    ]);
  });

  it("follows links to links that both go", async () => {
    expect(await left(["x/file", "x/again => x/file", "link => x/again"], "x")).toEqual(["link: x/file"]);
  });

  it("gives a link the content that its name had then, where the archive has the name twice", async () => {
    const first = rawMember({ name: "x" }, "first");
    const second = rawMember({ name: "x" }, "second");
    expect(await left([first, "one => x", second, "two => x"], "x")).toEqual(["one: first", "two: second"]);
  });

  it("refuses to leave a link whose content is in another layer", async () => {
    const image = await imageOf([["x"], ["link => x"]], host);
    const changed = filtered(image, host, "exclude:pattern=x");
    await expect(listed(changed, host)).rejects.toMatchObject({
      code: "UNSUPPORTED",
      message: expect.stringMatching(/link is a hard link to it/),
    });
  });

  it("judges a whiteout by what it hides", async () => {
    const members = ["etc/.wh.secret", "etc/.wh.other", "tmp/.wh..wh..opq", "var/.wh..wh..opq"];
    expect(await left(members, "etc/secret,tmp")).toEqual([
      "etc/.wh.other: etc/.wh.other",
      "var/.wh..wh..opq: var/.wh..wh..opq",
    ]);
    expect(await left(members, "**/.wh.*")).toHaveLength(4);
  });

  it("keeps every byte of what stays: attributes, global headers, odd headers, what follows the end", async () => {
    const capability = rawPax([["SCHILY.xattr.security.capability", Uint8Array.of(1, 0, 0, 2, 0)]]);
    const global = rawPax([["comment", "of all"]], { type: "g" });
    const kept = [
      rawMember({ name: "old", format: "gnu", atime: 5, ctime: 6 }, "old"),
      rawHeader({ name: "device", type: "3", mode: "0000666 " }),
    ];
    const image = await imageOf(
      [
        [
          global,
          rawMember({ name: "gone" }, "x"),
          capability,
          ...kept,
          new Uint8Array(1024),
          new Uint8Array(512),
        ],
      ],
      host,
    );
    const [layer] = filtered(image, host, "exclude:pattern=gone").layers;
    if (!layer) throw new Error("the image has a layer");
    const expected = archive(global, capability, ...kept, new Uint8Array(1024), new Uint8Array(512));
    expect(await tarOf(layer)).toEqual(expected);
  });

  it("keeps the attributes of a file that gets a link's name", async () => {
    const capability = Uint8Array.of(1, 0, 0, 2, 0, 4);
    const members = [
      rawPax([
        ["SCHILY.xattr.security.capability", capability],
        ["mtime", "12.5"],
      ]),
      rawMember({ name: "x", mode: "0004755\0", uid: "0001750\0" }, "tool"),
      "y => x",
    ];
    const image = filtered(await imageOf([members], host), host, "exclude:pattern=x");
    const { readTar } = await import("../../../src/tar/read.ts");
    const { streamOf } = await import("../../../src/bytes/stream.ts");
    for (const layer of image.layers) {
      for await (const entry of readTar(streamOf(await tarOf(layer)), host.kernels)) {
        expect(entry).toMatchObject({
          name: "y",
          mode: 0o4755,
          uid: 1000,
          mtime: 12.5,
          type: "file",
          size: 4,
        });
        expect(entry.pax.get("SCHILY.xattr.security.capability")).toEqual(capability);
      }
    }
  });

  it("reports what is gone", async () => {
    await left(["a/", "a/tool", "a/more", "link => a/tool"], "a");
    expect(host.events.filter(({ type }) => type === "info")).toEqual([
      {
        type: "info",
        message: expect.stringMatching(/^Excluded 3 entries, 6 bytes, from sha256:\w+, 1 hard link became/),
        details: expect.objectContaining({ event: "excluded", members: 3, bytes: 6, links: 1 }),
      },
    ]);
  });

  it("passes the failure of a damaged layer on", async () => {
    const broken = rawMember({ name: "a", size: 5000 }, "short");
    const image = await imageOf([[broken]], host);
    await expect(listed(filtered(image, host, "exclude:pattern=b"), host)).rejects.toMatchObject({
      code: "TAR_TRUNCATED",
    });
  });
});

describe("exclude among other filters", () => {
  it("is made with them in one rewrite, in either order", async () => {
    const members = [rawMember({ name: "x", mtime: 9 }, "x"), rawMember({ name: "y", mtime: 9 }, "y")];
    const one = filtered(await imageOf([members], host), host, "exclude:pattern=x", "normalize-timestamps");
    const other = filtered(await imageOf([members], host), host, "normalize-timestamps", "exclude:pattern=x");
    expect(await one.manifest()).toEqual(await other.manifest());
    expect(await digestsHold(one, host)).toBe(true);
    expect(await listed(one, host)).toEqual([["y: y"]]);
  });

  it("gives a link that becomes the file the GNU header's times, as PAX has them", async () => {
    const file = rawMember({ name: "a", format: "gnu", atime: 1_500_000_000, ctime: 1_400_000_000 }, "x");
    const link = rawMember({ name: "b", type: "1", linkname: "a", format: "gnu", atime: 1_500_000_001 });
    const changed = filtered(await imageOf([[file, link]], host), host, "exclude:pattern=a");
    const [layer] = changed.layers;
    const members: string[][] = [];
    for await (const { name, pax } of readTar(await (layer as Layer).stream(), host.kernels)) {
      members.push([name, ...["atime", "ctime"].map((key) => new TextDecoder().decode(pax.get(key)))]);
    }
    expect(members).toEqual([["b", "1500000000", "1400000000"]]);
  });
});
