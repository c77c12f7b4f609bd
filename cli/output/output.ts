/** Where a command says things: results to standard output, all else to standard error. */
import { type ByteStream, chunksOf } from "../../src/bytes/stream.ts";
import { SealiftError } from "../../src/error.ts";
import type { LogEvent } from "../../src/host.ts";
import { eventLog, NO_PROGRESS } from "./events.ts";
import { asSealiftError, failureObject, renderFailure } from "./failure.ts";
import { renderJson, renderJsonList } from "./json.ts";
import { logProgress, type Progress, silentProgress, terminalProgress } from "./progress.ts";
import { type Colors, colorsFor, printable } from "./text.ts";

export interface OutputOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly debug?: boolean;
  /** Debug notes too, without what led to errors. */
  readonly verbose?: boolean;
  /** `json`: everything but the result as lines of JSON. */
  readonly logFormat?: string;
  /** `json` is the same as `json: true`. */
  readonly outputFormat?: string;
  /** Ends the waiting for who reads: a pipe may be full for ever. */
  readonly signal?: AbortSignal;
  readonly stdout?: OutputStream;
  readonly stderr?: OutputStream;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** What is used of a process's stream. */
export interface OutputStream {
  write(text: string | Uint8Array, done?: (error?: Error | null) => void): boolean;
  on?(event: "error", listener: (error: Error) => void): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export interface Output {
  /** For the host: draws progress, prints warnings and notes. */
  readonly log: (event: LogEvent) => void;
  /** The command's answer, once: as JSON under `--json`, else as the text made for people, on lines of any `width`. */
  result(value: object, text: (colors: Colors, width: number) => string): Promise<void>;
  /** As {@link Output.result} of `{ [name]: items }`, an answer that may be long: it is made as it leaves. */
  list<Item extends object>(
    name: string,
    items: Iterable<Item>,
    lines: (items: Iterable<Item>) => Iterable<string>,
  ): Promise<void>;
  /** The command's answer as bytes, in place of {@link Output.result}; ends with the reader where that has enough. */
  bytes(content: ByteStream): Promise<void>;
  /** Says why the command failed; gives its exit code. */
  failure(error: unknown): Promise<number>;
  /** Ends drawing; call before the process ends. */
  stop(): void;
}

/** The output of one command, to the process's streams unless others are given. */
export function createOutput(options: OutputOptions = {}): Output {
  const { quiet = false, debug = false, env = process.env, signal } = options;
  const json = options.json === true || options.outputFormat === "json";
  const verbose = options.verbose === true || debug;
  const stdout = options.stdout ?? (process.stdout as OutputStream);
  const stderr = options.stderr ?? (process.stderr as OutputStream);
  const colors = colorsFor(stderr, env);
  const events = options.logFormat === "json" ? eventLog(stderr) : undefined;
  const progress = events ? NO_PROGRESS : chooseProgress(stderr, colors, env, json || quiet);

  const say = (level: "info" | "warning" | "debug", message: string) => {
    const text = printable(message);
    if (level === "warning") progress.print(`${colors.yellow("warning")}: ${text}\n`);
    else if (level === "info" && !json && !quiet) progress.print(`${text}\n`);
    else if (level === "debug" && verbose) progress.print(`${colors.dim(`debug: ${text}`)}\n`);
  };

  const heard = (text: string | Uint8Array) => unlessAborted(written(stdout, text), signal);

  return {
    log(event) {
      if (events && (event.type !== "debug" || verbose)) events.write(event);
      else if (event.type === "progress") progress.show(event);
      else say(event.type, event.message);
    },
    async result(value, text) {
      progress.stop();
      await heard(json ? renderJson(value) : text(colorsFor(stdout, env), widthOf(stdout)));
    },
    async list(name, items, lines) {
      progress.stop();
      for (const text of inChunks(json ? renderJsonList(name, items) : lines(items))) {
        if (!(await heard(text))) return;
      }
    },
    async bytes(content) {
      progress.stop();
      for await (const chunk of chunksOf(content)) {
        if (!(await heard(chunk))) return;
      }
    },
    async failure(error) {
      progress.stop();
      const failure = asSealiftError(error);
      const said = [];
      if (json) said.push(written(stdout, renderJson(failureObject(failure, debug))));
      if (events) events.failure(failureObject(failure, debug));
      else said.push(written(stderr, renderFailure(failure, { colors, debug, width: widthOf(stderr) })));
      const allSaid = Promise.all(said);
      if (signal?.aborted) allSaid.catch(() => {});
      else await allSaid;
      return failure.exitCode;
    },
    stop: () => progress.stop(),
  };
}

/** A write for each line would take longer than making it. */
const CHUNK_LENGTH = 1 << 16;

function* inChunks(texts: Iterable<string>): Generator<string, void, void> {
  let chunk = "";
  for (const text of texts) {
    chunk += text;
    if (chunk.length < CHUNK_LENGTH) continue;
    yield chunk;
    chunk = "";
  }
  if (chunk !== "") yield chunk;
}

/** Only a terminal has a width; what is read by programs and kept in files stays on its line. */
function widthOf({ isTTY, columns = 80 }: OutputStream): number {
  return isTTY ? columns : Number.POSITIVE_INFINITY;
}

function chooseProgress(
  stderr: OutputStream,
  colors: Colors,
  env: Readonly<Record<string, string | undefined>>,
  silent: boolean,
): Progress {
  if (silent) return silentProgress(stderr);
  const drawable = stderr.isTTY === true && !env.CI && env.TERM !== "dumb";
  return drawable ? terminalProgress(stderr, { colors }) : logProgress(stderr, { colors });
}

/**
 * Resolves when it has left the process: an exit right after would cut it off.
 * Tells whether anybody reads on. Throws NO_SPACE, IO.
 */
function written(stream: OutputStream, text: string | Uint8Array): Promise<boolean> {
  return new Promise((resolve, reject) => {
    stream.write(text, (error) => {
      if (error && !isBrokenPipe(error)) reject(unwritable(error));
      else resolve(!error);
    });
  });
}

/** The promise, or the abort's reason where that comes first. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop);
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

function unwritable(error: Error): SealiftError {
  const full = "code" in error && error.code === "ENOSPC";
  const reason = full ? "there is no space left" : error.message;
  return new SealiftError(full ? "NO_SPACE" : "IO", `Cannot print the result: ${reason}`, { cause: error });
}

let lost = false;

/**
 * Has the process outlive its readers: what it was doing goes on, and its exit
 * code says how it ended, not who listened. Without a listener Node ends it
 * with a stack trace.
 */
export function outliveReaders(): void {
  process.stdout.on("error", (error) => {
    if (!isBrokenPipe(error)) lost = true;
  });
  process.stderr.on("error", () => {});
}

/** Whether something printed to standard output could not be written, other than for want of a reader. */
export function isOutputLost(): boolean {
  return lost;
}

function isBrokenPipe(error: Error): boolean {
  return "code" in error && error.code === "EPIPE";
}
