/** Docker's contexts: `docker context use NAME` is how most daemons off the beaten path are chosen. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { isSealiftError, SealiftError } from "../../../src/error.ts";
import { parseJson } from "../../../src/oci/json.ts";
import { filing } from "../file-error.ts";
import type { DockerSurroundings } from "./surroundings.ts";
import { type ClientTls, folderTls } from "./tls.ts";

export interface DockerContext {
  readonly name: string;
  /** As DOCKER_HOST has it. */
  readonly host: string;
  readonly tls: ClientTls | undefined;
}

/** The name that means: what there is without a context. */
const DEFAULT = "default";

const configSchema = v.looseObject({ currentContext: v.nullish(v.string()) });

const metaSchema = v.looseObject({
  Endpoints: v.looseObject({
    docker: v.looseObject({ Host: v.string(), SkipTLSVerify: v.nullish(v.boolean()) }),
  }),
});

/** The context that DOCKER_CONTEXT or else docker's config.json names, if any. Throws NOT_FOUND, JSON_INVALID. */
export async function currentContext(surroundings: DockerSurroundings): Promise<DockerContext | undefined> {
  const { env, home } = surroundings;
  const folder = env.DOCKER_CONFIG || join(home, ".docker");
  const name = env.DOCKER_CONTEXT || (await configuredContext(join(folder, "config.json")));
  if (!name || name === DEFAULT) return undefined;
  const contexts = join(folder, "contexts");
  const id = createHash("sha256").update(name).digest("hex");
  const meta = await readJson(metaSchema, join(contexts, "meta", id, "meta.json"));
  if (!meta) {
    throw new SealiftError("NOT_FOUND", `Cannot use docker's context "${name}": ${folder} does not have it`, {
      hint: "See `docker context ls`, or name the daemon with ?socket=PATH or DOCKER_HOST.",
    });
  }
  const { Host: host, SkipTLSVerify: skip } = meta.Endpoints.docker;
  const tls = await folderTls(join(contexts, "tls", id, "docker"));
  return { name, host, tls: skip ? { ...tls, rejectUnauthorized: false } : tls };
}

async function configuredContext(path: string): Promise<string | undefined> {
  return (await readJson(configSchema, path))?.currentContext ?? undefined;
}

async function readJson<S extends v.GenericSchema>(
  schema: S,
  path: string,
): Promise<v.InferOutput<S> | undefined> {
  try {
    return parseJson(schema, await filing("read", path, () => readFile(path)), path);
  } catch (error) {
    if (isSealiftError(error, "NOT_FOUND")) return undefined;
    throw error;
  }
}
