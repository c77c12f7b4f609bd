// Lays libzstd's WebAssembly modules, which two packages bring, into dist/: a host compiles them as it does the kernels.
import { copyFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** The streaming decoder; the package carries it as text inside its script, which a worker may not compile. */
function decoder() {
  const script = readFileSync(`${root}node_modules/zstddec/dist/zstddec-stream.mjs`, "utf8");
  const [, text] = /"(AGFzbQ[A-Za-z0-9+/=]+)"/.exec(script) ?? [];
  if (!text) throw new Error("Cannot find the module in zstddec's script");
  return Buffer.from(text, "base64");
}

mkdirSync(`${root}dist`, { recursive: true });
// Under another name until it is whole: tests of several projects may start at once.
const unfinished = `${root}dist/zstd.${process.pid}`;
writeFileSync(unfinished, decoder());
renameSync(unfinished, `${root}dist/zstd-decoder.wasm`);
copyFileSync(`${root}node_modules/@bokuweb/zstd-wasm/dist/web/zstd.wasm`, unfinished);
renameSync(unfinished, `${root}dist/zstd-encoder.wasm`);
