/** A registry for uploads only, which can be told to misbehave. */
import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { serve } from "./support.ts";

export interface UploadServer {
  readonly registry: string;
  /** `METHOD path` of each request, with what tells requests apart. */
  readonly log: string[];
  readonly requests: {
    readonly method: string;
    readonly url: string;
    readonly headers: IncomingMessage["headers"];
  }[];
  /** Finished blobs by `repository@digest`. */
  readonly blobs: Map<string, Buffer>;
  /** Open sessions by id. */
  readonly sessions: Map<string, Buffer>;
}

export interface Misbehaviour {
  /** Called before a request is served; true if it has dealt with it. */
  intercept?(
    request: IncomingMessage,
    response: ServerResponse,
    server: UploadServer,
    session: string | undefined,
  ): boolean | Promise<boolean>;
  /** Locations as paths rather than whole URLs. */
  readonly relative?: boolean;
  readonly minimumChunk?: number;
}

export async function uploadServer(options: Misbehaviour = {}): Promise<UploadServer> {
  const server: UploadServer = { registry: "", log: [], requests: [], blobs: new Map(), sessions: new Map() };
  let count = 0;
  /** How often each session was moved: whoever goes on from an older Location has not followed. */
  const moves = new Map<string, number>();
  const registry = await serve(async (request, response) => {
    const url = new URL(request.url ?? "/", `http://${request.headers.host}`);
    const method = request.method ?? "";
    const [, repository = "", rest = ""] = /^\/v2\/(.+?)\/blobs\/(.*)$/.exec(url.pathname) ?? [];
    const id = /^uploads\/(.+)$/.exec(rest)?.[1];
    server.log.push(`${method} ${rest}`);
    server.requests.push({ method, url: url.pathname + url.search, headers: request.headers });
    request.on("error", () => {});
    if (await options.intercept?.(request, response, server, id)) return;
    const location = (session: string) =>
      `${options.relative ? "" : url.origin}/v2/${repository}/blobs/uploads/${session}?_state=a%2Fb+${session}%3D${moves.get(session) ?? ""}`;
    const moved = (session: string) => {
      moves.set(session, (moves.get(session) ?? 0) + 1);
      return location(session);
    };
    const session = id === undefined ? undefined : server.sessions.get(id);
    if (method === "HEAD") {
      response.writeHead(server.blobs.has(`${repository}@${rest}`) ? 200 : 404).end();
    } else if (method === "POST") {
      const digest = url.searchParams.get("mount");
      const from = server.blobs.get(`${url.searchParams.get("from")}@${digest}`);
      if (digest && from) {
        server.blobs.set(`${repository}@${digest}`, from);
        response.writeHead(201).end();
        return;
      }
      count += 1;
      server.sessions.set(`s${count}`, Buffer.alloc(0));
      const minimum = options.minimumChunk ? { "oci-chunk-min-length": `${options.minimumChunk}` } : {};
      response.writeHead(202, { location: location(`s${count}`), ...minimum }).end();
    } else if (session === undefined || id === undefined) {
      response.writeHead(404).end(JSON.stringify({ errors: [{ code: "BLOB_UPLOAD_UNKNOWN" }] }));
    } else if (url.searchParams.get("_state") !== `a/b ${id}=${moves.get(id) ?? ""}`) {
      response.writeHead(400).end();
    } else if (method === "GET") {
      response.writeHead(204, { location: moved(id), range: `0-${Math.max(0, session.length - 1)}` }).end();
    } else if (method === "DELETE") {
      server.sessions.delete(id);
      response.writeHead(204).end();
    } else {
      const start = /^(\d+)-\d+$/.exec(request.headers["content-range"] ?? "")?.[1];
      if (start !== undefined && Number(start) !== session.length) {
        response.writeHead(416, { location: location(id), range: `0-${session.length - 1}` }).end();
        return;
      }
      try {
        for await (const part of request) {
          server.sessions.set(id, Buffer.concat([server.sessions.get(id) as Buffer, part as Buffer]));
        }
      } catch {
        return;
      }
      const whole = server.sessions.get(id) as Buffer;
      if (method === "PATCH") {
        response.writeHead(202, { location: moved(id), range: `0-${whole.length - 1}` }).end();
        return;
      }
      server.sessions.delete(id);
      const digest = `sha256:${createHash("sha256").update(whole).digest("hex")}`;
      if (digest !== url.searchParams.get("digest")) {
        response.writeHead(400).end(JSON.stringify({ errors: [{ code: "DIGEST_INVALID" }] }));
        return;
      }
      server.blobs.set(`${repository}@${digest}`, whole);
      response.writeHead(201, { "docker-content-digest": digest }).end();
    }
  });
  return Object.assign(server, { registry });
}

/** Reads about this many bytes of a request into the session, then breaks the connection. */
export async function keepThenBreak(
  request: IncomingMessage,
  server: UploadServer,
  id: string,
  length: number,
): Promise<void> {
  // Leaving the loop early takes the socket from the request.
  const { socket } = request;
  let kept = server.sessions.get(id) ?? Buffer.alloc(0);
  const target = kept.length + length;
  for await (const part of request) {
    kept = Buffer.concat([kept, part as Buffer]).subarray(0, target);
    if (kept.length >= target) break;
  }
  server.sessions.set(id, kept);
  socket.destroy();
}
