/** `dockerpush://NAME` as a source: the daemon pushes the image to a registry of ours, layers compressed by it. */
import { streamOf } from "../../../src/bytes/stream.ts";
import { reasonOf, SealiftError } from "../../../src/error.ts";
import type { Host } from "../../../src/host.ts";
import type { Image } from "../../../src/image/image.ts";
import { once } from "../../../src/image/once.ts";
import type { OpenBlob } from "../../../src/image/stored-blob.ts";
import { readImage } from "../../../src/image/stored-image.ts";
import type { Platform } from "../../../src/oci/descriptor.ts";
import { isIndexType } from "../../../src/oci/media-type.ts";
import { parseReference } from "../../../src/oci/reference.ts";
import type { Store, StoredManifest } from "../../../src/store/store.ts";
import { fsStore } from "../fs-store.ts";
import { isOnThisMachine } from "./endpoint.ts";
import { type DockerEngine, dockerEngine, type EngineImage } from "./engine.ts";
import type { AskedImage } from "./image-name.ts";
import { requirePlatform } from "./image-source.ts";
import type { DaemonMessage } from "./messages.ts";
import { type PushRegistryOptions, servePushRegistry } from "./push-registry.ts";
import { pushedLayers } from "./pushed-layers.ts";
import { silenceLimit } from "./silence-limit.ts";

/** Milliseconds for taking the name away again, also of an interrupted command, which has eight seconds in all. */
const UNTAG_TIME = 4_000;

/** What an image is pushed as that was asked for by its ID. */
const NAMELESS = "image";

export interface PushOptions {
  /** Where the registry keeps what is pushed; the caller removes it, after the image's last use. */
  readonly folder: string;
}

/**
 * Has a daemon on this machine push an image, and gives it as pushed. The name
 * it is pushed under is taken away again whatever happens.
 * Throws NOT_FOUND, DAEMON_ERROR, UNREACHABLE where the daemon falls silent,
 * UNSUPPORTED for several platforms, DIGEST_MISMATCH for another image.
 */
export async function pushedImage(
  engine: DockerEngine,
  { asked, name }: AskedImage,
  platform: Platform | undefined,
  host: Host,
  options: PushOptions,
): Promise<Image> {
  if (!isOnThisMachine(engine.endpoint)) throw notHere(engine, asked);
  const image = await engine.inspect(asked);
  if (platform) requirePlatform(image, platform, asked);
  const { repository, tag = "latest" } = parseReference(name ?? NAMELESS);
  const store = await fsStore(options.folder, host.kernels);
  const known = pushedLayers(host.layerCache);
  const what = { asked, repository, tag };
  await push(engine, what, store, host, known.sizeOf);
  const manifest = await pushedManifest(store, repository, tag, asked);
  // Known layers were left out, as most often nobody reads them; who does has them pushed after all.
  const whole = once(() => push(engine, what, store, host, async () => undefined));
  const open = blobsIn(store, repository, manifest, whole);
  const pushed = await readImage(descriptorOf(manifest), { open }, host, { ...(name && { name }) });
  await requireSame(pushed, manifest, image, asked);
  await known.remember(pushed);
  return pushed;
}

interface Push {
  readonly asked: string;
  readonly repository: string;
  readonly tag: string;
}

async function push(
  engine: DockerEngine,
  { asked, repository, tag }: Push,
  store: Store,
  host: Host,
  knownSize: PushRegistryOptions["knownSize"],
): Promise<void> {
  const silence = silenceLimit(`Cannot push image ${asked}`, host.signal);
  const pushing = dockerEngine(engine.endpoint, silence.signal);
  const registry = await servePushRegistry(store, { knownSize, onActivity: silence.broken }, host);
  const target = `${new URL(registry.url).host}/${repository}`;
  try {
    await pushing.tag(asked, target, tag);
    await pushing.push(target, tag, (message) => {
      silence.broken();
      showProgress(message, host);
    });
  } finally {
    silence.end();
    await Promise.all([untag(engine, `${target}:${tag}`, host), registry.close()]);
  }
}

/** With a signal of its own: that of an interrupted command would end it at once. */
async function untag(engine: DockerEngine, name: string, host: Host): Promise<void> {
  try {
    await dockerEngine(engine.endpoint, AbortSignal.timeout(UNTAG_TIME)).untag(name);
  } catch (error) {
    const message = `The name ${name} stays behind (docker rmi ${name} removes it): ${reasonOf(error)}`;
    host.log({ type: "warning", message });
  }
}

function showProgress({ id, status, progressDetail }: DaemonMessage, { log }: Host): void {
  if (!id || !status) return;
  const done = progressDetail?.current ?? 0;
  const total = progressDetail?.total ?? 0;
  const finished = status === "Pushed" || status === "Layer already exists";
  if (status !== "Pushing" && !finished) return;
  log({
    type: "progress",
    id,
    stage: "pushing",
    done,
    ...(total >= done && total > 0 && { total }),
    finished,
  });
}

async function pushedManifest(store: Store, repository: string, tag: string, asked: string) {
  const digest = await store.tags.get(repository, tag);
  const manifest = digest && (await store.manifests.get(repository, digest));
  if (!manifest) {
    throw new SealiftError("DAEMON_ERROR", `Cannot push image ${asked}: docker ended without a manifest`);
  }
  if (isIndexType(manifest.mediaType)) {
    throw new SealiftError(
      "UNSUPPORTED",
      `Cannot push image ${asked}: docker pushed several platforms of it`,
      {
        hint: "Take one of them with docker:// or registry://, and ?os=…&arch=….",
      },
    );
  }
  return manifest;
}

function descriptorOf({ mediaType, digest, bytes }: StoredManifest) {
  return { mediaType, digest, size: bytes.length };
}

function blobsIn(
  store: Store,
  repository: string,
  manifest: StoredManifest,
  whole: () => Promise<void>,
): OpenBlob {
  const manifests = new Map([[manifest.digest, manifest.bytes]]);
  return async ({ digest }) => {
    const bytes = manifests.get(digest);
    if (bytes) return streamOf(bytes);
    if ((await store.blobs.size(repository, digest)) === undefined) await whole();
    return store.blobs.open(repository, digest);
  };
}

/** Reading the config also holds the number of diff_ids to that of the layers. */
async function requireSame(
  pushed: Image,
  { digest }: StoredManifest,
  { id }: EngineImage,
  asked: string,
): Promise<void> {
  const { descriptor } = await pushed.config();
  // With containerd's image store the ID is the manifest's digest.
  if (descriptor.digest === id || digest === id) return;
  throw new SealiftError(
    "DIGEST_MISMATCH",
    `Cannot push image ${asked}: docker says its ID is ${id}, and pushed one whose config is ${descriptor.digest}`,
    { hint: "The name was moved meanwhile; try again." },
  );
}

function notHere({ endpoint }: DockerEngine, asked: string): SealiftError {
  return new SealiftError(
    "UNSUPPORTED",
    `Cannot push image ${asked}: the daemon at ${endpoint.name} is another machine's, and cannot reach this one's loopback`,
    { hint: "Use docker://, which fetches the image over the daemon's own connection." },
  );
}
