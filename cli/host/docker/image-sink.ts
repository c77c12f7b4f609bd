/** `docker://NAME` as a destination: `docker load` of an archive that is made while it is sent. */
import { SealiftError } from "../../../src/error.ts";
import type { Host } from "../../../src/host.ts";
import type { Image } from "../../../src/image/image.ts";
import { singlePlatform } from "../../../src/image/multi-platform-image.ts";
import { type DockerSaveTarget, dockerSaveSink } from "../../../src/sink/docker-save-sink.ts";
import type { Sink } from "../../../src/sink/sink.ts";
import { tarFilesWriter } from "../../../src/tar/files-writer.ts";
import type { DockerEngine } from "./engine.ts";
import { loadWriter } from "./load-writer.ts";

/**
 * Loads an image into a daemon under a name of its own, and looks that it is
 * there. The form is docker save's, which every daemon since Docker 1.10 takes.
 * Throws DAEMON_ERROR with the daemon's reason; the name is then where it was.
 */
export function dockerSink(engine: DockerEngine, { name, jobs }: DockerSaveTarget, host: Host): Sink {
  const onBytes = (done: number, finished: boolean) =>
    host.log({ type: "progress", id: name, stage: "loading", done, finished });
  const writer = loadWriter(engine.endpoint, { name, signal: host.signal, onBytes });
  const target = { name: `docker://${name}`, jobs };
  const archive = dockerSaveSink(tarFilesWriter(writer, host.kernels), target, host);
  let sent: Image | undefined;
  return {
    async put(content) {
      sent = singlePlatform(content, target.name);
      return archive.put({ ...sent, name });
    },
    async commit() {
      await archive.commit();
      if (sent) await requireLoaded(engine, name, sent);
    },
    abort: () => archive.abort(),
  };
}

/** The ID is the config's digest; containerd's image store makes a manifest of its own, but has the same layers. */
async function requireLoaded(engine: DockerEngine, name: string, image: Image): Promise<void> {
  const { descriptor, value } = await image.config();
  const loaded = await engine.inspect(name);
  if (loaded.id === descriptor.digest) return;
  const hasLayers = loaded.diffIds.join() === value.rootfs.diff_ids.join();
  if (loaded.descriptor?.digest === loaded.id && hasLayers) return;
  throw new SealiftError(
    "DIGEST_MISMATCH",
    `Cannot load ${name} into docker: it has ${loaded.id} under that name, expected ${descriptor.digest}`,
    { hint: "The name was moved meanwhile, or the daemon changed the image; try again." },
  );
}
