import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { filing, isSystemError } from "../file-error.ts";
import type { DockerSurroundings } from "./surroundings.ts";

/** What a TLS client shows and trusts, as PEM; the machine's authorities without `ca`. */
export interface ClientTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** Believe any certificate. */
  readonly rejectUnauthorized?: false;
}

/** TLS as docker's command takes it from the environment: DOCKER_TLS_VERIFY, DOCKER_CERT_PATH. Throws NOT_FOUND, IO. */
export async function environmentTls({ env, home }: DockerSurroundings): Promise<ClientTls | undefined> {
  if (!env.DOCKER_TLS_VERIFY) return undefined;
  // A folder that the user named holds all three; docker's own may hold none.
  if (env.DOCKER_CERT_PATH) return readTls(env.DOCKER_CERT_PATH, readPem);
  return readTls(env.DOCKER_CONFIG || join(home, ".docker"), readPemIfAny);
}

/** The files of a folder as docker names them; undefined where there are none. */
export async function folderTls(folder: string): Promise<ClientTls | undefined> {
  const tls = await readTls(folder, readPemIfAny);
  return Object.keys(tls).length > 0 ? tls : undefined;
}

type ReadPem = (path: string) => Promise<string | undefined>;

async function readTls(folder: string, read: ReadPem): Promise<ClientTls> {
  const [ca, cert, key] = [
    await read(join(folder, "ca.pem")),
    await read(join(folder, "cert.pem")),
    await read(join(folder, "key.pem")),
  ];
  return { ...(ca && { ca }), ...(cert && key && { cert, key }) };
}

const readPem: ReadPem = (path) => filing("read", path, () => readFile(path, "utf8"));

const readPemIfAny: ReadPem = async (path) => {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (isSystemError(error, "ENOENT", "ENOTDIR")) return undefined;
    return readPem(path);
  }
};
