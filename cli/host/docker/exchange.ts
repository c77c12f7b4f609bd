/** One request to a docker daemon and its answer, with what goes wrong on the way in our words. */
import { connect as connectSocket, isIP } from "node:net";
import { connect as connectTls } from "node:tls";
import * as v from "valibot";
import { type ByteStream, chunksOf, collect, streamFrom } from "../../../src/bytes/stream.ts";
import { reasonOf, SealiftError } from "../../../src/error.ts";
import type { FetchInit } from "../../../src/host.ts";
import { parseJson } from "../../../src/oci/json.ts";
import { systemCode } from "../fs-store-files.ts";
import { establish } from "../http/connect.ts";
import type { OpenSocket } from "../http/connection.ts";
import { exchange as exchangeHttp } from "../http/exchange.ts";
import { bodyHeaders } from "../http/request-body.ts";
import { requestHead } from "../http/request-head.ts";
import { responseOf } from "../http/response.ts";
import { NOT_HTTP } from "../http/response-head.ts";
import { TIMEOUTS } from "../http/timeouts.ts";
import type { DockerEndpoint } from "./endpoint.ts";

export interface Call {
  readonly method: "GET" | "POST" | "DELETE";
  /** With its query, percent-encoded where that is needed. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: ByteStream;
  /** Ends the exchange when it aborts. */
  readonly signal?: AbortSignal | undefined;
}

export interface Answer {
  readonly status: number;
  readonly body: ByteStream;
}

/** Larger answers are no descriptions of images and no error messages, in bytes. */
const MAX_ANSWER = 16 * 1024 * 1024;

/** A daemon is silent as long as it works: who waits for long work has a limit of its own. */
const PATIENT = { ...TIMEOUTS, answer: 0, storing: 0, silence: 0 };

/**
 * Makes a request over a connection of its own; resolves to the answer, which
 * may come before all of the body is sent, and whatever its status.
 * Rejects with UNREACHABLE, DENIED.
 */
export async function exchange(endpoint: DockerEndpoint, call: Call): Promise<Answer> {
  try {
    return await exchangeOver(endpoint, call);
  } catch (error) {
    await call.body?.cancel(error).catch(() => {});
    throw call.signal?.aborted ? call.signal.reason : unreachable(endpoint, error);
  }
}

async function exchangeOver(endpoint: DockerEndpoint, call: Call): Promise<Answer> {
  const { method, path, signal, body } = call;
  const connection = await establish(openerOf(endpoint), { patience: PATIENT.connect, signal });
  const abort = () => connection.destroy(signal?.reason);
  signal?.addEventListener("abort", abort);
  const end = () => {
    signal?.removeEventListener("abort", abort);
    connection.destroy();
  };
  try {
    const init: FetchInit = { method, ...(body && { body }) };
    const headers = { host: "docker", connection: "close", ...bodyHeaders(init), ...call.headers };
    const head = requestHead(method, endpoint.prefix + path, headers);
    const { answer } = await exchangeHttp(connection, head, init, PATIENT);
    const response = responseOf(answer, method, connection, end);
    return { status: response.status, body: readable(response.body, endpoint, signal) };
  } catch (error) {
    end();
    throw error;
  }
}

/** An answer that must be JSON of this shape. Throws JSON_INVALID, LIMIT_EXCEEDED. */
export async function readAnswer<S extends v.GenericSchema>(
  { body }: Answer,
  schema: S,
  what: string,
): Promise<v.InferOutput<S>> {
  return parseJson(schema, await collect(body, MAX_ANSWER, what), what);
}

const messageSchema = v.looseObject({ message: v.string() });

/** A refused request as an error, `failed` being how its message begins: `Cannot load app:1`. */
export async function refusalOf({ status, body }: Answer, failed: string): Promise<SealiftError> {
  const text = new TextDecoder().decode(await collect(body, MAX_ANSWER).catch(() => new Uint8Array()));
  const reason = messageOf(text) || `docker answered ${status}`;
  if (status === 404) return new SealiftError("NOT_FOUND", `${failed}: ${reason}`);
  const code = status === 401 || status === 403 ? "DENIED" : "DAEMON_ERROR";
  return new SealiftError(code, `${failed}: ${reason}`, {
    hint: code === "DENIED" ? "A plugin of the daemon's refuses it; ask who runs it." : "",
  });
}

function messageOf(text: string): string {
  try {
    const { success, output } = v.safeParse(messageSchema, JSON.parse(text));
    return success ? output.message.trim() : "";
  } catch {
    return text.trim().slice(0, 500);
  }
}

function openerOf({ address }: DockerEndpoint): OpenSocket {
  if ("socketPath" in address) return (options) => connectSocket({ ...options, path: address.socketPath });
  const { host, port, tls } = address;
  if (!tls) return (options) => connectSocket({ ...options, host, port });
  const servername = isIP(host) ? {} : { servername: host };
  return (options) => connectTls({ ...options, host, port, ...servername, ...tls });
}

/** The body, whose failures are told as those of a daemon. */
function readable(body: ByteStream | null, endpoint: DockerEndpoint, signal?: AbortSignal): ByteStream {
  async function* chunks() {
    try {
      if (body) yield* chunksOf(body);
    } catch (cause) {
      if (signal?.aborted) throw signal.reason;
      throw new SealiftError(
        "UNREACHABLE",
        `Cannot read docker's answer from ${endpoint.name}: the connection broke off`,
        { cause, hint: "See the daemon's log." },
      );
    }
  }
  return streamFrom(chunks(), (reason) => body?.cancel(reason));
}

const NO_DAEMON = {
  hint: "Start docker or podman's service (`podman system service -t 0`), or name the daemon with ?socket=PATH, ?host=tcp://HOST:PORT or DOCKER_HOST.",
};

function unreachable(endpoint: DockerEndpoint, cause: unknown): SealiftError {
  const failed = `Cannot reach docker at ${endpoint.name}`;
  const code = systemCode(cause) ?? "";
  if (code === "EACCES" || code === "EPERM") {
    return new SealiftError("DENIED", `${failed}: this user may not open the socket`, {
      cause,
      hint: "Run as a user of the socket's group (docker), or as root.",
    });
  }
  if (code === NOT_HTTP) {
    return new SealiftError("UNREACHABLE", `${failed}: what answers there is no docker daemon`, {
      cause,
      hint: "It does not speak HTTP. If it speaks TLS, set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH.",
    });
  }
  const reason = REASONS[code] ?? reasonOf(cause);
  return new SealiftError("UNREACHABLE", `${failed}: ${reason}`, { cause, ...NO_DAEMON });
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such socket",
  ENOTSOCK: "it is not a socket",
  ECONNREFUSED: "nobody listens there",
  ECONNRESET: "it closed the connection without an answer",
  EPIPE: "it closed the connection without an answer",
};
