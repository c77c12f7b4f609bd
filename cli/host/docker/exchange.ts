/** One request to a docker daemon and its answer, with what goes wrong on the way in our words. */
import { type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import * as v from "valibot";
import { type ByteStream, collect, streamFrom } from "../../../src/bytes/stream.ts";
import { reasonOf, SealiftError } from "../../../src/error.ts";
import { parseJson } from "../../../src/oci/json.ts";
import { systemCode } from "../fs-store-files.ts";
import type { DockerEndpoint } from "./endpoint.ts";

export interface Call {
  readonly method: "GET" | "POST" | "DELETE";
  /** With its query, percent-encoded where that is needed. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Ends the exchange when it aborts. */
  readonly signal?: AbortSignal | undefined;
}

export interface Exchange {
  /** Where the body goes; `end` sends what has none. */
  readonly request: ClientRequest;
  /** The answer, whatever its status. Rejects with UNREACHABLE, DENIED. */
  readonly answer: Promise<Answer>;
}

export interface Answer {
  readonly status: number;
  readonly body: ByteStream;
}

/** Larger answers are no descriptions of images and no error messages, in bytes. */
const MAX_ANSWER = 16 * 1024 * 1024;

/** Begins an exchange; nothing is sent before the request is written to or ended. */
export function startExchange(endpoint: DockerEndpoint, call: Call): Exchange {
  const { method, headers = {}, signal } = call;
  const common = { method, headers, path: endpoint.prefix + call.path, agent: false as const };
  const { address } = endpoint;
  const options = { ...common, ...(signal && { signal }) };
  const request = openRequest(address, options);
  const answer = new Promise<Answer>((resolve, reject) => {
    // For good: after an answer, a connection that breaks speaks here as well.
    request.on("error", (error) => reject(signal?.aborted ? signal.reason : unreachable(endpoint, error)));
    request.once("response", (response) =>
      resolve({ status: response.statusCode ?? 0, body: bodyOf(response, endpoint, signal) }),
    );
  });
  answer.catch(() => {});
  return { request, answer };
}

/** An exchange without a body. */
export function exchange(endpoint: DockerEndpoint, call: Call): Promise<Answer> {
  const { request, answer } = startExchange(endpoint, call);
  request.end();
  return answer;
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

function openRequest(address: DockerEndpoint["address"], options: object): ClientRequest {
  if ("socketPath" in address) return httpRequest({ ...options, socketPath: address.socketPath });
  const { host, port, tls } = address;
  return tls ? httpsRequest({ ...options, host, port, ...tls }) : httpRequest({ ...options, host, port });
}

function bodyOf(response: IncomingMessage, endpoint: DockerEndpoint, signal?: AbortSignal): ByteStream {
  async function* chunks() {
    try {
      for await (const chunk of response as AsyncIterable<Buffer>) {
        yield new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length);
      }
    } catch (cause) {
      if (signal?.aborted) throw signal.reason;
      throw new SealiftError(
        "UNREACHABLE",
        `Cannot read docker's answer from ${endpoint.name}: the connection broke off`,
        { cause, hint: "See the daemon's log." },
      );
    }
  }
  // An answer nobody reads may still break off.
  response.on("error", () => {});
  return streamFrom(chunks(), () => response.destroy());
}

const NO_DAEMON = {
  hint: "Start docker or podman's service (`podman system service -t 0`), or name the daemon with ?socket=PATH, ?host=tcp://HOST:PORT or DOCKER_HOST.",
};

function unreachable(endpoint: DockerEndpoint, cause: Error): SealiftError {
  const failed = `Cannot reach docker at ${endpoint.name}`;
  const code = systemCode(cause) ?? "";
  if (code === "EACCES" || code === "EPERM") {
    return new SealiftError("DENIED", `${failed}: this user may not open the socket`, {
      cause,
      hint: "Run as a user of the socket's group (docker), or as root.",
    });
  }
  if (code.startsWith("HPE_")) {
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
