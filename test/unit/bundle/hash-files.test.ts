import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { hashFiles } from "../../../src/bundle/hash-files.ts";
import type { TreeEntry } from "../../../src/bytes/files.ts";
import { collect, streamFrom } from "../../../src/bytes/stream.ts";
import { wasmKernels } from "../../../src/kernel/wasm.ts";
import { cutEvery, noise } from "../../contract/kernels-input.ts";

const wasm = await readFile(new URL("../../../dist/kernels.wasm", import.meta.url));
const kernels = wasmKernels(await WebAssembly.compile(wasm));

const file = (bytes: Uint8Array, listedSize = bytes.length): TreeEntry => ({
  path: "file",
  kind: "file",
  size: listedSize,
  executable: false,
  open: () => streamFrom(cutEvery(bytes, 10_000)),
});

const digestOf = (bytes: Uint8Array) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

test("files of all sizes get their own digests, in their order", async () => {
  const data = noise(300_000);
  const sizes = [
    0,
    1,
    70_000,
    65_536,
    65_537,
    300,
    12_000,
    ...Array.from({ length: 90 }, (_, i) => 40_000 + i),
  ];
  const files = sizes.map((size, i) => data.subarray(i, i + size));
  const contents = await hashFiles(
    files.map((bytes) => file(bytes)),
    kernels,
  );
  expect(contents.map(({ digest }) => digest)).toEqual(files.map(digestOf));
  expect(contents.map(({ size }) => size)).toEqual(sizes);
  const opened = await collect(await (contents[5] as (typeof contents)[0]).open(), 1000);
  expect(digestOf(opened)).toBe(contents[5]?.digest);
});

test("no files are no digests", async () => {
  expect(await hashFiles([], kernels)).toEqual([]);
});

test("a file that has grown since it was listed is hashed as it is", async () => {
  const grown = noise(200_000);
  const [content] = await hashFiles([file(grown, 10)], kernels);
  expect(content).toMatchObject({ digest: digestOf(grown), size: 200_000 });
});

test("a file that cannot be read is an error", async () => {
  const broken = new Error("the disk is gone");
  const entry: TreeEntry = {
    ...file(noise(10)),
    open: () =>
      new ReadableStream({
        pull(controller) {
          controller.error(broken);
        },
      }),
  };
  await expect(hashFiles([entry], kernels)).rejects.toBe(broken);
});
