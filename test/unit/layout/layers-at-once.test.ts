/** An image's layers on their way into an OCI layout: at the same time where the place takes that. */
import { describe, expect, it } from "vitest";
import { contentOf } from "../../../src/bytes/content.ts";
import type { FilesWriter } from "../../../src/bytes/files.ts";
import { type ByteStream, drain, streamFrom } from "../../../src/bytes/stream.ts";
import type { Image } from "../../../src/image/image.ts";
import { blobPath } from "../../../src/layout/oci-layout.ts";
import { writeOciLayout } from "../../../src/layout/oci-layout-writer.ts";
import { ociLayoutSink } from "../../../src/sink/oci-layout-sink.ts";
import { testImage } from "../../images.ts";
import { memoryHost } from "../../memory-host.ts";
import { turn } from "../../turn.ts";
import { bytes } from "../tar/raw.ts";

const host = await memoryHost();

/** A place whose writes end when they are told to; documents are written at once. */
function place(sideBySide: boolean) {
  const ends = new Map<string, (error?: Error) => void>();
  const log: string[] = [];
  let underWay = 0;
  let most = 0;
  const writer: FilesWriter = {
    ...(sideBySide && { sideBySide }),
    async write(name, content) {
      most = Math.max(most, ++underWay);
      try {
        if (gated.has(name)) {
          await new Promise<void>((resolve, reject) => {
            ends.set(name, (error) => (error ? reject(error) : resolve()));
          });
        }
        await drain(await content.open());
        log.push(name);
      } finally {
        underWay -= 1;
      }
    },
    commit: async () => void log.push("commit"),
    abort: async () => void log.push("abort"),
  };
  const gated = new Set<string>();
  return {
    writer,
    log,
    hold: (...names: readonly string[]) => names.map((name) => gated.add(name)),
    async end(name: string, error?: Error) {
      ends.get(name)?.(error);
      await turn();
    },
    begun: () => [...ends.keys()],
    most: () => most,
  };
}

async function fiveLayers() {
  const { image } = await testImage(
    ["a", "b", "c", "d", "e"].map((name) => [{ name }]),
    host,
  );
  const blobs = await Promise.all(image.layers.map((layer) => layer.blob()));
  return { image, names: blobs.map(({ digest }) => blobPath(digest)) };
}

const failed = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

describe("layers into a folder", () => {
  it("are written so many at a time, the next where any ends, and stand in the manifest's order", async () => {
    const { image, names } = await fiveLayers();
    const to = place(true);
    to.hold(...names);
    const sink = ociLayoutSink(to.writer, { name: "l", jobs: 2 }, host);
    const putting = sink.put(image);
    const [a, b, c, d, e] = names as [string, string, string, string, string];
    while (to.begun().length < 2) await turn();
    await to.end(b);
    await to.end(c);
    expect(to.begun()).toEqual([a, b, c, d]);
    for (const name of [d, e, a]) await to.end(name);
    const { layers } = await putting;
    expect(layers.map(({ digest }) => blobPath(digest))).toEqual(names);
    expect(to.log.filter((name) => names.includes(name))).toEqual([b, c, d, e, a]);
    expect(to.most()).toBe(2);
    await sink.commit();
    // What names a blob is written when the blob is there.
    expect(to.log.slice(-3)).toEqual(["oci-layout", "index.json", "commit"]);
  });

  it("are stopped where one fails, no more are begun, and index.json is not written", async () => {
    const { image, names } = await fiveLayers();
    let stopped = 0;
    const endless = (): ByteStream =>
      streamFrom(
        (async function* () {
          try {
            for (;;) {
              await turn();
              yield new Uint8Array(10);
            }
          } finally {
            stopped++;
          }
        })(),
      );
    const [first, ...others] = image.layers;
    if (!first) throw new Error("no layer");
    const slow = { ...first, blob: async () => ({ ...(await first.blob()), open: async () => endless() }) };
    const to = place(true);
    to.hold(names[1] as string);
    const sink = ociLayoutSink(to.writer, { name: "l", jobs: 2 }, host);
    const putting = failed(sink.put({ ...image, layers: [slow, ...others] } as Image));
    while (!to.begun().includes(names[1] as string)) await turn();
    await to.end(names[1] as string, new Error("the disk is full"));
    expect(await putting).toEqual(new Error("the disk is full"));
    expect([stopped, to.log.filter((name) => names.includes(name) || name === "index.json")]).toEqual([
      1,
      [],
    ]);
  });
});

describe("layers into an archive", () => {
  it("are written one after the other, in the manifest's order, however many are made at once", async () => {
    const { image, names } = await fiveLayers();
    const to = place(false);
    const sink = ociLayoutSink(to.writer, { name: "l", jobs: 4 }, host);
    await sink.put(image);
    expect(to.log.filter((name) => names.includes(name))).toEqual(names);
    expect(to.most()).toBe(1);
  });
});

describe("two layers of one digest at the same time", () => {
  const blob = contentOf(host.kernels, bytes("the same"));
  const name = blobPath(blob.digest);

  it("are one file, and neither is done before it is there", async () => {
    const to = place(true);
    to.hold(name);
    const layout = writeOciLayout(to.writer);
    const done: string[] = [];
    const both = ["first", "second"].map((which) => layout.blob(blob).then(() => done.push(which)));
    await turn();
    expect(done).toEqual([]);
    await to.end(name);
    await Promise.all(both);
    expect([done, to.log]).toEqual([["first", "second"], [name]]);
  });

  it("fail both where the one that is written fails, and the digest may be written again", async () => {
    const to = place(true);
    to.hold(name);
    const layout = writeOciLayout(to.writer);
    const both = [layout.blob(blob), layout.blob(blob)].map(failed);
    await turn();
    await to.end(name, new Error("no space"));
    expect(await Promise.all(both)).toEqual([new Error("no space"), new Error("no space")]);
    const again = layout.blob(blob);
    await turn();
    await to.end(name);
    await again;
    expect(to.log).toEqual([name]);
  });
});
