import { randomBytes } from "node:crypto";
import { fallbackKernels } from "../../src/kernel/fallback.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { storeContract } from "./store.ts";

storeContract("the store in memory", async () => async () => {
  const random = (length: number) => new Uint8Array(randomBytes(length));
  return memoryStore(await fallbackKernels(), random);
});
