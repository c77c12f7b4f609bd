import type { Slices } from "../bytes/slices.ts";
import { collect, streamFrom } from "../bytes/stream.ts";
import { verified } from "../bytes/verified.ts";
import { gunzip } from "../compression/gzip.ts";
import { SealiftError } from "../error.ts";
import type { Kernels } from "../kernel/kernels.ts";
import type { Digest } from "../oci/digest.ts";
import { HeadReader } from "../tar/head.ts";
import { StreamInput } from "../tar/input.ts";
import { bodyChunks } from "../tar/read.ts";
import { layerEntry } from "./layer-entries.ts";
import { MAX_TOC_SIZE } from "./toc.ts";
import { tocInvalid } from "./toc-entry.ts";
import type { TocFormat, TocPlace, UnpackedToc } from "./toc-format.ts";

/** Of the table's JSON, in the descriptor of its layer: what makes it the manifest's word. */
const TOC_DIGEST = "containerd.io/snapshot/stargz/toc.digest";
const TOC_NAME = "stargz.index.json";

/** An empty gzip member whose extra field, `SG` and a length before it, says where the table is (estargz.md "Footer"). */
const FOOTER_SIZE = 51;
const EXTRA = { start: 16, end: 38, text: /^([0-9a-f]{16})STARGZ$/ };

/** The layer's tar, the table its last file, as gzip members of which each file has its own. */
export const ESTARGZ: TocFormat = {
  compression: "gzip",
  digestOf: (annotations) => annotations[TOC_DIGEST],
  locate: (blob) => locate(blob),
  unpack,
};

async function locate(blob: Slices): Promise<TocPlace> {
  const end = blob.size - FOOTER_SIZE;
  if (end <= 0) throw tocInvalid("the layer is too short to have one");
  const footer = await collect(blob.slice(end), FOOTER_SIZE, "footer");
  const extra = String.fromCharCode(...footer.subarray(EXTRA.start, EXTRA.end));
  const [, offset] = EXTRA.text.exec(extra) ?? [];
  if (offset === undefined) throw tocInvalid("the layer does not end in the footer of eStargz");
  return { start: Number.parseInt(offset, 16), end };
}

async function unpack(packed: Slices, digest: Digest, kernels: Kernels): Promise<UnpackedToc> {
  // The header and the tar's end come on top.
  const tar = gunzip(packed.slice(), kernels, { maxOutput: MAX_TOC_SIZE + (1 << 20) });
  const input = new StreamInput(tar);
  try {
    const head = await new HeadReader(input, kernels).next();
    if (head.kind === "end" || head.header.name !== TOC_NAME || head.header.type !== "file") {
      throw tocInvalid(`it is not the file ${TOC_NAME}`);
    }
    const { size } = head.header;
    if (size > MAX_TOC_SIZE) throw tooLarge();
    const body = streamFrom(bodyAndEnd(input, size));
    return { json: verified(body, { digest, size }, kernels, TOC_NAME), entry: layerEntry(head.header, 0) };
  } catch (error) {
    await input.cancel();
    throw error;
  }
}

async function* bodyAndEnd(input: StreamInput, size: number) {
  try {
    yield* bodyChunks(input, input.position, input.position + size);
  } finally {
    await input.cancel();
  }
}

function tooLarge(): SealiftError {
  return new SealiftError(
    "LIMIT_EXCEEDED",
    `Cannot read ${TOC_NAME}: it is larger than ${MAX_TOC_SIZE} bytes`,
  );
}
