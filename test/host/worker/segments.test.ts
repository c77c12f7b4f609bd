import { abortAllDurableObjects, evictDurableObject, reset, runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, test } from "vitest";
import type { UploadObject } from "../../../edge/host/cloudflare-upload.ts";
import { collect, streamFrom, streamOf } from "../../../src/bytes/stream.ts";
import type { Store } from "../../../src/store/store.ts";
import { hash } from "../../contract/store.ts";
import { breaking, chunked, MIB, patternOf } from "./bytes.ts";
import { bindings, newStore, objectSizes } from "./store.ts";

const SIZE = 17 * MIB + 5;
const BYTES = patternOf(SIZE);
const DIGEST = hash(BYTES);

let store: Store;
let id: string;
beforeEach(async () => {
  await reset();
  store = newStore();
  id = await store.uploads.start("a");
});

const uploadObject = () => bindings.UPLOADS.getByName(id);
const read = async (start?: number, end?: number, digest = DIGEST) =>
  collect(await store.blobs.open("a", digest, start, end), SIZE);

/** Compared by digest: a difference of megabytes is no message. */
async function expectPublished(): Promise<void> {
  await store.uploads.finish("a", id, DIGEST);
  expect(hash(await read())).toBe(DIGEST);
}

describe("a body", () => {
  test("of unknown length is stored in objects of 8 MiB", async () => {
    expect(await store.uploads.append("a", id, 0, chunked(BYTES))).toBe(SIZE);
    expect(await objectSizes()).toEqual([8 * MIB, 8 * MIB, MIB + 5]);
    await expectPublished();
  });

  test("of known length is stored as one object", async () => {
    expect(await store.uploads.append("a", id, 0, chunked(BYTES), SIZE)).toBe(SIZE);
    expect(await objectSizes()).toEqual([SIZE]);
    await expectPublished();
  });

  test("in chunks of any size is stored as the chunks came", async () => {
    let offset = 0;
    for (const size of [1, 5 * MIB, 9 * MIB, SIZE - 14 * MIB - 1]) {
      const part = BYTES.subarray(offset, offset + size);
      offset = await store.uploads.append("a", id, offset, chunked(part), size);
    }
    expect(await objectSizes()).toEqual([1, 5 * MIB, 9 * MIB, SIZE - 14 * MIB - 1]);
    await expectPublished();
  });

  test("without a byte stores nothing", async () => {
    expect(await store.uploads.append("a", id, 0, streamOf(new Uint8Array()), 0)).toBe(0);
    expect(await store.uploads.append("a", id, 0, streamOf(new Uint8Array()))).toBe(0);
    expect(await objectSizes()).toEqual([]);
  });

  test("of known length that breaks leaves nothing of its last object, and the upload goes on before it", async () => {
    await store.uploads.append("a", id, 0, chunked(BYTES.subarray(0, 3)), 3);
    const broken = breaking(BYTES.subarray(3, 15 * MIB));
    await expect(store.uploads.append("a", id, 3, broken, SIZE - 3)).rejects.toThrow("the client went away");
    expect(await store.uploads.offset("a", id)).toBe(3);
    expect(await objectSizes()).toEqual([3]);
    await store.uploads.append("a", id, 3, chunked(BYTES.subarray(3)), SIZE - 3);
    await expectPublished();
  });

  test("of unknown length that breaks keeps what arrived", async () => {
    const broken = breaking(BYTES.subarray(0, 10 * MIB));
    await expect(store.uploads.append("a", id, 0, broken)).rejects.toThrow("the client went away");
    expect(await store.uploads.offset("a", id)).toBe(10 * MIB);
    await store.uploads.append("a", id, 10 * MIB, chunked(BYTES.subarray(10 * MIB)));
    await expectPublished();
  });

  test("shorter than it was said to be is refused", async () => {
    const short = chunked(BYTES.subarray(0, 10 * MIB));
    await expect(store.uploads.append("a", id, 0, short, SIZE)).rejects.toMatchObject({
      code: "SIZE_MISMATCH",
    });
    expect(await store.uploads.offset("a", id)).toBe(0);
    expect(await objectSizes()).toEqual([]);
  });

  test("in more chunks than a worker could read again is refused", async () => {
    await runInDurableObject(uploadObject(), (_: UploadObject, { storage }) => {
      storage.kv.put("upload", { ...(storage.kv.get("upload") as object), count: 4096 });
    });
    await expect(store.uploads.append("a", id, 0, chunked(BYTES))).rejects.toMatchObject({
      code: "LIMIT_EXCEEDED",
    });
  });
});

describe("a blob of several objects", () => {
  beforeEach(async () => {
    await store.uploads.append("a", id, 0, chunked(BYTES));
    await store.uploads.finish("a", id, DIGEST);
  });

  test("is read from anywhere to anywhere", async () => {
    for (const [start, end] of [
      [0, 1],
      [8 * MIB - 1, 8 * MIB + 1],
      [8 * MIB, 16 * MIB],
      [3, SIZE - 1],
      [16 * MIB - 1, SIZE],
      [SIZE - 1, SIZE],
      [SIZE, SIZE],
    ] as const) {
      const part = await read(start, end);
      expect(part).toHaveLength(end - start);
      expect(hash(part)).toBe(hash(BYTES.subarray(start, end)));
    }
  });

  test("breaks off where an object is missing, and says so at once if it is the first", async () => {
    const { objects } = await bindings.BUCKET.list();
    await bindings.BUCKET.delete(objects[1]?.key as string);
    await expect(read()).rejects.toThrow("missing from the bucket");
    expect(hash(await read(0, 8 * MIB))).toBe(hash(BYTES.subarray(0, 8 * MIB)));
    await bindings.BUCKET.delete(objects[0]?.key as string);
    await expect(store.blobs.open("a", DIGEST)).rejects.toMatchObject({ code: "IO" });
  });
});

test("a sha512 digest is checked over all objects", async () => {
  const digest = hash(BYTES, "sha512");
  await store.uploads.append("a", id, 0, chunked(BYTES));
  await store.uploads.finish("a", id, digest);
  expect(hash(await read(0, SIZE, digest))).toBe(DIGEST);

  id = await store.uploads.start("a");
  await store.uploads.append("a", id, 0, chunked(BYTES.subarray(1)));
  await expect(store.uploads.finish("a", id, digest)).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
});

describe("when the upload's Durable Object is evicted", () => {
  test("between two requests, the upload goes on and its digest is right", async () => {
    const half = 9 * MIB + 7;
    await store.uploads.append("a", id, 0, chunked(BYTES.subarray(0, half)));
    await evictDurableObject(uploadObject());
    expect(await store.uploads.offset("a", id)).toBe(half);
    await evictDurableObject(uploadObject());
    await store.uploads.append("a", id, half, chunked(BYTES.subarray(half)));
    await evictDurableObject(uploadObject());
    await expectPublished();
  });

  test("while a body is being received, its writer goes on", async () => {
    const writing = store.uploads.append("a", id, 0, streamFrom(withPause(BYTES, abortAllDurableObjects)));
    expect(await writing).toBe(SIZE);
    await expectPublished();
  });

  test("and another writer takes over, the first can add nothing more", async () => {
    const takeOver = async () => {
      await abortAllDurableObjects();
      await newStore().uploads.append("a", id, 8 * MIB, chunked(BYTES.subarray(8 * MIB)));
    };
    const first = store.uploads.append("a", id, 0, streamFrom(withPause(BYTES, takeOver)));
    await expect(first).rejects.toMatchObject({ code: "RANGE_INVALID" });
    expect(await store.uploads.offset("a", id)).toBe(SIZE);
    await expectPublished();
  });
});

test("a writer that is cut off leaves the upload to the next", async () => {
  const claim = await uploadObject().claim("a", 0);
  expect(claim.refused).toBeUndefined();
  await expect(store.uploads.append("a", id, 0, chunked(BYTES))).rejects.toMatchObject({
    code: "RANGE_INVALID",
  });
  // What the runtime does for a worker whose request is over.
  (claim as unknown as Disposable)[Symbol.dispose]();
  await expect.poll(() => store.uploads.append("a", id, 0, chunked(BYTES)).catch(() => 0)).toBe(SIZE);
  await expectPublished();
});

/** Bytes with something happening between the first object's and the next. */
async function* withPause(bytes: Uint8Array, happening: () => Promise<void>): AsyncGenerator<Uint8Array> {
  yield bytes.subarray(0, 8 * MIB + 1);
  await happening();
  yield bytes.subarray(8 * MIB + 1);
}
