/** A process of its own that works on a store; started by the tests, which may kill it at any moment. */
import { randomBytes } from "node:crypto";
import { fsStore } from "../../../cli/host/fs-store.ts";
import { digestOf } from "../../../src/bytes/content.ts";
import { streamOf } from "../../../src/bytes/stream.ts";
import { fallbackKernels } from "../../../src/kernel/fallback.ts";
import { createMirror } from "../../../src/mirror/mirror.ts";
import type { Digest } from "../../../src/oci/digest.ts";
import { encodeJson } from "../../../src/oci/json.ts";
import { MEDIA_TYPE } from "../../../src/oci/media-type.ts";

const [folder = "", task = "", amount = ""] = process.argv.slice(2);
const kernels = await fallbackKernels();
const store = await fsStore(folder, kernels);
const mirror = createMirror({ store, kernels });

if (task === "count") {
  // The tag holds a number; each success adds one, so no success may be lost.
  for (let done = 0; done < Number(amount); ) {
    const current = await store.tags.get("a", "counter");
    const number = current ? Number.parseInt(current.slice(7), 16) : 0;
    const next = `sha256:${(number + 1).toString(16).padStart(64, "0")}` as Digest;
    if (await store.tags.compareAndSwap("a", "counter", current, next)) done++;
  }
} else if (task === "push") {
  for (;;) {
    await pushAndDelete();
    process.stdout.write("pushed\n");
  }
} else {
  throw new Error(`no task ${task}`);
}

/** Pushes an image under a few tags, then sometimes deletes it: every kind of write there is. */
async function pushAndDelete(): Promise<void> {
  const descriptors = [];
  for (const mediaType of [MEDIA_TYPE.ociConfig, MEDIA_TYPE.ociLayer]) {
    const bytes = new Uint8Array(randomBytes(20_000));
    const digest = digestOf(kernels, bytes);
    await mirror.uploads.push("a", digest, { stream: streamOf(bytes), length: bytes.length });
    await mirror.blobs.mount("b", digest, "a");
    descriptors.push({ mediaType, digest, size: bytes.length });
  }
  const [config, layer] = descriptors;
  const bytes = encodeJson({
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociManifest,
    config,
    layers: [layer],
    subject: config,
  });
  const { digest } = await mirror.manifests.put("a", { tag: "latest" }, { bytes, tags: ["one", "two"] });
  if (Math.random() < 0.3) await mirror.manifests.remove("a", { digest });
  if (Math.random() < 0.3 && config) await mirror.blobs.remove("b", config.digest);
}
