import { evictAllDurableObjects, reset } from "cloudflare:test";
import { storeContract } from "../../contract/store.ts";
import { newStore } from "./store.ts";

storeContract(
  "the store in R2",
  async () => {
    await reset();
    return async () => {
      // Nothing may live in an object's memory alone.
      await evictAllDurableObjects();
      return newStore();
    };
  },
  { durable: true },
);
