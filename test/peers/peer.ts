/** Real programs the tests talk to: finding, running, starting and stopping them. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { accessSync, constants, mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, describe } from "vitest";

/** Debian puts daemons where a user's PATH may not look. */
const FOLDERS = [...(process.env.PATH ?? "").split(delimiter), "/usr/local/sbin", "/usr/sbin", "/sbin"];

/** The program's path, or undefined if this machine has none. */
export function findBinary(name: string): string | undefined {
  for (const folder of FOLDERS) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {}
  }
  return undefined;
}

/** A suite that needs programs; without them it is skipped, and its name says which are missing. */
export function describeWith(binaries: readonly string[], name: string, body: () => void): void {
  const missing = binaries.filter((binary) => !findBinary(binary));
  if (missing.length === 0) describe(name, body);
  else describe.skip(`${name} (not installed: ${missing.join(", ")})`, body);
}

/**
 * A suite over a service that needs more of a machine than to be installed.
 * Where it cannot start the suite is skipped, and its name says why. Await it.
 */
export async function describeService<S extends Service>(
  binary: string,
  start: () => Promise<S>,
  name: string,
  body: (service: () => S) => void,
): Promise<void> {
  if (!findBinary(binary)) return describeWith([binary], name, () => body(notStarted));
  try {
    const service = await start();
    describe(name, () => {
      afterAll(() => service.stop());
      body(() => service);
    });
  } catch (error) {
    const reason = String(error).trim().split("\n").pop()?.slice(0, 300);
    describe.skip(`${name} (cannot start here: ${binary}: ${reason})`, () => body(notStarted));
  }
}

function notStarted(): never {
  throw new Error("The service was not started");
}

/** A new folder under the system's temporary one, made when it is asked for; `dispose` removes it. */
export function temporaryFolder(prefix = "sealift-peer-"): {
  readonly path: string;
  dispose(): Promise<void>;
} {
  let made: string | undefined;
  return {
    get path() {
      made ??= mkdtempSync(join(tmpdir(), prefix));
      return made;
    },
    // A suite that is skipped never gets as far as its end: it must not have begun, either.
    async dispose() {
      if (made) await rm(made, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

/** Below those that systems give to whoever asks for any: between our look and its use, nobody is given it. */
const PORTS = [10_000, 32_000] as const;

/** A TCP port nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(...PORTS);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds until the program is ended; 60 s without it. */
  readonly timeout?: number;
  /** Do not throw on a non-zero exit. */
  readonly allowFailure?: boolean;
  /** What it says is text in this encoding; UTF-8 without it. */
  readonly encoding?: BufferEncoding;
}

export interface RunResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. Throws with its stderr if it fails. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(findBinary(command) ?? command, [...args], {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: options.timeout ?? 60_000,
      killSignal: "SIGKILL",
    });
    const stdout = textOf(child.stdout, options.encoding);
    const stderr = textOf(child.stderr);
    child.once("error", reject);
    child.once("close", (code) => {
      const result = { code, stdout: stdout(), stderr: stderr() };
      if (code === 0 || options.allowFailure) resolve(result);
      else reject(new Error(`${command} ${args.join(" ")} exited with ${code}: ${result.stderr}`));
    });
  });
}

export interface Service {
  readonly stop: () => Promise<void>;
  /** What the program has said so far, both streams. */
  readonly output: () => string;
}

/** Starts a program that serves, and waits until `ready` holds. Throws with its output if it ends or takes over 30 s. */
export async function startService(
  command: string,
  args: readonly string[],
  ready: () => Promise<boolean>,
  options: Pick<RunOptions, "cwd" | "env"> = {},
): Promise<Service> {
  const child = spawn(findBinary(command) ?? command, [...args], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const stdout = textOf(child.stdout);
  const stderr = textOf(child.stderr);
  const output = () => stdout() + stderr();
  let ended = false;
  child.once("close", () => {
    ended = true;
  });
  child.once("error", () => {
    ended = true;
  });
  const deadline = Date.now() + 30_000;
  while (!(await ready().catch(() => false))) {
    if (ended || Date.now() > deadline) {
      await stop(child);
      throw new Error(`${command} did not become ready: ${output()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { stop: () => stop(child), output };
}

/** Whether something answers HTTP there, with any status. */
export async function answers(url: string): Promise<boolean> {
  const response = await fetch(url);
  await response.body?.cancel();
  return true;
}

function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill("SIGKILL"), 5_000);
    child.once("close", () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill("SIGTERM");
  });
}

function textOf(stream: NodeJS.ReadableStream, encoding: BufferEncoding = "utf8"): () => string {
  let text = "";
  stream.setEncoding(encoding);
  stream.on("data", (chunk: string) => {
    text += chunk;
  });
  return () => text;
}
