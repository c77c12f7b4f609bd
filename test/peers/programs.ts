/** Real programs as these tests use them: each over a folder of its own, so that nothing of the machine's is touched. */
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import {
  answers,
  freePort,
  type RunOptions,
  type RunResult,
  run,
  type Service,
  startService,
} from "./peer.ts";

type Program = (...args: string[]) => Promise<RunResult>;

/** podman with storage below the folder, which it makes. */
export function podmanIn(folder: string): Program {
  return (...args) => run("podman", [...podmanStorage(folder), ...args], storingIn(folder));
}

/** buildah with storage below the folder, which it makes. */
export function buildahIn(folder: string): Program {
  return (...args) => run("buildah", [...storageOf(folder), ...args], storingIn(folder));
}

function storageOf(folder: string): string[] {
  return ["--storage-driver=vfs", `--root=${join(folder, "root")}`, `--runroot=${join(folder, "run")}`];
}

function podmanStorage(folder: string): string[] {
  return [...storageOf(folder), "--cgroup-manager=cgroupfs"];
}

/** They leave temporary files behind. */
function storingIn(folder: string): Pick<RunOptions, "cwd" | "env"> {
  mkdirSync(folder, { recursive: true });
  return { cwd: folder, env: { TMPDIR: folder } };
}

/** skopeo, which speaks HTTP here and asks for no signatures. */
export function skopeoIn(folder: string): Program {
  const copy = ["--src-tls-verify=false", "--dest-tls-verify=false"];
  return (command = "", ...args) => {
    const options = command === "copy" ? copy : ["--tls-verify=false"];
    return run("skopeo", ["--insecure-policy", command, ...options, ...args], { cwd: folder });
  };
}

/** A running registry. */
export interface RegistryService extends Service {
  /** `host:port`. */
  readonly host: string;
}

/** Debian's docker-registry over a folder; `settings` are lines of its configuration. */
export async function startDockerRegistry(folder: string, ...settings: string[]): Promise<RegistryService> {
  const host = `127.0.0.1:${await freePort()}`;
  await mkdir(folder, { recursive: true });
  const config = join(folder, "registry.yml");
  const lines = [
    "version: 0.1",
    "log: { level: error }",
    `storage: { filesystem: { rootdirectory: ${join(folder, "data")} }, delete: { enabled: true } }`,
    `http: { addr: "${host}" }`,
    ...settings,
  ];
  await writeFile(config, lines.join("\n"));
  const service = await startService("docker-registry", ["serve", config], () =>
    answers(`http://${host}/v2/`),
  );
  return { ...service, host };
}

/** containerd over a folder, with the ctr that speaks to it. A socket's path may not be long: `folder`'s is not. */
export async function startContainerd(folder: string): Promise<{ service: Service; ctr: Program }> {
  const socket = join(folder, "s");
  const config = join(folder, "config.toml");
  const lines = [
    "version = 2",
    `root = "${join(folder, "root")}"`,
    `state = "${join(folder, "state")}"`,
    'disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]',
    "[grpc]",
    `  address = "${socket}"`,
  ];
  await writeFile(config, lines.join("\n"));
  const ctr: Program = (...args) => run("ctr", ["-a", socket, "-n", "sealift", ...args], { cwd: folder });
  const service = await startService("containerd", ["--config", config], async () => {
    await ctr("version");
    return true;
  });
  return { service, ctr };
}

/** A running daemon with docker's API. */
export interface DockerService extends Service {
  readonly socket: string;
  /** What the API answers to a GET: its status, and the JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into it field by field
  get(path: string): Promise<{ status: number; value: any }>;
}

/** dockerd over a folder, which touches no network of the machine's. A socket's path may not be long: `folder`'s is not. */
export async function startDockerd(folder: string): Promise<DockerService> {
  const at = (name: string) => join(folder, name);
  const options = ["--data-root", at("data"), "--exec-root", at("exec"), "--pidfile", at("pid")];
  const network = ["--bridge=none", "--iptables=false", "--ip6tables=false"];
  // Its certificates and contexts would be the user's.
  const env = { HOME: folder };
  return dockerService(at("s"), (socket, ready) =>
    startService(
      "dockerd",
      ["-H", `unix://${socket}`, "--storage-driver=vfs", ...network, ...options],
      ready,
      {
        env,
      },
    ),
  );
}

/** podman's service with storage below the folder. */
export async function startPodmanService(folder: string): Promise<DockerService> {
  const options = podmanStorage(folder);
  return dockerService(join(folder, "s"), (socket, ready) =>
    startService(
      "podman",
      [...options, "system", "service", "-t", "0", `unix://${socket}`],
      ready,
      storingIn(folder),
    ),
  );
}

type StartOnSocket = (socket: string, ready: () => Promise<boolean>) => Promise<Service>;

async function dockerService(socket: string, start: StartOnSocket): Promise<DockerService> {
  const get: DockerService["get"] = async (path) => {
    const asked = request({ socketPath: socket, path, agent: false }).end();
    const [response] = await once(asked, "response");
    let text = "";
    for await (const chunk of response.setEncoding("utf8")) text += chunk;
    return { status: response.statusCode, value: JSON.parse(text) };
  };
  const service = await start(socket, async () => (await get("/version")).status === 200);
  return { ...service, socket, get };
}
