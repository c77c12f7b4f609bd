/** Files that hold, and files that fail in every way there is, for every host to judge. */
import { concat } from "../../../src/bytes/stream.ts";
import { encodeJson } from "../../../src/oci/json.ts";
import { parseManifest } from "../../../src/oci/manifest.ts";
import type { Verdict } from "../../../src/trust/verdict.ts";
import { FLIPS, type Samples } from "../../host/web/files.ts";
import { hostileBundle } from "../../host/web/hostile.ts";
import { dockerSave, gzipped, ociArchive, tarOfFiles } from "../../unit/bundle/archives.ts";
import { builtBundle, entriesOf, forgedBundle } from "../../unit/bundle/fixture.ts";

export type KeyName = "release" | "other";

export interface Case {
  readonly file: (samples: Samples) => Promise<Uint8Array> | Uint8Array;
  /** Those the receiver trusts. */
  readonly keys: readonly KeyName[];
  readonly outcome: Verdict["outcome"];
  readonly signature?: Verdict["signature"];
}

const signed = ({ bytes }: Samples) => bytes;
const unsigned = async () => (await builtBundle()).bytes;
const archive = async ({ host }: Samples) => tarOfFiles((await ociArchive(host)).files, host);
/** index.json's image; manifest.json has its layers in another order. */
const twoImages = async ({ host }: Samples) => {
  const { files, manifest } = await ociArchive(host);
  const pathOf = ({ digest }: { readonly digest: string }) => `blobs/${digest.replace(":", "/")}`;
  const { config, layers } = parseManifest(files[pathOf(manifest)] as Uint8Array);
  const entry = { Config: pathOf(config), RepoTags: null, Layers: layers.toReversed().map(pathOf) };
  return tarOfFiles({ ...files, "manifest.json": encodeJson([entry]) }, host);
};
const saved = ({ host }: Samples) => dockerSave(host);

/** A signed bundle that something was done to, given with the key that signed it. */
const damaged = (damage: (bytes: Uint8Array) => Uint8Array): Case => ({
  file: ({ bytes }) => damage(bytes.slice()),
  keys: ["release"],
  outcome: "failed",
});

/** What no one signs. */
const image = (file: Case["file"], outcome: Case["outcome"] = "intact"): Case => ({
  file,
  keys: [],
  outcome,
});

export const CASES: Readonly<Record<string, Case>> = {
  "a signed bundle with its key": {
    file: signed,
    keys: ["release"],
    outcome: "verified",
    signature: "valid",
  },
  "a signed bundle with two keys": { file: signed, keys: ["other", "release"], outcome: "verified" },
  "a signed bundle without a key": { file: signed, keys: [], outcome: "intact", signature: "not-checked" },
  "a signed bundle with an unknown key": {
    file: signed,
    keys: ["other"],
    outcome: "untrusted",
    signature: "unknown-key",
  },
  "an unsigned bundle": { file: unsigned, keys: [], outcome: "intact", signature: "unsigned" },
  "an unsigned bundle with a key": {
    file: unsigned,
    keys: ["release"],
    outcome: "untrusted",
    signature: "unsigned",
  },
  "a bundle with a forged signature": {
    file: async () => (await forgedBundle()).bytes,
    keys: ["release"],
    outcome: "failed",
    signature: "bad-signature",
  },
  "a bundle whose lock leads out of the folder": { file: hostileBundle, keys: [], outcome: "intact" },
  "a bundle under gzip": { file: ({ bytes }) => gzipped(bytes), keys: ["release"], outcome: "verified" },
  ...Object.fromEntries(
    FLIPS.map((part): [string, Case] => [
      `a bundle with a byte changed in its ${part}`,
      { file: ({ read }) => read(`${part}.bundle`), keys: ["release"], outcome: "failed" },
    ]),
  ),
  "a bundle cut in its first header": damaged((bytes) => bytes.subarray(0, 300)),
  "a bundle cut in its head": damaged((bytes) => bytes.subarray(0, 2500)),
  "a bundle cut in the middle": damaged((bytes) => bytes.subarray(0, bytes.length >> 1)),
  "a bundle cut before its end marker": damaged((bytes) => bytes.subarray(0, -1024)),
  "a bundle less its last byte": damaged((bytes) => bytes.subarray(0, -1)),
  "a bundle with something behind it": damaged((bytes) => concat([bytes, new Uint8Array(512).fill(1)])),
  "a bundle with two entries in the other order": damaged((bytes) => rearranged(bytes, [1, 0])),
  "a bundle with an entry twice": damaged((bytes) => rearranged(bytes, [0, 0, 1])),
  "a bundle with an entry missing": damaged((bytes) => rearranged(bytes, [0])),
  "an OCI archive": image(archive),
  "an OCI archive that is another image to docker load": image(twoImages, "failed"),
  "an OCI archive with a key": {
    file: archive,
    keys: ["release"],
    outcome: "untrusted",
    signature: "unsigned",
  },
  "an OCI archive under gzip": image(async (samples) => gzipped(await archive(samples))),
  "an OCI archive with a byte changed in its manifest": image(
    async (samples) => flippedAfter(await archive(samples), '"schemaVersion":2,"mediaType"'),
    "failed",
  ),
  "an OCI archive cut in the middle": image(async (samples) => halved(await archive(samples)), "failed"),
  "an OCI archive whose gzip was cut off": image(
    async (samples) => halved(gzipped(await archive(samples))),
    "failed",
  ),
  "an OCI archive whose gzip has a byte changed": image(async (samples) => {
    const packed = gzipped(await archive(samples));
    packed[packed.length >> 1] = (packed[packed.length >> 1] ?? 0) ^ 1;
    return packed;
  }, "failed"),
  "a text": image(() => new TextEncoder().encode("neither of these\n".repeat(200)), "failed"),
  "an empty file": image(() => new Uint8Array(), "failed"),
  "a docker-save tar": image(saved),
  "a docker-save tar under gzip": image(async (samples) => gzipped(await saved(samples))),
  "a docker-save tar with a byte changed in a layer": image(
    async (samples) => flippedAfter(await saved(samples), "port = 80"),
    "failed",
  ),
  "a docker-save tar with a byte changed in its config": image(
    async (samples) => flippedAfter(await saved(samples), '"architecture"'),
    "failed",
  ),
};

/** The bundle with these of its sixth and seventh entries in their place. */
function rearranged(bytes: Uint8Array, order: readonly (0 | 1)[]): Uint8Array {
  const [first, second] = entriesOf(bytes).slice(5, 7);
  if (!first || !second) throw new Error("the bundle is too small");
  const pair = [first, second].map(({ header, padded }) => bytes.subarray(header, padded));
  const chosen = order.map((index) => pair[index] as Uint8Array);
  return concat([bytes.subarray(0, first.header), ...chosen, bytes.subarray(second.padded)]);
}

/** With the byte behind the first occurrence of `text` changed. */
function flippedAfter(bytes: Uint8Array, text: string): Uint8Array {
  const at = new TextDecoder("latin1").decode(bytes).indexOf(text);
  if (at < 0) throw new Error(`the file has no ${text}`);
  const changed = bytes.slice();
  changed[at + text.length] = (bytes[at + text.length] ?? 0) ^ 1;
  return changed;
}

const halved = (bytes: Uint8Array) => bytes.subarray(0, bytes.length >> 1);
