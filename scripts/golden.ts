// `npm run golden`: writes the golden digests (test/golden/identity.json) anew, by this build of the kernels.
// Once the format is frozen, other digests are another version of it, and are not written under this one.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { loadKernels } from "../cli/host/kernels.ts";
import { KERNEL_VERSION } from "../src/kernel/kernels.ts";
import { identityDigests } from "../test/hosts/identity/digests.ts";

const path = fileURLToPath(new URL("../test/golden/identity.json", import.meta.url));
const before = existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : { digests: {} };
const digests = await identityDigests({ kernels: await loadKernels() });
const disagreeing = Object.keys(digests).filter((form) => !/^sha256:[0-9a-f]{64}$/.test(digests[form] ?? ""));
if (disagreeing.length > 0) {
  console.error(`Cannot write golden digests: not all ways agree on ${disagreeing.join(", ")}`);
  process.exit(1);
}
const changed = Object.keys(before.digests).filter((form) => before.digests[form] !== digests[form]);

if (changed.length > 0 && before.kernelVersion === KERNEL_VERSION && KERNEL_VERSION > 0) {
  console.error(
    `Cannot replace digests of kernel version ${KERNEL_VERSION}, which is frozen; raise KERNEL_VERSION first.\n` +
      changed.map((form) => `  ${form}\n`).join(""),
  );
  process.exit(1);
}
writeFileSync(path, `${JSON.stringify({ kernelVersion: KERNEL_VERSION, digests }, undefined, 2)}\n`);
console.log(`${Object.keys(digests).length} digests, ${changed.length} of them changed`);
