import { expect, test } from "vitest";
import { moveTag, PAGE_SIZE } from "../../../src/mirror/tags.ts";
import { bytesOf, hash } from "../../contract/store.ts";
import { memoryRegistry } from "./registry.ts";

const digest = hash(bytesOf("manifest"));

test("tags of an unknown repository cannot be listed", async () => {
  const { mirror } = await memoryRegistry();
  await expect(mirror.tags.list("no/such")).rejects.toMatchObject({ code: "NAME_UNKNOWN" });
});

test("a page says whether more follow, and is never longer than the mirror's own limit", async () => {
  const { mirror, store } = await memoryRegistry();
  const names = Array.from({ length: PAGE_SIZE + 1 }, (_, index) => `t${String(index).padStart(4, "0")}`);
  for (const name of names) await store.tags.compareAndSwap("a", name, undefined, digest);
  expect(await mirror.tags.list("a", { limit: 2 })).toEqual({ names: ["t0000", "t0001"], more: true });
  expect(await mirror.tags.list("a", { last: "t0999", limit: 5 })).toEqual({ names: ["t1000"], more: false });
  expect(await mirror.tags.list("a", { last: "t0998", limit: 2 })).toEqual({
    names: ["t0999", "t1000"],
    more: false,
  });
  expect(await mirror.tags.list("a", { limit: 0 })).toEqual({ names: [], more: false });
  for (const limit of [undefined, 1e9]) {
    const page = await mirror.tags.list("a", limit === undefined ? {} : { limit });
    expect(page).toEqual({ names: names.slice(0, PAGE_SIZE), more: true });
  }
});

test("writers who move one tag at once all succeed; it ends at one of theirs", async () => {
  const { store } = await memoryRegistry();
  const digests = Array.from({ length: 30 }, (_, index) => hash(bytesOf(String(index))));
  await Promise.all(digests.map((next) => moveTag(store.tags, "a", "t", next)));
  expect(digests).toContain(await store.tags.get("a", "t"));
});
