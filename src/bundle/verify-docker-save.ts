import { digestOf } from "../bytes/content.ts";
import type { Files } from "../bytes/files.ts";
import { reasonOf } from "../error.ts";
import type { Host } from "../host.ts";
import {
  DOCKER_SAVE_MANIFEST,
  type DockerSave,
  type DockerSaveImage,
  readDockerSave,
} from "../layout/docker-save.ts";
import { type Examination, examined } from "./examination.ts";
import { RecordedChecks } from "./recorded-checks.ts";
import { checkBlob } from "./verify-blob.ts";

/**
 * Examines a docker-save archive: each config has the digest its name states,
 * each layer, uncompressed, the diff_id of the config. The format has no
 * manifest and no place for a signature.
 */
export async function examineDockerSave(files: Files, host: Host): Promise<Examination> {
  const checks = new RecordedChecks();
  let archive: DockerSave;
  try {
    archive = await readDockerSave(files, host.kernels);
  } catch (error) {
    checks.fail("layout", DOCKER_SAVE_MANIFEST, reasonOf(error));
    return examined(checks);
  }
  checks.pass("layout", "archive");
  checks.subject(subjectOf(archive));
  if (archive.images.length === 0) checks.fail("root", DOCKER_SAVE_MANIFEST, "it names nothing");
  else checks.pass("root", DOCKER_SAVE_MANIFEST);
  const seen = new Set<string>([DOCKER_SAVE_MANIFEST]);
  for (const entry of archive.images) {
    seen.add(entry.config);
    for (const layer of entry.layers) seen.add(layer);
    try {
      const image = await archive.read(entry);
      checkConfig(entry.config, image, checks, host);
      await checkLayers(image, files, checks, host);
    } catch (error) {
      checks.fail("graph", entry.config, reasonOf(error));
    }
  }
  checks.notCovered(`${DOCKER_SAVE_MANIFEST} (which images there are, and their names)`);
  for (const name of files.names()) if (!seen.has(name)) checks.notCovered(name);
  return examined(checks, { state: "unsigned" });
}

/** Every docker names a config by its digest, and `read` has compared them; another writer may not. */
function checkConfig(
  name: string,
  { configBytes }: DockerSaveImage,
  checks: RecordedChecks,
  host: Host,
): void {
  const digest = digestOf(host.kernels, configBytes);
  if (name.includes(digest.slice("sha256:".length))) checks.pass("blob", name);
  else checks.skip("blob", name, "its name does not tell its digest");
}

async function checkLayers(
  { layers }: DockerSaveImage,
  files: Files,
  checks: RecordedChecks,
  host: Host,
): Promise<void> {
  for (const { file, diffId, size, digest } of layers) {
    const stream = files.get(file)?.slice();
    // As it stands, not as its own reader gives it: a wrong digest is a finding here, not an end.
    if (stream)
      await checkBlob(stream, { digest, size, diffId, object: digest ?? file }, checks, host.kernels);
  }
}

function subjectOf({ images }: DockerSave): { name?: string } {
  const [only, ...others] = images;
  if (others.length > 0) return { name: `this archive of ${others.length + 1} images` };
  return only ? { name: only.repoTags[0] ?? only.config } : {};
}
