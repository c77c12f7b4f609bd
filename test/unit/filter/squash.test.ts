import { beforeEach, describe, expect, it } from "vitest";
import type { Image } from "../../../src/image/image.ts";
import { mergedTree } from "../../../src/image/tree-merger.ts";
import { type MemoryHost, memoryHost } from "../../memory-host.ts";
import { rawMember, rawPax } from "../tar/raw.ts";
import { digestsHold, filtered, imageOf, listed } from "./support.ts";

let host: MemoryHost;
beforeEach(async () => {
  host = await memoryHost();
});

/** The paths an image's layers come to, with what a reader would see of each. */
async function treeOf(image: Image): Promise<string[]> {
  const tree = await mergedTree(image, host.kernels);
  const lines = [...tree.nodes()].map(({ path, inode }) => {
    const { type = "implied", mode, size, linkname, mtime } = inode.entry ?? {};
    const others = [...tree.nodes()].filter((node) => node.inode === inode).map((node) => node.path);
    const target = type === "symlink" ? linkname : "";
    return [path, type, mode, type === "file" ? size : "", target, mtime, others.sort().join("=")].join(" ");
  });
  return lines.sort();
}

const LAYERS = [
  ["bin/", "bin/sh", "bin/bash => bin/sh", "etc/", "etc/a", "etc/b", "tmp/", "tmp/x", "link -> bin"],
  ["etc/.wh.a", "tmp/.wh..wh..opq", "tmp/y", "opt/deep/file", "etc/c"],
  ["etc/a", "bin/.wh.bash", ".wh.opt", "etc/c/", "etc/c/in", "link/new"],
];

describe("squash", () => {
  it("keeps a folder that no layer names, and that a later one has emptied", async () => {
    const image = await imageOf(
      [
        ["keep", "a/b", "c/d/e"],
        ["a/.wh.b", "c/.wh..wh..opq"],
      ],
      host,
    );
    const squashed = filtered(image, host, "squash");
    expect(await digestsHold(squashed, host)).toBe(true);
    const tree = await mergedTree(image, host.kernels);
    expect([...tree.nodes()].map(({ path }) => path).sort()).toEqual(["a", "c", "keep"]);
    expect(await listed(squashed, host)).toEqual([["a/", "c/", "keep: keep"]]);
  });

  it("leaves one layer with what the layers came to, in the order of the paths", async () => {
    const image = await imageOf(LAYERS, host);
    const squashed = filtered(image, host, "squash");
    expect(await digestsHold(squashed, host)).toBe(true);
    expect(await treeOf(squashed)).toEqual(await treeOf(image));
    expect(await listed(squashed, host)).toEqual([
      [
        "bin/",
        "bin/new: link/new",
        "bin/sh: bin/sh",
        "etc/",
        "etc/a: etc/a",
        "etc/b: etc/b",
        "etc/c/",
        "etc/c/in: etc/c/in",
        "link -> bin",
        "tmp/",
        "tmp/y: tmp/y",
      ],
    ]);
  });

  it.each([1, 2])("above the first %i leaves the same tree", async (from) => {
    const layers = [...LAYERS, ["tmp/.wh.y", "bin/bash", "etc/.wh.c", ".wh.nothing"]];
    const image = await imageOf(layers, host);
    const squashed = filtered(image, host, `squash:from=${from}`);
    expect(squashed.layers).toHaveLength(from + 1);
    expect(await treeOf(squashed)).toEqual(await treeOf(image));
    expect(await digestsHold(squashed, host)).toBe(true);
    const digests = async (of: Image) => (await of.manifest()).value.layers.map(({ digest }) => digest);
    expect((await digests(squashed)).slice(0, from)).toEqual((await digests(image)).slice(0, from));
  });

  it.each([
    ["a whiteout", [["d/", "d/x"], [".wh.d"], ["other"]]],
    ["a whiteout of what comes again", [["d/", "d/x"], [".wh.d"], ["d/", "d/y"]]],
    ["a folder emptied", [["d/", "d/x"], ["d/.wh..wh..opq"], ["other"]]],
    ["a file in a folder's place, and a folder in its again", [["d/", "d/x"], ["d"], ["d/", "d/y"]]],
    ["a whiteout under a whiteout", [["d/", "d/e/", "d/e/x"], ["d/e/.wh.x"], [".wh.d"]]],
    ["the root emptied", [["a", "d/", "d/x"], [".wh..wh..opq", "b"], ["c"]]],
    ["a whiteout through a symlink", [["r/", "r/x", "l -> r"], ["l -> r", "l/.wh.x"], ["y"]]],
  ])("takes from the layers below what was taken from them by %s", async (_, layers) => {
    const image = await imageOf(layers, host);
    const squashed = filtered(image, host, "squash:from=1");
    expect(squashed.layers).toHaveLength(2);
    expect(await treeOf(squashed)).toEqual(await treeOf(image));
  });

  it("keeps hard links across layers, extended attributes and fractions of seconds", async () => {
    const capability = Uint8Array.of(1, 2, 3);
    const image = await imageOf(
      [
        [
          rawPax([
            ["SCHILY.xattr.security.capability", capability],
            ["mtime", "7.123456789"],
          ]),
          rawMember({ name: "z", mode: "0004755\0" }, "content"),
        ],
        ["a => z", "b"],
      ],
      host,
    );
    const squashed = filtered(image, host, "squash");
    expect(await listed(squashed, host)).toEqual([["a: content", "b: b", "z => a"]]);
    const entry = (await mergedTree(squashed, host.kernels)).get("a")?.inode.entry;
    expect(entry?.pax.get("SCHILY.xattr.security.capability")).toEqual(capability);
    expect(new TextDecoder().decode(entry?.pax.get("mtime"))).toBe("7.123456789");
    expect(entry?.mode).toBe(0o4755);
  });

  describe("above a file that a hard link of the upper layers leads to", () => {
    const base = ["usr/", "usr/x", "l -> usr", "d/", "usr/m", "usr/n => usr/m"];

    it.each<[string, string[][], string[]]>([
      ["copies it up", [["y => usr/x"], ["z"]], ["usr/x: usr/x", "y => usr/x", "z: z"]],
      ["finds it through symlinks", [["y => l/x"], ["z"]], ["usr/x: usr/x", "y => usr/x", "z: z"]],
      [
        "copies it up with its other names",
        [["y => usr/m"], ["z"]],
        ["usr/m: usr/m", "usr/n => usr/m", "y => usr/m", "z: z"],
      ],
      [
        "copies it up without a name that is gone",
        [["usr/.wh.n", "y => usr/m"], ["z"]],
        ["usr/.wh.n", "usr/m: usr/m", "y => usr/m", "z: z"],
      ],
      ["copies it up once", [["y => usr/x"], ["z => usr/x"]], ["usr/x: usr/x", "y => usr/x", "z => usr/x"]],
      ["lets it go where it goes later", [["y => usr/x"], ["usr/.wh.x"]], ["usr/.wh.x", "y: usr/x"]],
      [
        "lets it go where its own layer hides it behind",
        [["y => usr/x", "usr/.wh.x"], ["z"]],
        ["usr/.wh.x", "y: usr/x", "z: z"],
      ],
    ])("%s", async (_, upper, expected) => {
      const image = await imageOf([base, ...upper], host);
      const squashed = filtered(image, host, "squash:from=1");
      expect(await digestsHold(squashed, host)).toBe(true);
      expect((await listed(squashed, host))[1]?.map((name) => name.replace(/(\.wh\.\w): .*/, "$1"))).toEqual(
        expected,
      );
      expect(await treeOf(squashed)).toEqual(await treeOf(image));
    });

    it.each([
      ["that is not there", [["y => none"], ["z"]]],
      ["that is hidden", [["usr/.wh.x"], ["y => usr/x"]]],
      ["that is a folder", [["y => d"], ["z"]]],
    ])("fails for one %s, as unpacking does", async (_, upper) => {
      const image = await imageOf([base, ...upper], host);
      await expect(filtered(image, host, "squash:from=1").manifest()).rejects.toMatchObject({
        code: "TAR_INVALID",
      });
    });
  });

  it("keeps a GNU header's atime and ctime, as PAX has them", async () => {
    const old = rawMember({ name: "old", format: "gnu", atime: 1_500_000_000, ctime: 1_400_000_000 }, "x");
    const none = rawMember({ name: "none", format: "gnu" });
    const squashed = filtered(await imageOf([[old, none], ["b"]], host), host, "squash");
    const tree = await mergedTree(squashed, host.kernels);
    const timesOf = (path: string) =>
      ["atime", "ctime"].map((key) => {
        const value = tree.get(path)?.inode.entry?.pax.get(key);
        return value && new TextDecoder().decode(value);
      });
    expect(timesOf("old")).toEqual(["1500000000", "1400000000"]);
    expect(timesOf("none")).toEqual([undefined, undefined]);
  });

  it("keeps the steps of the history as ones that made no layer", async () => {
    const config = {
      created: "2024-01-01T00:00:00Z",
      history: [
        { created_by: "base" },
        { created_by: "env", empty_layer: true },
        { created_by: "a" },
        { created_by: "b" },
      ],
    };
    const image = await imageOf([["x"], ["y"], ["z"]], host, { config });
    const { value } = await filtered(image, host, "squash:from=1").config();
    expect(value.history).toEqual([
      { created_by: "base" },
      { created_by: "env", empty_layer: true },
      { created_by: "a", empty_layer: true },
      { created_by: "b", empty_layer: true },
      { created: "2024-01-01T00:00:00Z", created_by: "sealift squash", comment: "merge of 2 layers" },
    ]);
  });

  it("leaves an image that has nothing to make one of as it is", async () => {
    const image = await imageOf([["a"], ["b"]], host);
    for (const spec of ["squash:from=1", "squash:from=2"]) {
      expect(await filtered(image, host, spec).manifest()).toEqual(await image.manifest());
    }
  });

  it("is refused above more layers than there are", async () => {
    const image = await imageOf([["a"], ["b"]], host);
    expect(() => filtered(image, host, "squash:from=3")).toThrow(
      expect.objectContaining({
        code: "USAGE",
        message: "Cannot squash above the first 3 layers: the image has 2 layers",
      }),
    );
  });

  it("gives the spool back", async () => {
    let slots = 0;
    const spool = {
      create: async () => {
        slots++;
        const slot = await host.spool.create();
        return {
          ...slot,
          dispose: () => {
            slots--;
            return slot.dispose();
          },
        };
      },
    };
    const counting = { ...host, spool };
    const squashed = filtered(await imageOf(LAYERS, counting), counting, "squash", "normalize-timestamps");
    await squashed.manifest();
    expect(slots).toBeGreaterThan(0);
    for (const layer of squashed.layers) await layer.release();
    expect(slots).toBe(0);
  });
});
