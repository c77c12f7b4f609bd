import { beforeAll, describe } from "vitest";
import type { Kernels } from "../../src/kernel/kernels.ts";
import { gunzipContract } from "./kernels-gunzip.ts";
import { gzipContract } from "./kernels-gzip.ts";
import { hashContract } from "./kernels-hash.ts";
import { inflateContract } from "./kernels-inflate.ts";
import { tarContract } from "./kernels-tar.ts";

/** The suite that every engine of the kernels' port passes. */
export function kernelsContract(name: string, load: () => Promise<Kernels>): void {
  describe(name, () => {
    let loaded: Kernels;
    beforeAll(async () => {
      loaded = await load();
    });
    const kernels = () => loaded;
    describe("hash", () => hashContract(kernels));
    describe("gunzip", () => gunzipContract(kernels));
    describe("inflate", () => inflateContract(kernels));
    describe("gzip", () => gzipContract(kernels));
    describe("tar", () => tarContract(kernels));
  });
}
