/**
 * Locks between processes that share a folder, without the system's help: Node
 * has no flock. A lock is a file that names its holder. It is broken when the
 * holder is known to be dead, or has not touched it for a while.
 *
 * What is left to chance: a holder that is stopped for longer than STALE_AFTER
 * between asking whether it still holds the lock and its next system call. Network file systems are not meant.
 */
import { readFileSync, readlinkSync } from "node:fs";
import { link, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { SealiftError } from "../../src/error.ts";
import { ifExists, systemCode } from "./fs-store-files.ts";
import { randomHex } from "./node-crypto.ts";

/** Milliseconds a holder may be silent before others take it for dead. */
const STALE_AFTER = 15_000;
const HEARTBEAT = 4_000;
/** Milliseconds to wait for a lock that is held for a few system calls. */
const PATIENCE = 30_000;

export interface Lock {
  /** False if others took this holder for dead. */
  isHeld(): Promise<boolean>;
  /** False if others may have: asks no file, so it can be asked before every write. */
  isFresh(): boolean;
  release(): Promise<void>;
}

let known: string | undefined;

/** Where this process counts among others: machine, boot and process namespace. */
export function place(): string {
  known ??= [hostname(), bootId(), processNamespace()].join(".").replaceAll(" ", "_");
  return known;
}

/** This thread's name for others. */
const self = () => `${place()} ${process.pid} ${threadId()}`;
const threadId = () => process.getBuiltinModule("node:worker_threads").threadId;
const held = new Set<string>();

/** Takes the lock, or gives undefined if someone has it. */
export async function tryLock(path: string): Promise<Lock | undefined> {
  const owner = `${self()} ${randomHex(8)}`;
  held.add(owner);
  try {
    if (await claim(path, owner)) return heldLock(path, owner);
    if ((await breakStale(path)) && (await claim(path, owner))) return heldLock(path, owner);
  } catch (error) {
    held.delete(owner);
    throw error;
  }
  held.delete(owner);
  return undefined;
}

/** Takes the lock, waiting for its holder. Throws IO if that takes over half a minute. */
export async function waitForLock(path: string): Promise<Lock> {
  const deadline = Date.now() + PATIENCE;
  while (Date.now() < deadline) {
    const lock = await tryLock(path);
    if (lock) return lock;
    await new Promise((resolve) => setTimeout(resolve, 1 + Math.random() * 9));
  }
  throw new SealiftError("IO", `Cannot lock ${path}: another process holds it`);
}

function heldLock(path: string, owner: string): Lock {
  const isHeld = async () => (await ifExists(readFile(path, "utf8"))) === owner;
  let touched = Date.now();
  const touch = async () => {
    const now = new Date();
    // After a long sleep the file may be another's; then `touched` stays in the past.
    if (!(await isHeld())) return;
    await utimes(path, now, now);
    touched = now.getTime();
  };
  const heartbeat = setInterval(() => void touch().catch(() => {}), HEARTBEAT);
  heartbeat.unref();
  return {
    isHeld,
    isFresh: () => Date.now() - touched < STALE_AFTER,
    async release() {
      clearInterval(heartbeat);
      if (await isHeld()) await rm(path, { force: true });
      held.delete(owner);
    },
  };
}

async function claim(path: string, owner: string): Promise<boolean> {
  try {
    await writeFile(path, owner, { flag: "wx" });
    return true;
  } catch (error) {
    if (systemCode(error) === "EEXIST") return false;
    throw error;
  }
}

/** Removes a dead holder's lock. False if the holder may be alive. */
async function breakStale(path: string): Promise<boolean> {
  const found = await ifExists(readFile(path, "utf8"));
  const touched = (await ifExists(stat(path)))?.mtimeMs;
  if (found === undefined || touched === undefined) return true;
  if (!isDead(found) && Date.now() - touched < STALE_AFTER) return false;
  // A holder that let go since it was read looks dead too, and the lock may be another's by now.
  if ((await ifExists(readFile(path, "utf8"))) !== found) return true;
  // Of several who see this, the one whose rename comes second would take a fresh lock: it gives it back.
  const taken = `${path}.${randomHex(8)}`;
  if ((await ifExists(rename(path, taken).then(() => true))) === undefined) return true;
  if ((await readFile(taken, "utf8")) !== found) await link(taken, path).catch(() => {});
  await rm(taken, { force: true });
  return true;
}

/** Whether the holder is certainly gone: its process does not run, or is this thread and knows nothing of it. */
function isDead(owner: string): boolean {
  const [where, pid, thread] = owner.split(" ");
  if (where !== place() || !pid) return false;
  if (Number(pid) === process.pid) return Number(thread) === threadId() && !held.has(owner);
  return !isRunning(Number(pid));
}

/** Whether a process of this place runs, as far as can be told. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) !== "ESRCH";
  }
}

/** Two containers may have one host name and count their processes alike. */
function processNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return "";
  }
}

function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return "";
  }
}
