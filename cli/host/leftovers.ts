/**
 * Temporary files and folders of this process, removed however it ends short
 * of SIGKILL: at exit, and on a signal nobody else listens to.
 */
import { rmSync } from "node:fs";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

const leftovers = new Set<string>();

/** Has the path removed, with all below it, if the process ends before {@link forget}. */
export function removeAtExit(path: string): void {
  if (leftovers.size === 0) listen();
  leftovers.add(path);
}

/** The path is gone, or in its final place. */
export function forget(path: string): void {
  if (leftovers.delete(path) && leftovers.size === 0) stopListening();
}

function removeAll(): void {
  for (const path of leftovers) {
    try {
      rmSync(path, { recursive: true, force: true });
    } catch {
      // The process is ending; the others still deserve their try.
    }
  }
  leftovers.clear();
}

function onSignal(signal: NodeJS.Signals): void {
  // Someone else listens: they end the process in their own time, and "exit" follows.
  if (process.listenerCount(signal) > 1) return;
  removeAll();
  stopListening();
  process.kill(process.pid, signal);
}

function listen(): void {
  process.on("exit", removeAll);
  for (const signal of SIGNALS) process.on(signal, onSignal);
}

function stopListening(): void {
  process.off("exit", removeAll);
  for (const signal of SIGNALS) process.off(signal, onSignal);
}
