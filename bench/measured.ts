/** Programs run for their figures: peak memory and time. */
import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const CLI = fileURLToPath(new URL("../dist/cli.js", import.meta.url));

/** Short beside any run that is measured: the kernel keeps the peak, only its last growth can be missed. */
const POLL_MS = 5;

export interface Measured {
  /** Peak resident memory, in MB (10^6 bytes). */
  readonly peak: number;
  readonly seconds: number;
  /** Of the processor, user and system, in seconds; in steps of the kernel's tick of 10 ms. */
  readonly cpu: number;
}

/** A command line: a program and its arguments. */
export type Command = readonly [string, ...string[]];

/** Our built command. */
export function sealift(...args: string[]): Command {
  return [process.execPath, CLI, ...args];
}

/** Whether a program of this name is on the PATH. */
export function isInstalled(program: string): boolean {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Runs a command to its end. Throws with what it said if it ends with another code than one of `codes`. */
export async function measure(
  [program, ...args]: Command,
  codes: readonly number[] = [0],
): Promise<Measured> {
  const started = performance.now();
  const cpuBefore = cpuOfChildren();
  const child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (chunk) => {
    said += chunk;
  });
  let code: number | null | undefined;
  child.once("close", (status) => {
    code = status;
  });
  let peak = 0;
  while (code === undefined) {
    peak = Math.max(peak, peakOf(child));
    await sleep(POLL_MS);
  }
  if (code === null || !codes.includes(code))
    throw new Error(`${[program, ...args].join(" ")} ended with ${code}: ${said}`);
  return { peak, seconds: (performance.now() - started) / 1000, cpu: cpuOfChildren() - cpuBefore };
}

/** cutime and cstime of proc(5): what ended children, and theirs, have used. */
function cpuOfChildren(): number {
  const [, fields = ""] = readFileSync("/proc/self/stat", "utf8").split(") ");
  const numbers = fields.split(" ").map(Number);
  return ((numbers[13] ?? 0) + (numbers[14] ?? 0)) / TICKS_PER_SECOND;
}

/** sysconf(_SC_CLK_TCK) of every Linux there is. */
const TICKS_PER_SECOND = 100;

export interface Mirror {
  /** host:port */
  readonly address: string;
  /** Peak resident memory so far, in MB. */
  peak(): number;
  stop(): Promise<void>;
}

/** `sealift serve` over a folder, on a free port. */
export async function startMirror(store: string): Promise<Mirror> {
  const address = `127.0.0.1:${await freePort()}`;
  const [program, ...args] = sealift("serve", "--listen", address, "--store", store);
  const child = spawn(program, args, { stdio: ["ignore", "ignore", "inherit"] });
  const ended = new Promise((resolve) => child.once("close", resolve));
  while (!(await fetch(`http://${address}/v2/`).catch(() => undefined))?.ok) {
    if (child.exitCode !== null) throw new Error(`The mirror ended with ${child.exitCode}`);
    await sleep(50);
  }
  return {
    address,
    peak: () => peakOf(child),
    async stop() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

/** VmHWM of proc(5), the kernel's own high-water mark. */
function peakOf({ pid }: ChildProcess): number {
  try {
    const [, kib = "0"] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return (Number(kib) * 1024) / 1e6;
  } catch {
    return 0;
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}
