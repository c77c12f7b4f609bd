/** Files that wait for the disk: in what order they are told to, and what becomes of the others when one fails. */
import { expect, it } from "vitest";
import { SyncQueue } from "../../../cli/host/sync-queue.ts";

/** A file whose sync ends when the test says so; `seen` has what was asked of all. */
function fakeFile(name: string, seen: string[], close = async () => {}) {
  let [resolve, reject] = [() => {}, (_: Error) => {}];
  const synced = new Promise<void>((...ends) => {
    [resolve, reject] = ends;
  });
  const file = {
    sync() {
      seen.push(`sync ${name}`);
      return synced;
    },
    close() {
      seen.push(`close ${name}`);
      return close();
    },
  };
  return { file, resolve, reject };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

it("once one file has failed, those that wait are closed and no more, and the first failure is told", async () => {
  const queue = new SyncQueue();
  const seen: string[] = [];
  const files = ["a", "b", "c", "d", "e"].map((name) => fakeFile(name, seen));
  for (const { file } of files) await queue.add(file);
  await turn();
  expect(seen).toEqual(["sync a", "sync b", "sync c"]);
  files[1]?.reject(new Error("the first"));
  await turn();
  files[0]?.reject(new Error("the second"));
  files[2]?.resolve();
  await expect(queue.done()).rejects.toThrow("the first");
  expect(seen.filter((what) => what.startsWith("sync"))).toHaveLength(3);
  expect(seen.filter((what) => what.startsWith("close")).sort()).toEqual(
    ["a", "b", "c", "d", "e"].map((name) => `close ${name}`),
  );
  await expect(queue.add(fakeFile("f", seen).file)).rejects.toThrow("the first");
});

it("a file that cannot be closed is one that has failed: some disks say only then that they have no room", async () => {
  const queue = new SyncQueue();
  const { file, resolve } = fakeFile("a", [], () => Promise.reject(new Error("no room")));
  await queue.add(file);
  resolve();
  await expect(queue.done()).rejects.toThrow("no room");
});
