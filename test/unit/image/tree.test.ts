import { beforeAll, describe, expect, it } from "vitest";
import { collect } from "../../../src/bytes/stream.ts";
import { readLayerEntries } from "../../../src/image/layer-entries.ts";
import { openInode } from "../../../src/image/read-inode.ts";
import type { MergedTree } from "../../../src/image/tree.ts";
import { mergedTree, TreeMerger } from "../../../src/image/tree-merger.ts";
import { wasteOf } from "../../../src/image/waste.ts";
import { parseWhiteout } from "../../../src/image/whiteout.ts";
import { type MemoryHost, memoryHost } from "../../memory-host.ts";
import { rawMember, rawPax } from "../tar/raw.ts";
import { layerOf } from "./layers.ts";

type Members = readonly (string | Uint8Array)[];

let host: MemoryHost;
beforeAll(async () => {
  host = await memoryHost();
});

const treeOf = (...layers: Members[]): Promise<MergedTree> =>
  mergedTree({ layers: layers.map((members) => layerOf(members, host)) }, host.kernels);

/** `path@layer`, folders with a slash. */
const paths = (tree: MergedTree): string[] =>
  [...tree.nodes()].map(({ path, layer, children }) => `${path}${children ? "/" : ""}@${layer}`);

const refusal = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

describe("the merged tree", () => {
  it("has every path once, with the layer it comes from", async () => {
    const tree = await treeOf(["etc/", "etc/a", "etc/b"], ["etc/b", "etc/c"]);
    expect(paths(tree)).toEqual(["etc/@0", "etc/a@0", "etc/b@1", "etc/c@1"]);
  });

  it("has folders that no layer names, and keeps those of lower layers", async () => {
    const tree = await treeOf(["usr/lib/x"], ["usr/lib/y", "usr/share/z"]);
    expect(paths(tree)).toEqual([
      "usr/@0",
      "usr/lib/@0",
      "usr/lib/x@0",
      "usr/lib/y@1",
      "usr/share/@1",
      "usr/share/z@1",
    ]);
    expect(tree.get("usr/lib")?.inode.entry).toBeUndefined();
  });

  it("takes one name for one path, however it is spelled", async () => {
    expect(paths(await treeOf(["./a/", "./a/b"], ["/a//b", "a/./c"]))).toEqual(["a/@0", "a/b@1", "a/c@1"]);
  });

  it("replaces folders by files with all that was in them, and files by folders", async () => {
    const tree = await treeOf(["a/", "a/b/", "a/b/c", "f"], ["a", "f/", "f/g"]);
    expect(paths(tree)).toEqual(["a@1", "f/@1", "f/g@1"]);
  });

  it("makes a folder of a file that a path leads through, as an overlay would show it", async () => {
    expect(paths(await treeOf(["a", "b"], ["a/b"]))).toEqual(["b@0", "a/@1", "a/b@1"]);
  });

  it("gives a folder that comes again its new attributes, and leaves what is in it", async () => {
    const tree = await treeOf(["d/", "d/a"], [rawMember({ name: "d/", type: "5", mode: "0000700\0" })]);
    expect(paths(tree)).toEqual(["d/@1", "d/a@0"]);
    expect(tree.get("d")?.inode.entry?.mode).toBe(0o700);
    expect(
      (await treeOf([rawMember({ name: "./", type: "5", mode: "0000711\0" })])).root.inode.entry?.mode,
    ).toBe(0o711);
  });

  it("needs memory for what the headers say, not for the chunks they came in", async () => {
    const members = [rawPax([["SCHILY.xattr.user.note", "note"]]), "a"];
    for await (const { pax } of readLayerEntries(layerOf(members, host), host.kernels)) {
      expect(pax.get("SCHILY.xattr.user.note")?.buffer.byteLength).toBe(4);
    }
  });

  it("knows where each content is in its layer", async () => {
    const layers = [layerOf(["one", "two/", "two/three"], host), layerOf(["four => two/three"], host)];
    const tree = await mergedTree({ layers }, host.kernels);
    for (const [path, content] of [
      ["one", "one"],
      ["two/three", "two/three"],
      ["four", "two/three"],
    ] as const) {
      const inode = tree.find(path)?.inode;
      const bytes = await collect(openInode(layers, inode as NonNullable<typeof inode>), 100);
      expect(new TextDecoder().decode(bytes)).toBe(content);
    }
  });
});

describe("whiteouts", () => {
  it.each([
    [".wh.name", { kind: "file", path: "name" }],
    ["a/b/.wh.c", { kind: "file", path: "a/b/c" }],
    ["a/.wh..hidden", { kind: "file", path: "a/.hidden" }],
    [".wh..wh..opq", { kind: "opaque", path: "" }],
    ["a/b/.wh..wh..opq", { kind: "opaque", path: "a/b" }],
    [".wh..wh.plnk", { kind: "aufs", path: "" }],
    ["a/wh.b", undefined],
    [".wh.a/b", undefined],
  ])("are told by the last part of the path: %s", (path, whiteout) => {
    expect(parseWhiteout(path)).toEqual(whiteout);
  });

  it("take files and folders away, with all that is in them", async () => {
    const lower = ["a/", "a/b", "a/c/", "a/c/d", "e"];
    expect(paths(await treeOf(lower, [".wh.e", "a/.wh.c"]))).toEqual(["a/@0", "a/b@0"]);
    expect(paths(await treeOf(lower, [".wh.a"]))).toEqual(["e@0"]);
  });

  it("go by whole parts of a path: foo is not foobar", async () => {
    expect(paths(await treeOf(["foo/", "foo/a", "foobar/", "foobar/b", "foo.c"], [".wh.foo"]))).toEqual([
      "foobar/@0",
      "foobar/b@0",
      "foo.c@0",
    ]);
  });

  it("of what is not there are no error and leave nothing", async () => {
    const tree = await treeOf(
      ["a"],
      [".wh.never", "no/such/.wh.folder", "neither/.wh..wh..opq", ".wh..wh.plnk/"],
    );
    expect(paths(tree)).toEqual(["a@0"]);
  });

  it("take nothing of their own layer away, before or after it", async () => {
    const upper = ["d/", "d/new", "f"];
    const markers = [".wh.d", ".wh.f"];
    const lower = ["d/", "d/old", "d/sub/", "d/sub/x", "f"];
    for (const members of [
      [...upper, ...markers],
      [...markers, ...upper],
    ]) {
      expect(paths(await treeOf(lower, members)).sort()).toEqual(["d/@1", "d/new@1", "f@1"]);
    }
  });

  it("that make a folder opaque count for its whole layer, wherever they stand in it", async () => {
    const lower = ["d/", "d/old", "d/sub/", "d/sub/old", "e"];
    const members = ["d/.wh..wh..opq", "d/new", "d/sub/new"];
    for (const order of [
      [0, 1, 2],
      [1, 0, 2],
      [1, 2, 0],
      [2, 1, 0],
    ]) {
      const tree = await treeOf(
        lower,
        order.map((index) => members[index] as string),
      );
      expect([...tree.nodes()].map(({ path }) => path).sort()).toEqual([
        "d",
        "d/new",
        "d/sub",
        "d/sub/new",
        "e",
      ]);
    }
  });

  it("that make the root opaque leave their own layer", async () => {
    expect(paths(await treeOf(["a/", "a/b", "c"], [".wh..wh..opq", "a/new"])).sort()).toEqual([
      "a/@1",
      "a/new@1",
    ]);
  });

  it("name no file: what would take away a folder or its parent is refused", async () => {
    for (const name of ["a/.wh.", "a/.wh..", "a/.wh..."]) {
      await expect(treeOf(["a/", "b"], [name])).rejects.toEqual(refusal("UNSAFE_PATH", /names no file/));
    }
  });

  it("in thousands in one folder cost one walk through it", async () => {
    const lower = Array.from({ length: 2_000 }, (_, index) => `d/${index}`);
    const keep = lower.map((name) => `${name}x`);
    const markers = Array.from({ length: 1_000 }, () => "d/.wh..wh..opq");
    const tree = await treeOf(lower, [...keep, ...markers]);
    expect(tree.get("d")?.children?.size).toBe(2_000);
  });
});

describe("links", () => {
  it("of a file are one content, that of whichever layer has it", async () => {
    const tree = await treeOf(["a"], ["b => a", "c => ./b"], ["a"]);
    expect(tree.get("b")?.inode.id).toBe(tree.get("c")?.inode.id);
    expect(tree.get("c")).toMatchObject({ layer: 1, inode: { layer: 0, entry: { path: "a" } } });
    expect(tree.get("a")?.inode.layer).toBe(2);
  });

  it("to nothing, to a folder, and in place of what they lead to are refused", async () => {
    await expect(treeOf(["b => a"])).rejects.toEqual(refusal("TAR_INVALID", /no layer has that/));
    await expect(treeOf(["a"], [".wh.a", "b => a"])).rejects.toEqual(
      refusal("TAR_INVALID", /no layer has that/),
    );
    await expect(treeOf(["a/", "b => a"])).rejects.toEqual(refusal("TAR_INVALID", /is a folder/));
    await expect(treeOf(["a/", "a/b", "a => a/b"])).rejects.toEqual(
      refusal("TAR_INVALID", /takes that one's place/),
    );
    await expect(treeOf(["b => ../a"])).rejects.toEqual(refusal("UNSAFE_PATH", /".."/));
  });

  it("to themselves change nothing", async () => {
    expect(paths(await treeOf(["a", "a => a"]))).toEqual(["a@0"]);
  });

  it("symbolic, among the parents of a path: the file is where they lead, seen from the root", async () => {
    const lower = [
      "usr/",
      "usr/lib/",
      "lib -> usr/lib",
      "abs -> /usr/lib",
      "out -> ../../../usr/lib",
      "up -> usr/lib/..",
    ];
    const tree = await treeOf(lower, ["lib/a", "abs/b", "out/c", "up/lib/d", "lib/.wh.nothing"]);
    for (const path of ["usr/lib/a", "usr/lib/b", "usr/lib/c", "usr/lib/d"])
      expect(tree.get(path)?.layer).toBe(1);
    expect(tree.get("lib")?.inode.entry?.type).toBe("symlink");
    expect(tree.get("lib/a")).toBeUndefined();
    expect(tree.find("lib/a")?.path).toBe("usr/lib/a");
    expect(tree.find("/abs/../lib/./b")?.path).toBe("usr/lib/b");
  });

  it("symbolic, at the end of a path: found by a process, replaced by an entry", async () => {
    const tree = await treeOf(["a", "b -> a", "dangling -> nowhere"], []);
    expect(tree.find("b")?.path).toBe("a");
    expect(tree.find("dangling")).toBeUndefined();
    expect((await treeOf(["d/", "l -> d"], ["l"])).get("l")?.inode.entry?.type).toBe("file");
    expect((await treeOf(["d/", "l -> d"], ["l/"])).get("l")?.children?.size).toBe(0);
  });

  it("symbolic, in a loop: refused where a path goes through it", async () => {
    const loop = ["a -> b", "b -> a"];
    await expect(treeOf(loop, ["a/x"])).rejects.toEqual(refusal("UNSAFE_PATH", /loop/));
    const tree = await treeOf(loop);
    expect(() => tree.find("a/x")).toThrow(refusal("UNSAFE_PATH", /loop/));
  });

  it("symbolic, without a target: refused", async () => {
    await expect(treeOf([rawMember({ name: "a", type: "2" })])).rejects.toEqual(
      refusal("TAR_INVALID", /no target/),
    );
  });
});

describe("limits", () => {
  it("too many entries: a layer of empty files fills no memory", async () => {
    const merger = new TreeMerger({}, 3);
    merger.nextLayer();
    const add = async () => {
      const layer = layerOf(["a/b/c", "d"], host);
      for await (const entry of readLayerEntries(layer, host.kernels)) merger.add(entry);
    };
    await expect(add()).rejects.toEqual(refusal("LIMIT_EXCEEDED", /more than 3 entries/));
  });

  it("too long a path: symlinks add up to none that no system can open", async () => {
    const deep = "d/".repeat(2000);
    const members = [rawPax([["path", `${deep}f`]]), "f", rawPax([["linkpath", `/${deep}`]]), "l -> /d"];
    expect((await treeOf(members)).find("l/f")?.path.length).toBe(4001);
    await expect(treeOf(members, [`l/${"e/".repeat(60)}`])).rejects.toEqual(
      refusal("LIMIT_EXCEEDED", /longer than 4096/),
    );
  });
});

describe("waste", () => {
  it("is what higher layers replace and take away, by path, the costliest first", async () => {
    const tree = await treeOf(
      [rawMember({ name: "big" }, "x".repeat(1000)), "gone", "d/", "d/in", "stays"],
      ["big", ".wh.gone", "d"],
      ["big"],
    );
    expect(wasteOf(tree)).toEqual({
      wasted: 1000 + 3 + 4 + 4,
      paths: [
        {
          path: "big",
          wasted: 1003,
          versions: [
            { layer: 0, size: 1000 },
            { layer: 1, size: 3 },
            { layer: 2, size: 3 },
          ],
        },
        { path: "d/in", wasted: 4, versions: [{ layer: 0, size: 4 }], removed: true },
        { path: "gone", wasted: 4, versions: [{ layer: 0, size: 4 }], removed: true },
      ],
    });
  });

  it("is nothing where a hard link still leads to the content", async () => {
    expect(wasteOf(await treeOf(["a"], ["b => a", ".wh.a"])).wasted).toBe(0);
    expect(wasteOf(await treeOf(["a"], ["b => a"], [".wh.a", ".wh.b"]))).toEqual({
      wasted: 1,
      paths: [{ path: "b", wasted: 1, versions: [{ layer: 0, size: 1 }], removed: true }],
    });
  });
});
