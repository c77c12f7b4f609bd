/** Node's own engines, which workerd has under the same names. */
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { crc32, createGunzip, createGzip, gunzipSync, gzipSync } from "node:zlib";
import type { Engine, Input } from "./kernels-engines.ts";
import { normaliseByPeer, type Peer } from "./layer-engines.ts";

export const nodeEngines: readonly Engine[] = [
  {
    name: "node:crypto",
    sha256: (input) => hash("sha256", input),
    sha256Many: (inputs) => inputs.map((input) => hash("sha256", input)),
    sha512: (input) => hash("sha512", input),
  },
  {
    name: "node:zlib",
    crc32: ({ chunks }) => chunks.reduce((sum, chunk) => crc32(chunk, sum), 0),
    gunzip: ({ data }) => gunzipSync(data),
    gzip: ({ data }, level) => gzipSync(data, { level }),
    normaliseLayer: (input) => normaliseByPeer(input, nodePeer),
    async gunzipStream({ chunks }) {
      const stream = createGunzip();
      const written = (async () => {
        for (const chunk of chunks)
          if (!stream.write(chunk)) await new Promise((resolve) => stream.once("drain", resolve));
        stream.end();
      })();
      let length = 0;
      for await (const part of stream) length += part.length;
      await written;
      return length;
    },
  },
];

/** Streams as Node has them, their work on its threads. */
const nodePeer: Peer = {
  hash() {
    const hash = createHash("sha256");
    return { update: (chunk) => hash.update(chunk), hex: () => hash.digest("hex") };
  },
  unpacked: (chunks) => Readable.from(chunks).pipe(createGunzip({ chunkSize: STREAM_CHUNK })),
  packed: (tar) => Readable.from(tar).pipe(createGzip({ level: 6, chunkSize: STREAM_CHUNK })),
};

/** Larger than Node's default of 16 kB, with which its streams take longer. */
const STREAM_CHUNK = 128 * 1024;

function hash(algorithm: string, { chunks }: Input): Uint8Array {
  const hasher = createHash(algorithm);
  for (const chunk of chunks) hasher.update(chunk);
  return new Uint8Array(hasher.digest());
}
