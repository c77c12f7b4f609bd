/** The worker under large layers: workerd's peak memory and the time, which should not and should grow with the layer. */
import { createHash, randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { streamFrom } from "../src/bytes/stream.ts";
import { type LocalWorker, startWorker } from "../test/peers/worker.ts";
import { generateImage } from "./generated-image.ts";
import { type Command, isInstalled, measure } from "./measured.ts";
import { type Row, row } from "./row.ts";

/** The files of a layer, which are about 2.5 times its blob. */
const SIZES = [
  { name: "121 MB", bytes: 300_000_000, blob: 121_000_000 },
  { name: "1 GB", bytes: 2_500_000_000, blob: 1_000_000_000 },
] as const;

/** Linux only: the figures come from /proc. Needs about 5 GB of temporary space for some minutes. */
export async function* bench(say: (text: string) => void): AsyncGenerator<Row> {
  const folder = await mkdtemp(join(tmpdir(), "sealift-bench-"));
  try {
    const idle = await startWorker();
    await fetch(`${idle.url}/v2/_catalog`).then((response) => response.text());
    yield row({ bench: "worker", case: "no layer yet", unit: "MB peak RSS" }, workerdPeak());
    await idle.close();
    for (const size of SIZES) {
      if (isInstalled("skopeo")) yield* benchSkopeo(folder, size, say);
      yield* benchStated(size);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** As skopeo, podman and docker push: one PATCH that does not say its length. */
async function* benchSkopeo(
  folder: string,
  { name, bytes }: (typeof SIZES)[number],
  say: (text: string) => void,
): AsyncGenerator<Row> {
  say(`making an image with a layer of ${name} …`);
  const archive = await generateImage(folder, "image", bytes);
  const worker = await startWorker();
  const image = `docker://${new URL(worker.url).host}/bench:1`;
  const push = skopeo("--dest-tls-verify=false", `oci-archive:${archive}:bench`, image);
  yield* rows(`skopeo pushes a layer of ${name}`, (await measure(push)).seconds);
  const pulled = join(folder, "pulled");
  const pull = skopeo("--src-tls-verify=false", image, `dir:${pulled}`);
  yield* rows(`skopeo pulls a layer of ${name}`, (await measure(pull)).seconds);
  await worker.close();
  await rm(archive);
  await rm(pulled, { recursive: true });
}

/** As containerd pushes: one PUT that says its length. */
async function* benchStated({ name, blob }: (typeof SIZES)[number]): AsyncGenerator<Row> {
  const worker = await startWorker();
  const block = randomBytes(1_000_000);
  const blocks = Array.from({ length: blob / block.length }, () => block);
  const hash = createHash("sha256");
  for (const part of blocks) hash.update(part);
  const digest = `sha256:${hash.digest("hex")}`;
  const started = performance.now();
  await put(worker, digest, blob, blocks);
  yield* rows(`a layer of ${name} of stated length`, (performance.now() - started) / 1000);
  await worker.close();
}

async function put(worker: LocalWorker, digest: string, length: number, blocks: Buffer[]): Promise<void> {
  const { headers } = await fetch(`${worker.url}/v2/bench/blobs/uploads/`, { method: "POST" });
  const response = await fetch(`${worker.url}${headers.get("Location")}?digest=${digest}`, {
    method: "PUT",
    headers: { "Content-Length": String(length) },
    body: streamFrom(blocks),
    duplex: "half",
  } as RequestInit);
  if (response.status !== 201) throw new Error(`PUT: ${response.status} ${await response.text()}`);
}

function* rows(name: string, seconds: number): Generator<Row> {
  yield row({ bench: "worker", case: name, unit: "MB peak RSS" }, workerdPeak());
  yield row({ bench: "worker", case: name, unit: "s" }, seconds);
}

/** Of the processes this one started, wrangler's front and the worker itself, the one that needed most; in MB. */
function workerdPeak(): number {
  const peaks = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(peakOfChild);
  return Math.max(...peaks);
}

function peakOfChild(pid: string): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const [, kib = "0"] = /^VmHWM:\s+(\d+) kB$/m.exec(status) ?? [];
    const mine = new RegExp(`^PPid:\\s+${process.pid}$`, "m").test(status);
    return mine && /^Name:\s+workerd$/m.test(status) ? (Number(kib) * 1024) / 1e6 : 0;
  } catch {
    return 0;
  }
}

function skopeo(...args: string[]): Command {
  return ["skopeo", "--insecure-policy", "copy", "--quiet", ...args];
}
