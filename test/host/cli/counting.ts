/** Servers before what commands read, which count the bytes they send. */
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export interface Counting {
  /** `host:port`. */
  readonly host: string;
  /** Bytes so far. */
  readonly sent: () => number;
  stop(): void;
}

/** In front of a registry. */
export async function countingProxy(target: string): Promise<Counting> {
  let sent = 0;
  const server = createServer(async (request, response) => {
    const { range, accept } = request.headers;
    const headers = { ...(range && { range }), ...(accept && { accept }) };
    const answer = await fetch(new URL(request.url ?? "", target), { headers });
    const body = Buffer.from(await answer.arrayBuffer());
    sent += body.length;
    response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(body);
  });
  return {
    host: await listening(server),
    sent: () => sent,
    stop: () => server.close().closeAllConnections(),
  };
}

/** A web server of one file, by whatever name. */
export async function countingFileServer(path: string): Promise<Counting> {
  let sent = 0;
  const server = createServer((request, response) => {
    const file = readFileSync(path);
    const [, start = "0", end = ""] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "") ?? [];
    const part = file.subarray(Number(start), end === "" ? file.length : Number(end) + 1);
    sent += part.length;
    const range = `bytes ${start}-${Number(start) + part.length - 1}/${file.length}`;
    response.writeHead(206, { "content-range": range, etag: '"1"' }).end(part);
  });
  return {
    host: await listening(server),
    sent: () => sent,
    stop: () => server.close().closeAllConnections(),
  };
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}
