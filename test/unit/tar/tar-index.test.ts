import { expect, it } from "vitest";
import { bytesSlices, type Slices } from "../../../src/bytes/slices.ts";
import { memorySpool, type Spool } from "../../../src/bytes/spool.ts";
import { concat, streamFrom, streamOf } from "../../../src/bytes/stream.ts";
import { fallbackKernels } from "../../../src/kernel/fallback.ts";
import { spoolTar } from "../../../src/tar/spool-tar.ts";
import { type IndexOptions, indexTar, type TarIndex } from "../../../src/tar/tar-index.ts";
import { archive, chunked, padded, rawHeader, rawMember, rawPax, readAll, text } from "./raw.ts";

const kernels = await fallbackKernels();

const read = async (index: TarIndex, name: string) => {
  const file = index.get(name);
  return file && text(await readAll(file.slice()));
};

/** Both ways to index must find the same and fail alike. */
const ways: Record<string, (tar: Uint8Array, options?: IndexOptions) => Promise<TarIndex>> = {
  indexTar: (tar, options) => indexTar(bytesSlices(tar), kernels, options),
  spoolTar: (tar, options) => spoolTar(chunked(tar, [700]), memorySpool(1 << 24), kernels, options),
};

for (const [way, index] of Object.entries(ways)) {
  it(`${way} lists regular files in archive order, and reads any of them`, async () => {
    const tar = archive(
      rawMember({ name: "./", type: "5" }),
      rawMember({ name: "./b" }, "content of b"),
      rawMember({ name: "dir/", type: "5" }),
      rawMember({ name: "dir/a" }, "a".repeat(2000)),
      rawMember({ name: "empty" }),
    );
    const files = await index(tar);
    expect(files.names()).toEqual(["b", "dir/a", "empty"]);
    expect(files.files.map(({ offset, size }) => [offset, size])).toEqual([
      [1024, 12],
      [2560, 2000],
      [5120, 0],
    ]);
    expect(await read(files, "dir/a")).toBe("a".repeat(2000));
    expect(await read(files, "b")).toBe("content of b");
    expect(await read(files, "empty")).toBe("");
    expect(files.get("dir")).toBeUndefined();
    expect(files.get("./b")).toBeUndefined();
    expect(text(await readAll((files.get("b") as Slices).slice(3, 7)))).toBe("tent");
  });

  it(`${way} leads a layer that old dockers wrote as a symlink to the file it stands for`, async () => {
    const tar = archive(
      rawMember({ name: "bbb/layer.tar", type: "2", linkname: "../ccc/layer.tar" }),
      rawMember({ name: "ccc/layer.tar", type: "2", linkname: "../aaa/layer.tar" }),
      rawMember({ name: "aaa/layer.tar" }, "layer"),
      rawMember({ name: "hard", type: "1", linkname: "./aaa/layer.tar" }),
    );
    const files = await index(tar);
    for (const name of ["aaa/layer.tar", "bbb/layer.tar", "ccc/layer.tar", "hard"]) {
      expect(await read(files, name)).toBe("layer");
    }
    await expect(index(tar, { links: "refuse" })).rejects.toMatchObject({ code: "LAYOUT_INVALID" });
  });

  it(`${way} refuses links that dangle, run in a circle or leave`, async () => {
    const link = (linkname: string, type = "2") => index(archive(rawMember({ name: "l", type, linkname })));
    for (const linkname of ["nowhere", "l"])
      await expect(link(linkname)).rejects.toMatchObject({ code: "LAYOUT_INVALID" });
    for (const linkname of ["../x", "/etc/passwd"])
      await expect(link(linkname)).rejects.toMatchObject({ code: "UNSAFE_PATH" });
    await expect(link("../x", "1")).rejects.toMatchObject({ code: "UNSAFE_PATH" });
  });

  it(`${way} refuses duplicate names, in any spelling, and things that are no files`, async () => {
    const twice = archive(rawMember({ name: "a" }, "1"), rawMember({ name: "./a" }, "2"));
    await expect(index(twice)).rejects.toMatchObject({ code: "LAYOUT_INVALID" });
    const linked = archive(rawMember({ name: "a" }, "1"), rawMember({ name: "a", type: "2", linkname: "b" }));
    await expect(index(linked)).rejects.toMatchObject({ code: "LAYOUT_INVALID" });
    for (const type of ["3", "4", "6", "?"]) {
      await expect(index(archive(rawMember({ name: "a", type })))).rejects.toMatchObject({
        code: "LAYOUT_INVALID",
      });
    }
  });

  it(`${way} refuses unsafe names, also of directories`, async () => {
    for (const fields of [{ name: "../x" }, { name: "/x" }, { name: "../d/", type: "5" }]) {
      await expect(index(archive(rawMember(fields)))).rejects.toMatchObject({ code: "UNSAFE_PATH" });
    }
  });

  it(`${way} says TAR_TRUNCATED where the archive ends in a header, a body or its padding`, async () => {
    const whole = rawMember({ name: "a" }, "x".repeat(700));
    for (const length of [100, 512, 900, 1300]) {
      await expect(index(whole.slice(0, length))).rejects.toMatchObject({ code: "TAR_TRUNCATED" });
    }
    expect((await index(whole)).names()).toEqual(["a"]);
  });
}

/** Slices that count what is read of them. */
function counted(size: number, bytesAt: (start: number, end: number) => Uint8Array) {
  const reads: number[] = [];
  const slices: Slices = {
    size,
    slice(start = 0, end = size) {
      reads.push(end - start);
      return streamOf(bytesAt(start, end));
    },
  };
  return { slices, reads, total: () => reads.reduce((sum, read) => sum + read, 0) };
}

it("indexTar reads many small files in few, large reads", async () => {
  const members = Array.from({ length: 100_000 }, (_, at) => rawHeader({ name: `f${at}`, size: 0 }));
  const tar = archive(...members);
  const { slices, reads } = counted(tar.length, (start, end) => tar.subarray(start, end));
  expect((await indexTar(slices, kernels)).names()).toHaveLength(100_000);
  expect(reads.length).toBeLessThan(80);
});

it("indexTar passes over large bodies: 30 GB cost a few small reads", async () => {
  const size = 10 * 2 ** 30;
  const head = (name: string) => concat([rawPax([["size", String(size)]]), rawHeader({ name, size: 0 })]);
  const step = head("a").length + size;
  const { slices, reads, total } = counted(3 * step + 1024, (start, end) => {
    const view = new Uint8Array(end - start);
    for (const [at, name] of ["a", "b", "c"].entries()) {
      const bytes = head(name);
      for (let index = 0; index < bytes.length; index++) {
        const position = at * step + index - start;
        if (position >= 0 && position < view.length) view[position] = bytes[index] as number;
      }
    }
    return view;
  });
  const index = await indexTar(slices, kernels);
  expect(index.files.map((file) => [file.name, file.size])).toEqual([
    ["a", size],
    ["b", size],
    ["c", size],
  ]);
  expect(reads.length).toBeLessThan(10);
  expect(total()).toBeLessThan(100_000);
});

it("indexTar finds headers wherever they stand to the read-ahead's edges", async () => {
  const sizes = [0, 1, 511, 512, 3000, 3583, 3584, 3585, 5000, 70_000, 100, 9000, 40_000, 0, 0, 1_200_000, 7];
  const tar = archive(
    ...sizes.map((size, at) => rawMember({ name: `f${at}` }, String.fromCharCode(97 + at).repeat(size))),
  );
  const index = await indexTar(bytesSlices(tar), kernels);
  for (const [at, size] of sizes.entries())
    expect(await read(index, `f${at}`)).toBe(String.fromCharCode(97 + at).repeat(size));
});

it("spoolTar leaves nothing in the spool when it fails, and cancels what it did not read", async () => {
  let open = 0;
  const memory = memorySpool(1 << 24);
  const spool: Spool = {
    async create() {
      const slot = await memory.create();
      open++;
      return {
        ...slot,
        async dispose() {
          open--;
          await slot.dispose();
        },
      };
    },
  };
  let cancelled = false;
  const endless = streamFrom(
    (function* () {
      try {
        for (;;) yield padded("no tar header".repeat(100));
      } finally {
        cancelled = true;
      }
    })(),
  );
  await expect(spoolTar(endless, spool, kernels)).rejects.toMatchObject({ code: "TAR_INVALID" });
  expect([open, cancelled]).toEqual([0, true]);
  const good = await spoolTar(streamOf(archive(rawMember({}, "x"))), spool, kernels);
  expect(open).toBe(1);
  await good.dispose();
  expect(open).toBe(0);
});
