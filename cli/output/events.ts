import type { LogEvent, ProgressEvent } from "../../src/host.ts";
import type { Progress, Screen } from "./progress.ts";

/** Work tells its progress at its beginning, its end, and no more often than this in between, in milliseconds. */
const PROGRESS_EVERY_MS = 1_000;

/** Events as lines of JSON, for programs that follow a run: `time`, `level`, and what the event says. */
export interface EventLog {
  write(event: LogEvent): void;
  failure(failure: object): void;
}

export function eventLog(screen: Screen, now: () => number = Date.now): EventLog {
  const said = new Map<string, number>();
  const line = (level: string, fields: object) => {
    screen.write(`${JSON.stringify({ time: new Date(now()).toISOString(), level, ...fields })}\n`);
  };
  const isDue = ({ id, stage, finished }: ProgressEvent) => {
    const key = `${stage} ${id}`;
    const due = finished || now() - (said.get(key) ?? Number.NEGATIVE_INFINITY) >= PROGRESS_EVERY_MS;
    if (finished) said.delete(key);
    else if (due) said.set(key, now());
    return due;
  };
  return {
    write(event) {
      if (event.type !== "progress") line(event.type, { message: event.message, ...event.details });
      else if (isDue(event)) line("info", { event: "progress", ...withoutType(event) });
    },
    failure: (failure) => line("error", failure),
  };
}

function withoutType({ type: _, ...fields }: ProgressEvent) {
  return fields;
}

/** Draws nothing: the log has it all. */
export const NO_PROGRESS: Progress = { show() {}, print() {}, stop() {} };
