import { CORE_SCHEMES } from "../../src/pipeline/core-schemes.ts";
import type { OpenSink, OpenSource, Schemes } from "../../src/pipeline/schemes.ts";
import type { NodeHost } from "../host/host.ts";

/** Loaded when it is used: a bundle's signatures bring half of all the code. */
const bundle: OpenSink = async (...sink) => (await import("./bundle-sink.ts")).bundleSink(...sink);
const mounts: OpenSink = async (...sink) => (await import("./mounts-sink.ts")).mountsSink(...sink);

/** As that: the registry that a daemon pushes to is a good part of the rest. */
const docker = () => import("../host/docker/schemes.ts");
const fromDocker: OpenSource = async (...source) => (await docker()).dockerSource(...source);
const toDocker: OpenSink = async (...sink) => (await docker()).dockerTarget(...sink);

/** Every scheme there is on this host. */
export function schemesOf({ folder }: NodeHost): Schemes {
  const dockerpush: OpenSource = async (...source) => (await docker()).dockerPushSource(folder)(...source);
  return {
    sources: { ...CORE_SCHEMES.sources, docker: fromDocker, dockerpush },
    sinks: { ...CORE_SCHEMES.sinks, bundle, docker: toDocker, mounts },
    several: CORE_SCHEMES.several,
  };
}
