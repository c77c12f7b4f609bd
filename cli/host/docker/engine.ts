/** A docker daemon, or podman's service that answers as one, by the calls of its API that images need. */
import * as v from "valibot";
import type { ByteStream } from "../../../src/bytes/stream.ts";
import { SealiftError } from "../../../src/error.ts";
import { digestSchema, type Platform } from "../../../src/oci/descriptor.ts";
import type { Digest } from "../../../src/oci/digest.ts";
import { isIndexType } from "../../../src/oci/media-type.ts";
import type { DockerEndpoint } from "./endpoint.ts";
import { type Answer, exchange, readAnswer, refusalOf } from "./exchange.ts";
import { type DaemonMessage, readMessages } from "./messages.ts";

export interface DockerEngine {
  readonly endpoint: DockerEndpoint;
  /** Throws UNREACHABLE, DENIED where nobody answers, DAEMON_ERROR where it is not at our service. */
  ping(): Promise<void>;
  /** Throws NOT_FOUND. */
  inspect(name: string): Promise<EngineImage>;
  /** The image as `docker save` writes it. Throws NOT_FOUND. */
  save(name: string): Promise<ByteStream>;
  /** Gives an image one more name. Throws NOT_FOUND. */
  tag(name: string, repository: string, tag: string): Promise<void>;
  /** Pushes `repository:tag` to the registry that its name names. Throws DAEMON_ERROR. */
  push(repository: string, tag: string, onMessage: (message: DaemonMessage) => void): Promise<void>;
  /** Takes a name away, the image stays. That there is none is no error. */
  untag(name: string): Promise<void>;
}

/** What `inspect` tells of an image. */
export interface EngineImage {
  /** The config's digest; with containerd's image store the manifest's or index's. */
  readonly id: Digest;
  readonly diffIds: readonly Digest[];
  readonly platform: Platform;
  /** RFC 3339. */
  readonly created?: string;
  /** How it runs, as a config's `config` has it. */
  readonly settings?: object;
  /** Which of both the ID is, where the daemon says it. */
  readonly descriptor?: { readonly mediaType: string; readonly digest: Digest };
}

/** Whether the daemon has an image for several platforms under this ID. */
export function hasSeveralPlatforms({ descriptor }: EngineImage): boolean {
  return descriptor !== undefined && isIndexType(descriptor.mediaType);
}

const inspectSchema = v.looseObject({
  Id: digestSchema,
  Created: v.nullish(v.string()),
  Config: v.nullish(v.looseObject({})),
  Os: v.string(),
  Architecture: v.string(),
  Variant: v.nullish(v.string()),
  RootFS: v.looseObject({ Layers: v.nullish(v.array(digestSchema)) }),
  Descriptor: v.nullish(v.looseObject({ mediaType: v.string(), digest: digestSchema })),
});

/** The registries that images are pushed to ask for no login; the header is required all the same. */
const NO_LOGIN = { "X-Registry-Auth": Buffer.from("{}").toString("base64") };

/** The daemon at the endpoint; `signal` ends what it is doing for us. */
export function dockerEngine(endpoint: DockerEndpoint, signal?: AbortSignal): DockerEngine {
  const get = (path: string) => exchange(endpoint, { method: "GET", path, signal });
  return {
    endpoint,
    async ping() {
      const answer = await get("/_ping");
      if (answer.status !== 200) throw await refusalOf(answer, `Cannot use docker at ${endpoint.name}`);
      await answer.body.cancel();
    },
    async inspect(name) {
      const answer = await get(`/images/${name}/json`);
      await requireImage(answer, name, `Cannot inspect image ${name}`, endpoint);
      const image = await readAnswer(answer, inspectSchema, `what docker says of ${name}`);
      return {
        id: image.Id,
        diffIds: image.RootFS.Layers ?? [],
        platform: {
          os: image.Os,
          architecture: image.Architecture,
          ...(image.Variant && { variant: image.Variant }),
        },
        ...(image.Created && { created: image.Created }),
        ...(image.Config && { settings: image.Config }),
        ...(image.Descriptor && { descriptor: image.Descriptor }),
      };
    },
    async save(name) {
      const answer = await get(`/images/${name}/get`);
      await requireImage(answer, name, `Cannot save image ${name}`, endpoint);
      return answer.body;
    },
    async tag(name, repository, tag) {
      const path = `/images/${name}/tag?${new URLSearchParams({ repo: repository, tag })}`;
      const answer = await exchange(endpoint, { method: "POST", path, signal });
      await requireImage(answer, name, `Cannot tag image ${name}`, endpoint);
      await answer.body.cancel();
    },
    async push(repository, tag, onMessage) {
      // Docker believes any certificate of a registry on loopback; podman is told to.
      const path = `/images/${repository}/push?${new URLSearchParams({ tag, tlsVerify: "false" })}`;
      const failed = `Cannot push image ${repository}:${tag}`;
      const answer = await exchange(endpoint, { method: "POST", path, headers: NO_LOGIN, signal });
      if (answer.status !== 200) throw await refusalOf(answer, failed);
      await readMessages(answer.body, failed, onMessage);
    },
    async untag(name) {
      const path = `/images/${name}?noprune=true`;
      const answer = await exchange(endpoint, { method: "DELETE", path, signal });
      if (answer.status !== 200 && answer.status !== 404) {
        throw await refusalOf(answer, `Cannot untag image ${name}`);
      }
      await answer.body.cancel();
    },
  };
}

async function requireImage(
  answer: Answer,
  name: string,
  failed: string,
  endpoint: DockerEndpoint,
): Promise<void> {
  if (answer.status >= 200 && answer.status < 300) return;
  if (answer.status !== 404) throw await refusalOf(answer, failed);
  await answer.body.cancel();
  throw new SealiftError(
    "NOT_FOUND",
    `Cannot find image ${name}: docker at ${endpoint.name} does not have it`,
    {
      hint: "`docker images` lists what it has; registry:// takes an image from its registry.",
    },
  );
}
