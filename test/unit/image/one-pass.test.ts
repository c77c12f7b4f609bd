import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { digestOf } from "../../../src/bytes/content.ts";
import { streamFrom } from "../../../src/bytes/stream.ts";
import { storedBlob } from "../../../src/image/stored-blob.ts";
import { storedLayer } from "../../../src/image/stored-layer.ts";
import { MEDIA_TYPE } from "../../../src/oci/media-type.ts";
import { archive, rawMember, rawPax, withChecksum } from "../tar/raw.ts";
import {
  countingHost,
  gzipLayer,
  kernels,
  type MakeLayer,
  normalised,
  outcome,
  savedLayer,
  stored,
  tar,
  uncompressedLayer,
} from "./one-pass-case.ts";

async function expectSame(make: MakeLayer, form: "blob" | "tar") {
  const [fast, slow] = [await countingHost(), await countingHost(true)];
  const actual = await outcome(make, form, fast);
  expect(actual).toEqual(await outcome(make, form, slow));
  expect(fast.passes.length).toBeGreaterThan(0);
  expect([fast.held(), slow.held()]).toEqual([0, 0]);
  return actual;
}

describe("a layer rewritten in one pass", () => {
  const layers: [string, (bytes: Uint8Array) => MakeLayer][] = [
    ["gzip", gzipLayer],
    ["uncompressed", uncompressedLayer],
    ["saved as a tar", savedLayer],
  ];
  it.each(layers)("is, %s, what it is step by step, as blob and as tar", async (_, make) => {
    for (const form of ["blob", "tar"] as const) {
      const result = await expectSame(make(tar()), form);
      expect(result).toMatchObject({ digest: expect.stringMatching(/^sha256:/) });
    }
  });

  it("keeps the blob it was where no time was to change", async () => {
    const same = archive(rawMember({ mtime: 5 }, "x"));
    const blob = new Uint8Array(gzipSync(same, { level: 9 }));
    const result = await expectSame(stored(blob, digestOf(kernels, same)), "blob");
    expect(result).toMatchObject({ digest: digestOf(kernels, blob) });
  });

  it("is read once, and told of as far as it is", async () => {
    const host = await countingHost();
    const bytes = tar();
    await outcome(gzipLayer(bytes), "blob", host);
    expect(host.passes).toMatchObject([{ input: "gzip", output: "gzip" }]);
    const events = host.events.filter((event) => event.type === "progress");
    expect(events.at(-1)).toMatchObject({ stage: "rewriting", done: bytes.length, finished: true });
  });

  it("is made step by step where one filter follows another", async () => {
    const host = await countingHost();
    await (await normalised(gzipLayer(tar()), host, 2)).blob();
    expect(host.passes).toEqual([]);
  });
});

describe("a layer that is not what it should be fails as it does step by step", () => {
  const bytes = tar();
  const blob = new Uint8Array(gzipSync(bytes));
  const diffId = digestOf(kernels, bytes);
  const flipped = (at: number) => blob.map((byte, i) => (i === at ? byte ^ 1 : byte));
  const broken = flipped(blob.length >> 1);
  const cases: [string, MakeLayer, RegExp][] = [
    ["its bytes are not its digest's", stored(blob, diffId, MEDIA_TYPE.ociLayerGzip, broken), /./],
    [
      "its bytes end early",
      stored(blob, diffId, MEDIA_TYPE.ociLayerGzip, blob.subarray(0, 5000)),
      /has 5000 bytes/,
    ],
    ["its diff_id is another's", stored(blob, digestOf(kernels, blob)), /uncompressed.*its digest is/],
    ["its gzip is damaged", stored(broken, diffId), /gzip|digest/],
    ["its gzip is cut off", gzipCutOff(), /ends early/],
    ["it says gzip and is none", stored(bytes, diffId), /its media type says gzip/],
    [
      "it says none and is gzip",
      stored(blob, diffId, MEDIA_TYPE.ociLayer),
      /its media type says not compressed/,
    ],
    ["its tar is damaged", gzipLayer(bytes.map((byte, i) => (i === 0 ? 0x41 : byte))), /checksum is wrong/],
    ["its tar is cut off", gzipLayer(bytes.subarray(0, 700_000)), /inside a member/],
    [
      "its tar has a time that is none",
      gzipLayer(archive(rawPax([["mtime", "x"]]), rawMember({}))),
      /not a time/,
    ],
    ["its source fails", failing(), /disk on fire/],
  ];
  it.each(cases)("when %s", async (_, make, message) => {
    for (const form of ["blob", "tar"] as const) expect(await expectSame(make, form)).toMatch(message);
  });

  function gzipCutOff(): MakeLayer {
    const short = blob.subarray(0, blob.length - 4);
    return stored(short, diffId);
  }

  function failing(): MakeLayer {
    return (host) => {
      const descriptor = {
        mediaType: MEDIA_TYPE.ociLayerGzip,
        digest: digestOf(kernels, blob),
        size: blob.length,
      };
      const open = async () =>
        streamFrom(
          (function* () {
            yield blob.subarray(0, 100_000);
            throw new Error("disk on fire");
          })(),
        );
      return storedLayer({ blob: storedBlob(descriptor, { open }, host), diffId: async () => diffId }, host);
    };
  }
});

it("a tar whose first name begins as gzip does is refused as it is step by step", async () => {
  const odd = archive(rawMember({}, "x"));
  odd.set([0x1f, 0x8b]);
  withChecksum(odd.subarray(0, 512));
  expect(await expectSame(uncompressedLayer(odd), "blob")).toMatch(/its first bytes say gzip/);
});
