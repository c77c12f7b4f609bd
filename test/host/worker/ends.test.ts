/** How uploads and blobs end: what is left in the bucket and in the Durable Objects when they have. */
import { reset, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, test } from "vitest";
import type { ContentObject } from "../../../edge/host/cloudflare-content.ts";
import type { UploadObject } from "../../../edge/host/cloudflare-upload.ts";
import { sweepSegments } from "../../../edge/host/r2-store-segments.ts";
import { collect, streamOf } from "../../../src/bytes/stream.ts";
import { MEDIA_TYPE } from "../../../src/oci/media-type.ts";
import type { Store } from "../../../src/store/store.ts";
import { bytesOf, hash } from "../../contract/store.ts";
import { MIB, patternOf } from "./bytes.ts";
import { bindings, newStore, objectSizes } from "./store.ts";

const BYTES = patternOf(3000);
const DIGEST = hash(BYTES);

let store: Store;
let id: string;
beforeEach(async () => {
  await reset();
  store = newStore();
  id = await receive(BYTES);
});

/** As two objects. */
async function receive(bytes: Uint8Array): Promise<string> {
  const upload = await store.uploads.start("a");
  await store.uploads.append("a", upload, 0, streamOf(bytes.subarray(0, 2000)));
  await store.uploads.append("a", upload, 2000, streamOf(bytes.subarray(2000)));
  return upload;
}

const uploadObject = (upload = id) => bindings.UPLOADS.getByName(upload);
const contentObject = () => bindings.CONTENTS.getByName(DIGEST);
const readBack = async (repository: string) =>
  hash(await collect(await store.blobs.open(repository, DIGEST), BYTES.length));

/** Changes what an object has stored under a key. */
async function alter(object: DurableObjectStub, key: string, change: Record<string, unknown>): Promise<void> {
  await runInDurableObject(object, (_, { storage }) => {
    storage.kv.put(key, { ...(storage.kv.get(key) as object), ...change });
  });
}

async function keysOf(object: DurableObjectStub): Promise<string[]> {
  return runInDurableObject(object, (_, { storage }) => [...storage.kv.list()].map(([key]) => key));
}

describe("the end of an upload", () => {
  test("may be asked for again, when its answer was lost", async () => {
    await store.uploads.finish("a", id, DIGEST);
    await newStore().uploads.finish("a", id, DIGEST);
    expect(await readBack("a")).toBe(DIGEST);
    expect(await objectSizes()).toEqual([2000, 1000]);
    const unknown = { code: "BLOB_UPLOAD_UNKNOWN" };
    await expect(store.uploads.finish("a", id, hash(bytesOf("other")))).rejects.toMatchObject(unknown);
    await expect(store.uploads.finish("b", id, DIGEST)).rejects.toMatchObject(unknown);
    await expect(store.uploads.append("a", id, BYTES.length, streamOf(BYTES))).rejects.toMatchObject(unknown);
  });

  test("as a blob that is there already drops its bytes", async () => {
    await store.uploads.finish("a", id, DIGEST);
    const second = await receive(BYTES);
    expect(await objectSizes()).toHaveLength(4);
    await store.uploads.finish("a", second, DIGEST);
    await runDurableObjectAlarm(uploadObject(second));
    expect(await objectSizes()).toEqual([2000, 1000]);
    expect(await readBack("a")).toBe(DIGEST);
  });

  test("with another digest drops its bytes", async () => {
    await expect(store.uploads.finish("a", id, hash(bytesOf("other")))).rejects.toMatchObject({
      code: "DIGEST_MISMATCH",
    });
    await runDurableObjectAlarm(uploadObject());
    expect(await objectSizes()).toEqual([]);
  });

  test("by its client drops its bytes", async () => {
    expect(await store.uploads.cancel("a", id)).toBe(true);
    await runDurableObjectAlarm(uploadObject());
    expect(await objectSizes()).toEqual([]);
  });

  test("drops the objects of writers that were cut off, also those that come late", async () => {
    await bindings.BUCKET.put(`segments/${id}/9-0`, "written, never committed");
    await store.uploads.finish("a", id, DIGEST);
    await alter(uploadObject(), "end", { until: 0 });
    await runDurableObjectAlarm(uploadObject());
    expect(await objectSizes()).toEqual([2000, 1000]);
    expect(await keysOf(uploadObject())).toEqual([]);
    expect(await readBack("a")).toBe(DIGEST);
  });
});

test("more objects than R2 lists or deletes at once are deleted", async () => {
  const keep = new Set(["1-0", "1-1999"]);
  const keys = Array.from({ length: 2500 }, (_, index) => `segments/${id}/1-${index}`);
  const bucket = thousandsBucket([...keys, "segments/other/1-0"]);
  await sweepSegments(bucket as unknown as R2Bucket, id, keep);
  expect([...bucket.keys].sort()).toEqual(
    [...keep]
      .map((name) => `segments/${id}/${name}`)
      .concat("segments/other/1-0")
      .sort(),
  );
});

describe("an upload nobody adds to", () => {
  test("stays for a day", async () => {
    await runDurableObjectAlarm(uploadObject());
    expect(await store.uploads.offset("a", id)).toBe(BYTES.length);
    await store.uploads.finish("a", id, DIGEST);
  });

  test("then goes, with its bytes, and at last its record", async () => {
    await alter(uploadObject(), "upload", { touched: Date.now() - 25 * 60 * 60 * 1000 });
    await runDurableObjectAlarm(uploadObject());
    expect(await store.uploads.offset("a", id)).toBeUndefined();
    expect(await objectSizes()).toEqual([]);
    await alter(uploadObject(), "end", { until: 0 });
    await runDurableObjectAlarm(uploadObject());
    expect(await keysOf(uploadObject())).toEqual([]);
  });
});

describe("an end that was cut off", () => {
  /** As it is when the worker dies between the blob's record and the upload's. */
  const cutOff = async () => {
    const segments = await uploadObject().segments();
    await contentObject().adopt("a", { source: id, size: BYTES.length, segments });
    await alter(uploadObject(), "upload", { publishing: DIGEST });
  };
  const passDay = async () => {
    await alter(uploadObject(), "upload", { touched: 0 });
    await runDurableObjectAlarm(uploadObject());
  };

  test("is completed when it is asked for again", async () => {
    await cutOff();
    await store.uploads.finish("a", id, DIGEST);
    expect(await readBack("a")).toBe(DIGEST);
    expect(await store.tags.list("a")).toEqual([]);
  });

  test("leaves the blob its bytes, though nobody asks again", async () => {
    await cutOff();
    await passDay();
    expect(await readBack("a")).toBe(DIGEST);
  });

  test("takes no more bytes, and cannot be cancelled", async () => {
    await cutOff();
    const more = store.uploads.append("a", id, BYTES.length, streamOf(BYTES));
    await expect(more).rejects.toMatchObject({ code: "RANGE_INVALID" });
    expect(await store.uploads.cancel("a", id)).toBe(false);
    await expect(store.uploads.finish("a", id, hash(bytesOf("other")))).rejects.toMatchObject({
      code: "DIGEST_MISMATCH",
    });
    await passDay();
    expect(await readBack("a")).toBe(DIGEST);
  });

  test("makes no blob of bytes that were deleted since", async () => {
    await cutOff();
    await store.blobs.remove("a", DIGEST);
    await expect(store.uploads.finish("a", id, DIGEST)).rejects.toMatchObject({
      code: "BLOB_UPLOAD_UNKNOWN",
    });
    expect(await store.blobs.size("a", DIGEST)).toBeUndefined();
  });

  test("before the blob had its record drops the bytes a day later", async () => {
    await alter(uploadObject(), "upload", { publishing: DIGEST });
    await passDay();
    expect(await objectSizes()).toEqual([]);
    expect(await store.blobs.size("a", DIGEST)).toBeUndefined();
  });
});

describe("a blob its last repository let go of", () => {
  beforeEach(async () => {
    await store.uploads.finish("a", id, DIGEST);
    await store.blobs.mount("b", DIGEST, "a");
    await store.blobs.remove("a", DIGEST);
    expect(await readBack("b")).toBe(DIGEST);
  });

  test("keeps its bytes for downloads that have begun", async () => {
    const stream = await store.blobs.open("b", DIGEST);
    await store.blobs.remove("b", DIGEST);
    await runDurableObjectAlarm(contentObject());
    expect(hash(await collect(stream, BYTES.length))).toBe(DIGEST);
  });

  test("leaves nothing an hour later", async () => {
    await store.blobs.remove("b", DIGEST);
    await passHour();
    expect(await objectSizes()).toEqual([]);
    expect(await keysOf(contentObject())).toEqual([]);
  });

  test("keeps the bytes of whoever pushed it again", async () => {
    await store.blobs.remove("b", DIGEST);
    id = await receive(BYTES);
    await store.uploads.finish("a", id, DIGEST);
    await passHour();
    expect(await objectSizes()).toEqual([2000, 1000]);
    expect(await readBack("a")).toBe(DIGEST);
  });

  async function passHour(): Promise<void> {
    await runInDurableObject(contentObject(), (_: ContentObject, { storage }) => {
      for (const [key] of [...storage.kv.list({ prefix: "dropped:" })]) storage.kv.put(key, 0);
    });
    await runDurableObjectAlarm(contentObject());
  }
});

test("looking for what is not there leaves no record", async () => {
  const digest = hash(bytesOf("absent"));
  await store.tags.get("nobody", "latest");
  await store.tags.list("nobody");
  await store.tags.compareAndSwap("nobody", "latest", digest, undefined);
  await store.manifests.get("nobody", digest);
  await store.manifests.remove("nobody", digest);
  await store.manifests.referrers("nobody", digest);
  await store.blobs.size("nobody", digest);
  await store.blobs.remove("nobody", digest);
  await store.uploads.offset("nobody", "0".repeat(32));
  for (const object of [
    bindings.REPOSITORIES.getByName("nobody"),
    bindings.CONTENTS.getByName(digest),
    uploadObject("0".repeat(32)),
  ]) {
    expect(await keysOf(object as DurableObjectStub)).toEqual([]);
    const tables = await runInDurableObject(object as DurableObjectStub<UploadObject>, (_, { storage }) =>
      storage.sql.exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'").toArray(),
    );
    expect(tables).toEqual([]);
  }
  expect(await store.tags.repositories()).toEqual([]);
});

test("a manifest larger than a row is kept whole, and replaced whole", async () => {
  const bytes = bytesOf(`{"a":"${"x".repeat(4 * MIB - 8)}"}`);
  const manifest = { digest: hash(bytes), mediaType: MEDIA_TYPE.ociManifest as string, bytes };
  await store.manifests.put("a", manifest);
  await store.manifests.put("a", manifest);
  expect(hash((await store.manifests.get("a", manifest.digest))?.bytes as Uint8Array)).toBe(manifest.digest);
  await store.manifests.remove("a", manifest.digest);
  await runInDurableObject(bindings.REPOSITORIES.getByName("a") as DurableObjectStub, (_, { storage }) => {
    expect(storage.sql.exec("SELECT count(*) AS parts FROM parts").one()).toEqual({ parts: 0 });
  });
});

/** R2's limits, without the minutes its simulator takes for so many objects. */
function thousandsBucket(all: string[]) {
  const keys = new Set(all);
  return {
    keys,
    async list({ prefix, limit, cursor = "" }: R2ListOptions) {
      const found = [...keys].filter((key) => key.startsWith(prefix ?? "") && key > cursor).sort();
      const page = found.slice(0, Math.min(limit ?? 1000, 1000));
      const objects = page.map((key) => ({ key }));
      return page.length < found.length
        ? { objects, truncated: true, cursor: page.at(-1) }
        : { objects, truncated: false };
    },
    async delete(some: string[]) {
      if (some.length > 1000) throw new Error("R2 deletes 1000 objects at once");
      for (const key of some) keys.delete(key);
    },
  };
}
