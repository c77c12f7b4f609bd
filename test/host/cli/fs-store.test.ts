import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { fsStore } from "../../../cli/host/fs-store.ts";
import { fallbackKernels } from "../../../src/kernel/fallback.ts";
import { storeContract } from "../../contract/store.ts";

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "sealift-store-"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

storeContract(
  "the store in a folder",
  async () => {
    const folder = await mkdtemp(join(root, "store-"));
    return async () => fsStore(folder, await fallbackKernels());
  },
  { durable: true },
);
