/** `docker://` and `dockerpush://`: schemes of hosts that have sockets. */
import type { Host } from "../../../src/host.ts";
import type { OpenSink, OpenSource, RunOptions } from "../../../src/pipeline/schemes.ts";
import { allowOptions, type Uri } from "../../../src/pipeline/uri.ts";
import { allowSourceOptions, selectionOf } from "../../../src/pipeline/uri-options.ts";
import type { RawImage } from "../../../src/source/raw-image.ts";
import { homeFolder } from "../home-folder.ts";
import { ENDPOINT_OPTIONS, findDocker } from "./endpoint.ts";
import { type DockerEngine, dockerEngine } from "./engine.ts";
import { askedImage, givenName } from "./image-name.ts";
import { dockerSink } from "./image-sink.ts";
import { dockerImage } from "./image-source.ts";
import { pushedImage } from "./push-source.ts";
import { toldImage } from "./told-image.ts";

/** An image of the daemon's, as it saves it. */
export const dockerSource: OpenSource = async (uri, host, options) => {
  allowSourceOptions(uri, options, ...ENDPOINT_OPTIONS);
  return dockerImage(await engineOf(uri, host), askedImage(uri), selectionOf(uri, options), host);
};

/** An image of the daemon's, as it pushes it. `makeFolder` makes the folder it is pushed to, and removes it in the end. */
export function dockerPushSource(makeFolder: () => Promise<string>): OpenSource {
  return async (uri, host, options) => {
    allowSourceOptions(uri, options, ...ENDPOINT_OPTIONS);
    const { platform } = selectionOf(uri, options);
    const engine = await engineOf(uri, host);
    return pushedImage(engine, askedImage(uri), platform, host, { folder: await makeFolder() });
  };
}

/** What the daemon tells of an image, by both sources' URIs. */
export async function dockerTold(uri: Uri, host: Host, options: RunOptions): Promise<RawImage> {
  allowSourceOptions(uri, options, ...ENDPOINT_OPTIONS);
  return toldImage(await engineOf(uri, host), askedImage(uri));
}

/** The daemon as a place where images go. */
export const dockerTarget: OpenSink = async (uri, host, { jobs }) => {
  allowOptions(uri, ...ENDPOINT_OPTIONS);
  const name = givenName(uri);
  const engine = await engineOf(uri, host);
  // Before the first layer is read, which may take minutes.
  await engine.ping();
  return dockerSink(engine, { name, jobs }, host);
};

async function engineOf(uri: Uri, { signal }: Host): Promise<DockerEngine> {
  const uid = process.getuid?.();
  return dockerEngine(await findDocker(uri.options, { env: process.env, home: homeFolder(), uid }), signal);
}
