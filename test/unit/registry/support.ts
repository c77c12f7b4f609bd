/** A host for registry tests: a fetch that answers by script, servers that misbehave on request, a clock that jumps. */
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach } from "vitest";
import { memorySpool } from "../../../src/bytes/spool.ts";
import type { Credential, Host, LogEvent } from "../../../src/host.ts";
import { fallbackKernels } from "../../../src/kernel/fallback.ts";

const kernels = await fallbackKernels();

export interface TestHost extends Host {
  /** Milliseconds of each sleep so far; no time really passes. */
  readonly sleeps: number[];
  readonly events: LogEvent[];
  advance(milliseconds: number): void;
}

export function testHost(
  options: { fetch?: Host["fetch"]; credentials?: readonly Credential[]; signal?: AbortSignal } = {},
): TestHost {
  const sleeps: number[] = [];
  const events: LogEvent[] = [];
  let now = 1_700_000_000_000;
  return {
    kernels,
    spool: memorySpool(1 << 20),
    fetch: options.fetch ?? ((url, init) => fetch(url, init)),
    clock: {
      now: () => now,
      async sleep(milliseconds) {
        sleeps.push(milliseconds);
        now += milliseconds;
      },
    },
    random: (length) => new Uint8Array(length).fill(255),
    credentials: { find: async () => options.credentials ?? [] },
    log: (event) => events.push(event),
    ...(options.signal && { signal: options.signal }),
    sleeps,
    events,
    advance: (milliseconds) => {
      now += milliseconds;
    },
  };
}

export interface Sent {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly body: string;
}

export type ScriptedAnswer = Response | Error | ((sent: Sent) => Response);

/** A fetch that gives these answers in turn and keeps what it was asked. An Error is thrown. */
export function scripted(...answers: ScriptedAnswer[]): {
  fetch: Host["fetch"];
  sent: Sent[];
} {
  const sent: Sent[] = [];
  const queue = [...answers];
  return {
    sent,
    async fetch(url, init) {
      const request = new Request(url, init);
      const { method, headers } = request;
      const record = { method, url, headers, body: request.body ? await request.text() : "" };
      sent.push(record);
      const answer = queue.shift();
      if (answer === undefined) throw new Error(`Nothing is scripted for ${method} ${url}`);
      if (answer instanceof Error) throw answer;
      return typeof answer === "function" ? answer(record) : answer;
    },
  };
}

export function json(value: unknown, init: ResponseInit = {}): Response {
  return new Response(JSON.stringify(value), {
    ...init,
    headers: { "content-type": "application/json", ...(init.headers as Record<string, string>) },
  });
}

/** A 401 with this WWW-Authenticate. */
export function challenged(challenge: string): Response {
  return new Response(null, { status: 401, headers: { "www-authenticate": challenge } });
}

const closers: (() => void)[] = [];

afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** A real HTTP server on loopback until the test ends; its `host:port`. */
export async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

/** Bytes that differ from place to place, so that a gap or a repeat shows. */
export function sampleBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let index = 0; index < length; index++) bytes[index] = (index * 31 + (index >> 8) * 7) & 0xff;
  return bytes;
}
