import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openLayerCache } from "../../../cli/host/layer-cache.ts";
import type { StoredLayerCache } from "../../../cli/host/stored-layer-cache.ts";
import { COMPRESSED_ONLY } from "../../../src/image/tar-layer.ts";
import { parseDigest } from "../../../src/oci/digest.ts";

let root: string;
let warnings: string[];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "layer-cache-"));
  warnings = [];
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const digest = (letter: string) => parseDigest(`sha256:${letter.repeat(64)}`);
const open = (path: string): Promise<StoredLayerCache> =>
  openLayerCache(path, (event) => {
    if (event.type === "warning") warnings.push(event.message);
  });
const key = (letter: string, work = "gzip") => ({ input: digest(letter), work });
const made = (letter: string) => ({ diffId: digest("d"), digest: digest(letter), size: 5 });

describe.each([
  ["a folder", "folder"],
  ["a file", "layers.json"],
])("a layer cache in %s", (_, name) => {
  it("remembers across runs, each work on a layer by itself", async () => {
    const first = await open(join(root, name));
    await first.put(key("a"), made("1"));
    await first.put(key("a", "normalize"), made("2"));
    await first.close();
    const second = await open(join(root, name));
    expect(await second.get(key("a"))).toMatchObject(made("1"));
    expect(await second.get(key("a", "normalize"))).toMatchObject(made("2"));
    expect(await second.get(key("b"))).toBeUndefined();
    expect(await second.list()).toHaveLength(2);
  });

  it("keeps what several runs remember at the same time", async () => {
    const caches = await Promise.all("abcdef".split("").map(() => open(join(root, name))));
    await Promise.all(
      caches.map(async (cache, index) => {
        await cache.put(key("abcdef"[index] as string), made(String(index)));
        await cache.close();
      }),
    );
    expect(await (await open(join(root, name))).list()).toHaveLength(6);
  });

  it("forgets what has been of no use since a time, and counts it", async () => {
    const cache = await open(join(root, name));
    await cache.put(key("a"), made("1"));
    await cache.close();
    const again = await open(join(root, name));
    expect(await again.prune(Date.now() - 60_000)).toBe(0);
    expect(await again.prune(Number.POSITIVE_INFINITY)).toBe(1);
    expect(await (await open(join(root, name))).list()).toEqual([]);
    expect(warnings).toEqual([]);
  });

  it("that cannot be written is warned of, and does not stop the run", async () => {
    writeFileSync(join(root, "in-the-way"), "");
    const cache = await open(join(root, "in-the-way", name));
    await cache.put(key("a"), made("1"));
    await cache.close();
    expect(warnings).toHaveLength(1);
  });
});

it("a damaged entry of a folder is passed over with a warning", async () => {
  const cache = await open(join(root, "folder"));
  await cache.put(key("a"), made("1"));
  const [name] = readdirSync(join(root, "folder"), { recursive: true }).filter((one) =>
    String(one).endsWith(".json"),
  );
  writeFileSync(join(root, "folder", String(name)), '{"input": ');
  expect(await cache.get(key("a"))).toBeUndefined();
  expect(warnings).toEqual([expect.stringContaining("no entry of a layer cache")]);
});

it.each(["my notes\n", "{}", '{"version":2,"layers":['])(
  "a file that is something else is refused, and kept: %j",
  async (text) => {
    writeFileSync(join(root, "notes.txt"), text);
    await expect(open(join(root, "notes.txt"))).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    expect(readFileSync(join(root, "notes.txt"), "utf8")).toBe(text);
  },
);

it("occystrap's file is taken over: layers without filters, as those with tell no diff_id", async () => {
  const layer = (letter: string, filters: string) => ({
    compressed_digest: digest(letter),
    compressed_size: 7,
    media_type: "application/vnd.docker.image.rootfs.diff.tar.gzip",
    filters_hash: filters,
    timestamp: "2026-01-02T03:04:05+00:00",
  });
  writeFileSync(
    join(root, "old.json"),
    JSON.stringify({
      version: 1,
      layers: {
        ["a".repeat(64)]: layer("1", "none"),
        [digest("b")]: layer("2", "none"),
        ["c".repeat(64)]: layer("3", "0123456789abcdef"),
        nonsense: layer("4", "none"),
      },
    }),
  );
  const cache = await open(join(root, "old.json"));
  expect(await cache.get(key("a", COMPRESSED_ONLY))).toMatchObject({
    digest: digest("1"),
    diffId: digest("a"),
  });
  expect(await cache.list()).toHaveLength(2);
  await cache.close();
  expect(JSON.parse(readFileSync(join(root, "old.json"), "utf8")).version).toBe(2);
});

it("a folder that is there is one whatever its name", async () => {
  mkdirSync(join(root, "x.json"));
  const cache = await open(join(root, "x.json"));
  await cache.put(key("a"), made("1"));
  expect(readdirSync(join(root, "x.json"))).toHaveLength(1);
});
