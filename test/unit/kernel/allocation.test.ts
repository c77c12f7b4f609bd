import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";

/** Runs in a process of its own: only there can garbage be collected when asked for. */
const SCRIPT = `
import { readFile } from "node:fs/promises";
import { wasmKernels } from "./src/kernel/wasm.ts";
import { noise, runCodec } from "./test/contract/kernels-input.ts";

const memories = new Set();
const { Instance } = WebAssembly;
WebAssembly.Instance = new Proxy(Instance, {
  construct(target, args) {
    const instance = Reflect.construct(target, args);
    // zstd's encoder has exports of one letter.
    memories.add(instance.exports.memory ?? instance.exports.f);
    return instance;
  },
});
const compiled = async (name) => WebAssembly.compile(await readFile("dist/" + name + ".wasm"));
const kernels = wasmKernels(await compiled("kernels"), {
  decoder: () => compiled("zstd-decoder"),
  encoder: () => compiled("zstd-encoder"),
});
const chunk = noise(65536);
const packed = runCodec(kernels.gzip(), [noise(1 << 20), new Uint8Array(1 << 20)]);

/** Each is fed in chunks for ever; its output is looked at and left. */
let seen = 0;
const look = (view) => { seen += view.length; };
const gzip = kernels.gzip();
const [sha256, sha512] = [kernels.hasher("sha256"), kernels.hasher("sha512")];
const gunzip = kernels.gunzip();
let crc = 0;
const unzstd = await kernels.zstd.decoder();
const zstd = await kernels.zstd.encoder();
const content = new Uint8Array(4 << 20).map((_, i) => chunk[i & 65535] & (i >> 16));
const frame = zstd.frame(content);
/** A member of 1 GB that never ends, its header first. */
const rewriting = (output) => {
  const rewriter = kernels.rewriter({ input: "none", output, seconds: 5, clamp: false, before: look, after: look });
  const header = kernels.tar.encode({
    name: Buffer.from("a"), prefix: new Uint8Array(), linkname: new Uint8Array(), uname: new Uint8Array(),
    gname: new Uint8Array(), mode: 420, uid: 0, gid: 0, size: 1 << 30, mtime: 9, type: 48, devmajor: 0, devminor: 0,
  });
  const feed = (bytes) => { for (const view of rewriter.write(bytes)) look(view); };
  feed(header);
  return () => feed(chunk);
};
const tasks = {
  rewriteToTar: rewriting("none"),
  rewriteToGzip: rewriting("gzip"),
  unzstd: () => { for (const view of unzstd.write(frame)) look(view); },
  zstd: () => { look(zstd.frame(content)); },
  sha256: () => sha256.update(chunk),
  sha512: () => sha512.update(chunk),
  crc32: () => { crc = kernels.crc32(chunk, crc); },
  gzip: () => gzip.write(chunk, look),
  gunzip: () => gunzip.write(packed, look),
  gunzipWithPoints: (() => {
    const codec = kernels.gunzipWithPoints({ spacing: 1 << 19, report() {} });
    return () => codec.write(packed, look);
  })(),
};

const settled = () => { for (let i = 0; i < 4; i++) gc(); const { heapUsed, external } = process.memoryUsage(); return heapUsed + external; };
const sizes = { gunzip: 2 << 20, gunzipWithPoints: 2 << 20, zstd: 4 << 20, unzstd: 4 << 20 };
const result = {};
for (const [name, task] of Object.entries(tasks)) {
  const run = (bytes) => { for (let done = 0; done < bytes; done += sizes[name] ?? 65536) task(); };
  run(8e6);
  const [before, pages] = [settled(), [...memories].map(({ buffer }) => buffer.byteLength)];
  run(100e6);
  const grown = [...memories].some(({ buffer }, i) => buffer.byteLength !== pages[i]);
  result[name] = { held: settled() - before, grown, made: memories.size - pages.length };
}
console.log(JSON.stringify(result));
`;

test("100 MB through a kernel leave no memory behind, grow none and make no instance", () => {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ["--expose-gc", "--input-type=module", "--eval", SCRIPT],
    { cwd: new URL("../../..", import.meta.url), encoding: "utf8" },
  );
  expect(stdout, stderr).not.toBe("");
  const result = JSON.parse(stdout) as Record<string, { held: number; grown: boolean; made: number }>;
  expect(Object.keys(result)).toHaveLength(10);
  for (const [name, { held, grown, made }] of Object.entries(result)) {
    expect({ grown, made }, name).toEqual({ grown: false, made: 0 });
    // A byte kept per chunk would be little; a view kept per chunk is a hundred bytes times 1500.
    expect(held, name).toBeLessThan(100_000);
  }
});
