import { misuse } from "../failure.ts";
import { ZSTD_FRAME_SIZE, ZSTD_LEVEL, type ZstdEncoder } from "../kernels.ts";
import { ZSTD_CHECKSUM_FLAG } from "../zstd-header.ts";

/** dist/zstd-encoder.wasm, which is the package @bokuweb/zstd-wasm's: its exports have one letter each. */
interface EncoderExports {
  readonly memory: WebAssembly.Memory;
  initialise(): void;
  malloc(size: number): number;
  ZSTD_isError(status: number): number;
  ZSTD_compressBound(size: number): number;
  ZSTD_compress(target: number, capacity: number, source: number, size: number, level: number): number;
}

const NAMES: Readonly<Record<keyof EncoderExports, string>> = {
  memory: "f",
  initialise: "g",
  ZSTD_isError: "h",
  ZSTD_compressBound: "i",
  ZSTD_compress: "m",
  malloc: "s",
};

const PAGE = 65_536;
/** Where the descriptor stands, behind the magic (RFC 8878 §3.1.1.1). */
const DESCRIPTOR = 4;

/** libzstd's one-call compressor; the frame's checksum, which it leaves out, is `checksum`'s. */
export function wasmZstdEncoder(
  module: WebAssembly.Module,
  checksum: (content: Uint8Array) => number,
): ZstdEncoder {
  let begun: ReturnType<typeof begin> | undefined;
  return {
    module,
    frame(content) {
      if (content.length > ZSTD_FRAME_SIZE) throw misuse("more than a frame's content");
      // Whoever has workers make the frames has no need of an instance.
      begun ??= begin(module);
      const { zstd, source, target, capacity } = begun;
      new Uint8Array(zstd.memory.buffer).set(content, source);
      // Each call has a context of its own, so nothing of the frame before is left.
      const length = zstd.ZSTD_compress(target, capacity, source, content.length, ZSTD_LEVEL);
      if (zstd.ZSTD_isError(length)) throw misuse(`libzstd: its error ${-length}`);
      return withChecksum(new Uint8Array(zstd.memory.buffer, target, length), checksum(content));
    },
  };
}

/** An instance, and where in its memory a frame's content goes and the frame comes. */
function begin(module: WebAssembly.Module) {
  const zstd = instantiate(module);
  const source = zstd.malloc(ZSTD_FRAME_SIZE);
  const capacity = zstd.ZSTD_compressBound(ZSTD_FRAME_SIZE);
  return { zstd, source, target: zstd.malloc(capacity), capacity };
}

/** §3.1.1: the flag in the descriptor, four bytes behind the last block. */
function withChecksum(frame: Uint8Array, checksum: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(frame.length + 4);
  whole.set(frame);
  whole[DESCRIPTOR] = (whole[DESCRIPTOR] as number) | ZSTD_CHECKSUM_FLAG;
  new DataView(whole.buffer).setUint32(frame.length, checksum, true);
  return whole;
}

function instantiate(module: WebAssembly.Module): EncoderExports {
  const stop = () => {
    throw misuse("libzstd: it gave up");
  };
  const grow = (size: number) => {
    const missing = (size >>> 0) - zstd.memory.buffer.byteLength;
    try {
      zstd.memory.grow(Math.ceil(missing / PAGE));
      return 1;
    } catch {
      return 0;
    }
  };
  // proc_exit, keepalive_clear, abort, setitimer, resize_heap; only the last is ever called.
  const imports = { a: { a: stop, b: stop, c: stop, d: stop, e: grow } };
  const { exports } = new WebAssembly.Instance(module, imports);
  const named = Object.entries(NAMES).map(([name, letter]) => [name, exports[letter]]);
  const zstd = Object.fromEntries(named) as EncoderExports;
  zstd.initialise();
  return zstd;
}
