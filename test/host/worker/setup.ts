/** The app's tests, written for any store, over R2. */
import { reset } from "cloudflare:test";
import { useBackend } from "../edge/backend.ts";
import { kernels, newStore } from "./store.ts";

useBackend(async () => {
  await reset();
  return { kernels, store: newStore() };
});
