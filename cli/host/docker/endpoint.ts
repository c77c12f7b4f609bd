/** Where the docker daemon listens, as docker's own command finds it; podman's service where docker's is absent. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { SealiftError } from "../../../src/error.ts";
import { shownUri, type UriOptions } from "../../../src/pipeline/uri.ts";
import { currentContext } from "./context.ts";
import type { DockerSurroundings } from "./surroundings.ts";
import { type ClientTls, environmentTls } from "./tls.ts";

export interface DockerEndpoint {
  /** As a person would name it, for messages. */
  readonly name: string;
  readonly address: SocketAddress | TcpAddress;
  /** Stands before every path of the API. */
  readonly prefix: string;
}

export interface SocketAddress {
  readonly socketPath: string;
}

export interface TcpAddress {
  readonly host: string;
  readonly port: number;
  /** HTTPS where it is there. */
  readonly tls?: ClientTls;
}

/** The URI's options that name a daemon. */
export const ENDPOINT_OPTIONS = ["socket", "host"] as const;

const DOCKER_SOCKET = "/var/run/docker.sock";

/**
 * The URI's `?socket=` or `?host=`, else DOCKER_HOST, else docker's context,
 * else the first socket there is, docker's before podman's.
 * Throws URI_INVALID, USAGE, UNSUPPORTED, NOT_FOUND for a context that is not there.
 */
export async function findDocker(
  options: UriOptions,
  surroundings: DockerSurroundings,
): Promise<DockerEndpoint> {
  const socket = options.get("socket");
  const host = options.get("host");
  if (socket !== undefined && host !== undefined) {
    throw new SealiftError("URI_INVALID", "Cannot use ?socket= and ?host= together: name one daemon");
  }
  for (const name of ENDPOINT_OPTIONS) {
    // It would mean the daemon that is there by itself, which may be another than was meant.
    if (options.get(name) === "")
      throw new SealiftError("URI_INVALID", `Cannot read option ${name}: it is empty`);
  }
  if (socket !== undefined) return socketEndpoint(socket);
  const named = host ?? surroundings.env.DOCKER_HOST;
  if (named) {
    const origin = host === undefined ? "DOCKER_HOST" : "?host=";
    return parseHost(named, origin, await environmentTls(surroundings));
  }
  const context = await currentContext(surroundings);
  if (context) return parseHost(context.host, `docker's context "${context.name}"`, context.tls);
  return socketEndpoint(defaultSockets(surroundings).find((path) => existsSync(path)) ?? DOCKER_SOCKET);
}

/** Whether a port of this machine's loopback is one of the daemon's as well. */
export function isOnThisMachine({ address }: DockerEndpoint): boolean {
  return "socketPath" in address || /^(localhost|127\.\d+\.\d+\.\d+|::1)$/.test(address.host);
}

function defaultSockets({ env, uid }: DockerSurroundings): readonly string[] {
  const runtime = env.XDG_RUNTIME_DIR;
  return [
    DOCKER_SOCKET,
    ...(runtime ? [join(runtime, "docker.sock")] : []),
    "/run/podman/podman.sock",
    ...(runtime ? [join(runtime, "podman", "podman.sock")] : []),
    ...(uid === undefined ? [] : [`/run/user/${uid}/podman/podman.sock`]),
  ];
}

function socketEndpoint(socketPath: string): DockerEndpoint {
  return { name: `unix://${socketPath}`, address: { socketPath }, prefix: "" };
}

/** `unix:///path`, `tcp://host[:port]`, and `http://` and `https://`, which say the same of TLS or more. */
function parseHost(text: string, origin: string, tls: ClientTls | undefined): DockerEndpoint {
  const [, scheme, rest = ""] = /^([a-z]+):\/\/(.*)$/s.exec(text) ?? [];
  if (scheme === "unix" && rest.startsWith("/")) return socketEndpoint(rest);
  if (scheme === "ssh" || scheme === "npipe" || scheme === "fd") throw unsupported(text, scheme, origin);
  const url = scheme === "tcp" || scheme === "http" || scheme === "https" ? parseAddress(rest) : undefined;
  if (!url) {
    throw new SealiftError(
      "USAGE",
      `Cannot use ${origin}: "${shownUri(text)}" is neither unix:///path nor tcp://host:port`,
    );
  }
  const secure = tls ?? (scheme === "https" ? {} : undefined);
  return {
    name: text,
    address: {
      host: url.hostname.replace(/^\[|\]$/g, ""),
      port: Number(url.port) || (secure ? 2376 : 2375),
      ...(secure && { tls: secure }),
    },
    prefix: url.pathname.replace(/\/$/, ""),
  };
}

/** The scheme is one whose own port no URL leaves out. */
function parseAddress(rest: string): URL | undefined {
  const url = URL.canParse(`tcp://${rest}`) ? new URL(`tcp://${rest}`) : undefined;
  return url?.hostname && !url.username && !url.search ? url : undefined;
}

function unsupported(text: string, scheme: string, origin: string): SealiftError {
  const hint =
    scheme === "ssh"
      ? "Forward its socket first: ssh -nNT -L /tmp/docker.sock:/var/run/docker.sock HOST, then add ?socket=/tmp/docker.sock."
      : "Name a Unix socket or a TCP address.";
  return new SealiftError(
    "UNSUPPORTED",
    `Cannot use ${origin}: ${scheme}:// is not supported ("${shownUri(text)}")`,
    {
      hint,
    },
  );
}
