import { createHash } from "node:crypto";
import { beforeEach, describe, expect, test } from "vitest";
import { type ByteStream, collect, streamFrom, streamOf } from "../../src/bytes/stream.ts";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import type { Digest, HashAlgorithm } from "../../src/oci/digest.ts";
import { MEDIA_TYPE } from "../../src/oci/media-type.ts";
import type { Store } from "../../src/store/store.ts";

const MIB = 1024 * 1024;

/** A new, empty place for a store; each call opens the store there as a new process would. */
export type StorePlace = () => Promise<Store>;

/** What every store must do, whatever it is made of; `durable`: and what it must do after a restart. */
export function storeContract(
  name: string,
  makePlace: () => Promise<StorePlace>,
  { durable = false } = {},
): void {
  describe(`${name} keeps the store contract`, () => {
    let store: Store;
    let open: StorePlace;
    beforeEach(async () => {
      open = await makePlace();
      store = await open();
    });

    async function push(repository: string, bytes: Uint8Array, algorithm?: HashAlgorithm): Promise<Digest> {
      const id = await store.uploads.start(repository);
      await store.uploads.append(repository, id, 0, streamOf(bytes));
      const digest = hash(bytes, algorithm);
      await store.uploads.finish(repository, id, digest);
      return digest;
    }
    const read = async (repository: string, digest: Digest, start?: number, end?: number) =>
      collect(await store.blobs.open(repository, digest, start, end), MIB);

    describe("blobs", () => {
      test("a blob is read back as it was pushed, whole and in parts", async () => {
        const digest = await push("a/b", bytesOf("0123456789"));
        expect(await store.blobs.size("a/b", digest)).toBe(10);
        expect(text(await read("a/b", digest))).toBe("0123456789");
        expect(text(await read("a/b", digest, 3))).toBe("3456789");
        expect(text(await read("a/b", digest, 3, 5))).toBe("34");
        expect(text(await read("a/b", digest, 10))).toBe("");
      });

      test("a blob without a byte is a blob", async () => {
        const digest = await push("a", new Uint8Array());
        expect(await store.blobs.size("a", digest)).toBe(0);
        expect(await read("a", digest)).toHaveLength(0);
      });

      test("a sha512 digest names a blob as well as a sha256 one", async () => {
        const bytes = bytesOf("both");
        const long = await push("a", bytes, "sha512");
        expect(await read("a", long)).toEqual(bytes);
        expect(await store.blobs.size("a", hash(bytes))).toBeUndefined();
      });

      test("a repository does not see what only another has", async () => {
        const digest = await push("mine", bytesOf("secret"));
        expect(await store.blobs.size("yours", digest)).toBeUndefined();
        await expect(store.blobs.open("yours", digest)).rejects.toMatchObject({ code: "BLOB_UNKNOWN" });
      });

      test("a mount makes another repository's blob a member", async () => {
        const digest = await push("from", bytesOf("shared"));
        expect(await store.blobs.mount("to", digest, "from")).toBe(true);
        expect(text(await read("to", digest))).toBe("shared");
      });

      test("a mount without origin finds the blob anywhere", async () => {
        const digest = await push("from", bytesOf("shared"));
        expect(await store.blobs.mount("to", digest)).toBe(true);
        expect(await store.blobs.size("to", digest)).toBe(6);
      });

      test("a mount into the repository that has the blob changes nothing", async () => {
        const digest = await push("a", bytesOf("here"));
        expect(await store.blobs.mount("a", digest, "a")).toBe(true);
        expect(text(await read("a", digest))).toBe("here");
      });

      test("a mount of what the origin does not have fails and makes no repository", async () => {
        const digest = await push("elsewhere", bytesOf("x"));
        expect(await store.blobs.mount("to", digest, "from")).toBe(false);
        expect(await store.blobs.mount("to", hash(bytesOf("absent")))).toBe(false);
        expect(await store.blobs.size("to", digest)).toBeUndefined();
        expect(await store.tags.list("to")).toBeUndefined();
      });

      test("removal ends one repository's membership and no other's", async () => {
        const digest = await push("a", bytesOf("kept"));
        await store.blobs.mount("b", digest, "a");
        expect(await store.blobs.remove("a", digest)).toBe(true);
        expect(await store.blobs.size("a", digest)).toBeUndefined();
        expect(text(await read("b", digest))).toBe("kept");
        expect(await store.blobs.remove("a", digest)).toBe(false);
      });

      test("content nobody has any more is gone, and can be pushed again", async () => {
        const digest = await push("a", bytesOf("phoenix"));
        await store.blobs.remove("a", digest);
        expect(await store.blobs.mount("b", digest)).toBe(false);
        await push("a", bytesOf("phoenix"));
        expect(text(await read("a", digest))).toBe("phoenix");
      });

      test("a reader that stops early leaves the blob readable", async () => {
        const digest = await push("a", new Uint8Array(MIB).fill(7));
        const reader = (await store.blobs.open("a", digest)).getReader();
        await reader.read();
        await reader.cancel();
        await (await store.blobs.open("a", digest)).cancel();
        expect(await read("a", digest)).toHaveLength(MIB);
      });
    });

    describe("uploads", () => {
      test("an upload grows chunk by chunk and says how far it is", async () => {
        const id = await store.uploads.start("a");
        expect(await store.uploads.offset("a", id)).toBe(0);
        expect(await store.uploads.append("a", id, 0, streamOf(bytesOf("one ")))).toBe(4);
        expect(await store.uploads.append("a", id, 4, streamOf(bytesOf("two")))).toBe(7);
        expect(await store.uploads.offset("a", id)).toBe(7);
        await store.uploads.finish("a", id, hash(bytesOf("one two")));
        expect(text(await read("a", hash(bytesOf("one two"))))).toBe("one two");
      });

      test("chunks that do not follow on are refused and write nothing", async () => {
        const id = await store.uploads.start("a");
        await store.uploads.append("a", id, 0, streamOf(bytesOf("1234")));
        for (const offset of [0, 3, 5, 400]) {
          await expect(store.uploads.append("a", id, offset, streamOf(bytesOf("X")))).rejects.toMatchObject({
            code: "RANGE_INVALID",
          });
        }
        expect(await store.uploads.append("a", id, 4, streamOf(bytesOf("5")))).toBe(5);
        await store.uploads.finish("a", id, hash(bytesOf("12345")));
      });

      test("what arrived before the stream broke is kept, and the upload goes on from there", async () => {
        const id = await store.uploads.start("a");
        const broken = breaking([bytesOf("first"), bytesOf("second")]);
        await expect(store.uploads.append("a", id, 0, broken)).rejects.toThrow("the client went away");
        expect(await store.uploads.offset("a", id)).toBe(11);
        await store.uploads.append("a", id, 11, streamOf(bytesOf("third")));
        await store.uploads.finish("a", id, hash(bytesOf("firstsecondthird")));
      });

      test("content of another digest is refused, dropped, and leaves no blob", async () => {
        const id = await store.uploads.start("a");
        await store.uploads.append("a", id, 0, streamOf(bytesOf("bad")));
        const digest = hash(bytesOf("good"));
        await expect(store.uploads.finish("a", id, digest)).rejects.toMatchObject({
          code: "DIGEST_MISMATCH",
        });
        expect(await store.uploads.offset("a", id)).toBeUndefined();
        expect(await store.blobs.size("a", digest)).toBeUndefined();
        expect(await store.blobs.size("a", hash(bytesOf("bad")))).toBeUndefined();
        expect(await store.tags.list("a")).toBeUndefined();
      });

      test("bytes are not visible as a blob before the upload is finished", async () => {
        const id = await store.uploads.start("a");
        const bytes = bytesOf("not yet");
        await store.uploads.append("a", id, 0, streamOf(bytes));
        expect(await store.blobs.size("a", hash(bytes))).toBeUndefined();
        expect(await store.blobs.mount("b", hash(bytes))).toBe(false);
      });

      test("a second writer is refused while the first is writing", async () => {
        const id = await store.uploads.start("a");
        const slow = pausing(bytesOf("slow"));
        const first = store.uploads.append("a", id, 0, slow.stream);
        await slow.started;
        await expect(store.uploads.append("a", id, 0, streamOf(bytesOf("FAST")))).rejects.toMatchObject({
          code: "RANGE_INVALID",
        });
        await expect(store.uploads.finish("a", id, hash(bytesOf("slow")))).rejects.toMatchObject({
          code: "RANGE_INVALID",
        });
        slow.resume();
        expect(await first).toBe(4);
        await store.uploads.finish("a", id, hash(bytesOf("slow")));
      });

      test("an upload belongs to its repository", async () => {
        const id = await store.uploads.start("a");
        expect(await store.uploads.offset("b", id)).toBeUndefined();
        expect(await store.uploads.cancel("b", id)).toBe(false);
        await expect(store.uploads.append("b", id, 0, streamOf(bytesOf("x")))).rejects.toMatchObject({
          code: "BLOB_UPLOAD_UNKNOWN",
        });
        expect(await store.uploads.offset("a", id)).toBe(0);
      });

      test.each(["", "x", "../../a", "0".repeat(32), "%2e%2e"])("there is no upload %j", async (id) => {
        expect(await store.uploads.offset("a", id)).toBeUndefined();
        expect(await store.uploads.cancel("a", id)).toBe(false);
        const unknown = { code: "BLOB_UPLOAD_UNKNOWN" };
        await expect(store.uploads.append("a", id, 0, streamOf(bytesOf("x")))).rejects.toMatchObject(unknown);
        await expect(store.uploads.finish("a", id, hash(bytesOf("x")))).rejects.toMatchObject(unknown);
      });

      test("a cancelled or finished upload is gone", async () => {
        const cancelled = await store.uploads.start("a");
        expect(await store.uploads.cancel("a", cancelled)).toBe(true);
        expect(await store.uploads.cancel("a", cancelled)).toBe(false);
        const finished = await store.uploads.start("a");
        await store.uploads.finish("a", finished, hash(new Uint8Array()));
        expect(await store.uploads.offset("a", finished)).toBeUndefined();
      });

      test("the end of an upload may be asked for again, by who lost the answer", async () => {
        const id = await store.uploads.start("a");
        await store.uploads.append("a", id, 0, streamOf(bytesOf("whole")));
        const digest = hash(bytesOf("whole"));
        await Promise.all([store.uploads.finish("a", id, digest), store.uploads.finish("a", id, digest)]);
        await store.uploads.finish("a", id, digest);
        expect(text(await read("a", digest))).toBe("whole");
        const unknown = { code: "BLOB_UPLOAD_UNKNOWN" };
        const more = streamOf(bytesOf("more"));
        await expect(store.uploads.append("a", id, 5, more)).rejects.toMatchObject(unknown);
        expect(await store.uploads.cancel("a", id)).toBe(false);
      });

      test("an end that is asked for again is the same end, of the same upload, of a blob that is there", async () => {
        const other = await push("a", bytesOf("other"));
        const id = await store.uploads.start("a");
        await store.uploads.append("a", id, 0, streamOf(bytesOf("whole")));
        const digest = hash(bytesOf("whole"));
        await store.uploads.finish("a", id, digest);
        await store.blobs.mount("b", digest, "a");
        const unknown = { code: "BLOB_UPLOAD_UNKNOWN" };
        await expect(store.uploads.finish("a", id, other)).rejects.toMatchObject(unknown);
        await expect(store.uploads.finish("b", id, digest)).rejects.toMatchObject(unknown);
        await expect(store.uploads.finish("a", "0".repeat(32), digest)).rejects.toMatchObject(unknown);
        await store.blobs.remove("a", digest);
        await expect(store.uploads.finish("a", id, digest)).rejects.toMatchObject(unknown);
      });

      test("ids do not repeat and cannot be guessed from each other", async () => {
        const ids = await Promise.all(Array.from({ length: 20 }, () => store.uploads.start("a")));
        expect(new Set(ids).size).toBe(20);
        for (const id of ids) expect(id.length).toBeGreaterThanOrEqual(20);
      });

      test("many uploads of the same content at once all succeed", async () => {
        const bytes = new Uint8Array(300_000).fill(3);
        const repositories = ["a", "a", "a", "b", "b", "c"];
        const digests = await Promise.all(repositories.map((repository) => push(repository, bytes)));
        expect(new Set(digests).size).toBe(1);
        for (const repository of repositories) {
          expect(await read(repository, digests[0] as Digest)).toEqual(bytes);
        }
      });
    });

    describe("manifests", () => {
      test("a manifest keeps its bytes and its media type", async () => {
        const manifest = manifestOf('{ "spaces":  "kept" }\n');
        await store.manifests.put("a/b", manifest);
        expect(await store.manifests.get("a/b", manifest.digest)).toEqual(manifest);
        expect(await store.manifests.get("a", manifest.digest)).toBeUndefined();
      });

      test("putting a manifest twice changes nothing", async () => {
        const manifest = manifestOf("{}");
        await store.manifests.put("a", manifest);
        await store.manifests.put("a", manifest);
        expect(await store.manifests.get("a", manifest.digest)).toEqual(manifest);
        expect(await store.manifests.remove("a", manifest.digest)).toBe(true);
        expect(await store.manifests.remove("a", manifest.digest)).toBe(false);
        expect(await store.manifests.get("a", manifest.digest)).toBeUndefined();
      });

      test("a subject that does not exist has referrers", async () => {
        const subject = hash(bytesOf("absent"));
        const manifest = manifestOf('{"a":1}');
        const descriptor = descriptorOf(manifest);
        await store.manifests.put("a", manifest, { subject, descriptor });
        expect(await store.manifests.referrers("a", subject)).toEqual([descriptor]);
        expect(await store.manifests.referrers("b", subject)).toEqual([]);
        expect(await store.manifests.referrers("a", manifest.digest)).toEqual([]);
      });

      test("referrers are listed by digest, once each, until they are removed", async () => {
        const subject = hash(bytesOf("subject"), "sha512");
        const manifests = ["1", "2", "3", "4"].map(manifestOf);
        for (const manifest of [...manifests, ...manifests]) {
          await store.manifests.put("a", manifest, { subject, descriptor: descriptorOf(manifest) });
        }
        const sorted = manifests.map(({ digest }) => digest).sort();
        const list = async () => (await store.manifests.referrers("a", subject)).map(({ digest }) => digest);
        expect(await list()).toEqual(sorted);
        await store.manifests.remove("a", sorted[1] as Digest);
        expect(await list()).toEqual(sorted.filter((_, index) => index !== 1));
      });
    });

    describe("tags", () => {
      const [one, two, three] = ["1", "2", "3"].map((content) => hash(bytesOf(content))) as [
        Digest,
        Digest,
        Digest,
      ];

      test("a tag moves only from where it is expected to be", async () => {
        const swap = (expected?: Digest, next?: Digest) =>
          store.tags.compareAndSwap("a", "latest", expected, next);
        expect(await swap(one, two)).toBe(false);
        expect(await swap(undefined, one)).toBe(true);
        expect(await swap(undefined, two)).toBe(false);
        expect(await swap(one, two)).toBe(true);
        expect(await swap(one, three)).toBe(false);
        expect(await store.tags.get("a", "latest")).toBe(two);
        expect(await swap(one, undefined)).toBe(false);
        expect(await swap(two, undefined)).toBe(true);
        expect(await store.tags.get("a", "latest")).toBeUndefined();
        expect(await swap(undefined, undefined)).toBe(true);
      });

      test("of many who move a tag from one place at once, exactly one wins", async () => {
        await store.tags.compareAndSwap("a", "t", undefined, one);
        const digests = Array.from({ length: 20 }, (_, index) => hash(bytesOf(`racer ${index}`)));
        const won = await Promise.all(
          digests.map((digest) => store.tags.compareAndSwap("a", "t", one, digest)),
        );
        expect(won.filter(Boolean)).toHaveLength(1);
        expect(await store.tags.get("a", "t")).toBe(digests[won.indexOf(true)]);
      });

      test("tags are listed in byte order, page by page", async () => {
        const names = ["b", "a", "B", "10", "9", "a.b", "a-b", "a_b", "_x"];
        for (const name of names) await store.tags.compareAndSwap("a", name, undefined, one);
        const sorted = ["10", "9", "B", "_x", "a", "a-b", "a.b", "a_b", "b"];
        expect(await store.tags.list("a")).toEqual(sorted);
        expect(await store.tags.list("a", { limit: 3 })).toEqual(sorted.slice(0, 3));
        expect(await store.tags.list("a", { last: "B", limit: 2 })).toEqual(["_x", "a"]);
        expect(await store.tags.list("a", { last: "a-" })).toEqual(sorted.slice(5));
        expect(await store.tags.list("a", { last: "b" })).toEqual([]);
        expect(await store.tags.list("a", { limit: 0 })).toEqual([]);
      });

      test("only what was stored makes a repository known", async () => {
        await store.uploads.start("started");
        expect(await store.tags.list("started")).toBeUndefined();
        await push("pushed", bytesOf("x"));
        expect(await store.tags.list("pushed")).toEqual([]);
        expect(await store.tags.repositories()).toEqual(["pushed"]);
      });

      test("repositories are listed in the byte order of their whole names", async () => {
        const names = ["a/b", "a-b", "a", "a/b/c", "a0", "a.b", "a__b"];
        for (const name of names) await store.tags.compareAndSwap(name, "t", undefined, one);
        const sorted = ["a", "a-b", "a.b", "a/b", "a/b/c", "a0", "a__b"];
        expect(await store.tags.repositories()).toEqual(sorted);
        expect(await store.tags.repositories({ last: "a-b", limit: 2 })).toEqual(["a.b", "a/b"]);
      });

      test("a repository inside another's name is its own", async () => {
        await store.tags.compareAndSwap("a", "t", undefined, one);
        await store.tags.compareAndSwap("a/tags", "t", undefined, two);
        expect(await store.tags.list("a")).toEqual(["t"]);
        expect(await store.tags.get("a", "t")).toBe(one);
        expect(await store.tags.get("a/tags", "t")).toBe(two);
      });
    });

    if (durable)
      test("all of it is there after a restart, and an upload goes on", async () => {
        const digest = await push("a", bytesOf("blob"));
        const manifest = manifestOf("{}");
        await store.manifests.put("a", manifest, { subject: digest, descriptor: descriptorOf(manifest) });
        await store.tags.compareAndSwap("a", "t", undefined, manifest.digest);
        const id = await store.uploads.start("a");
        await store.uploads.append("a", id, 0, streamOf(bytesOf("before ")));

        store = await open();
        expect(text(await read("a", digest))).toBe("blob");
        expect(await store.manifests.get("a", manifest.digest)).toEqual(manifest);
        expect(await store.manifests.referrers("a", digest)).toEqual([descriptorOf(manifest)]);
        expect(await store.tags.get("a", "t")).toBe(manifest.digest);
        expect(await store.uploads.offset("a", id)).toBe(7);
        await store.uploads.append("a", id, 7, streamOf(bytesOf("after")));
        await store.uploads.finish("a", id, hash(bytesOf("before after")));
        expect(text(await read("a", hash(bytesOf("before after"))))).toBe("before after");
      });
  });
}

export function bytesOf(content: string): Uint8Array {
  return new TextEncoder().encode(content);
}

export function hash(bytes: Uint8Array, algorithm: HashAlgorithm = "sha256"): Digest {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}` as Digest;
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function manifestOf(content: string) {
  const bytes = bytesOf(content);
  return { digest: hash(bytes), mediaType: MEDIA_TYPE.ociManifest as string, bytes };
}

function descriptorOf({ digest, mediaType, bytes }: ReturnType<typeof manifestOf>): Descriptor {
  return {
    mediaType,
    digest,
    size: bytes.length,
    artifactType: "application/x",
    annotations: { "a/b": "c" },
  };
}

function breaking(chunks: Uint8Array[]): ByteStream {
  return streamFrom(
    (function* () {
      yield* chunks;
      throw new Error("the client went away");
    })(),
  );
}

/** A stream that gives its bytes only when told to; `started` resolves when they are asked for. */
function pausing(bytes: Uint8Array) {
  let ask = () => {};
  let resume = () => {};
  const started = new Promise<void>((resolve) => {
    ask = resolve;
  });
  const resumed = new Promise<void>((resolve) => {
    resume = resolve;
  });
  const stream = streamFrom(
    (async function* () {
      ask();
      await resumed;
      yield bytes;
    })(),
  );
  return { stream, started, resume };
}
