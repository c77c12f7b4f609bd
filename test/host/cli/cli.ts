/** The built command as its users run it: a process of its own, with a home, a working and a temporary folder of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** What `npm run build` made, or another build that the environment names. */
export const COMMAND: string = resolve(
  process.env.SEALIFT_CLI ?? fileURLToPath(new URL("../../../dist/cli.js", import.meta.url)),
);

/** The password of every key in these tests. */
export const PASSWORD = "correct horse";

/** Whether commands can run as another user: as root everything is allowed. */
export const canDrop: boolean = process.getuid?.() === 0 && existsSync("/usr/bin/setpriv");

export interface Options {
  /** Added to a small environment; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** What standard input holds; it is at its end without it, and "hold" keeps it open and silent. */
  readonly input?: Uint8Array | "hold";
  /** As `umask` takes it, for example "077". */
  readonly umask?: string;
  /** Another user to run as, where {@link canDrop}. */
  readonly as?: string;
}

export interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that is still going. */
export interface Running {
  readonly process: ChildProcess;
  readonly ended: Promise<Result>;
  /** What it has said so far. */
  readonly stdout: () => string;
  readonly stderr: () => string;
}

export class Workspace {
  readonly #root = mkdtempSync(join(tmpdir(), "sealift-cli-"));
  /** Where commands run. */
  readonly path: string = join(this.#root, "work");
  readonly #running = new Set<Running>();

  constructor() {
    if (!existsSync(COMMAND)) throw new Error(`${COMMAND} is not there: npm run build`);
    // Another user gets as far as this one's umask lets them; see `as`.
    chmodSync(this.#root, 0o755);
    for (const name of ["work", "home", "tmp"]) mkdirSync(join(this.#root, name));
    chmodSync(join(this.#root, "tmp"), 0o1777);
  }

  at(...names: string[]): string {
    return join(this.path, ...names);
  }

  /** What commands have left in the temporary folder. */
  temporaryFiles(): readonly string[] {
    return readdirSync(join(this.#root, "tmp"), { recursive: true }).map(String);
  }

  start(args: readonly string[], options: Options = {}): Running {
    const { umask, as, input, cwd = this.path } = options;
    const masked = umask === undefined ? [] : ["sh", "-c", `umask ${umask}; exec "$@"`, "sh"];
    const dropped = as === undefined ? [] : ["setpriv", `--reuid=${as}`, "--clear-groups"];
    const [program = "", ...rest] = [...masked, ...dropped, process.execPath, COMMAND, ...args];
    const child = spawn(program, rest, { cwd, env: this.#environment(options.env), stdio: "pipe" });
    const stdout = textOf(child.stdout);
    const stderr = textOf(child.stderr);
    // A command may end without having read all of it.
    child.stdin.on("error", () => {});
    if (input !== "hold") child.stdin.end(input);
    const ended = new Promise<Result>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => resolve({ code, stdout: stdout(), stderr: stderr() }));
    });
    const running = { process: child, ended, stdout, stderr };
    this.#running.add(running);
    child.once("close", () => this.#running.delete(running));
    return running;
  }

  /** Runs a command to its end, whatever that is. */
  run(args: readonly string[], options: Options = {}): Promise<Result> {
    return this.start(args, options).ended;
  }

  /** Runs a command that must succeed; gives its standard output. */
  async sealift(args: readonly string[], options: Options = {}): Promise<string> {
    const { code, stdout, stderr } = await this.run(args, options);
    if (code !== 0) throw new Error(`sealift ${args.join(" ")} exited with ${code}: ${stderr}${stdout}`);
    return stdout;
  }

  /** As {@link sealift} with `--json`; gives what it printed. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into it field by field
  async json(args: readonly string[], options: Options = {}): Promise<any> {
    return JSON.parse(await this.sealift([...args, "--json"], options));
  }

  /** Removes everything, and ends what a test that failed has left running. */
  async dispose(): Promise<void> {
    for (const { process } of this.#running) process.kill("SIGKILL");
    await Promise.allSettled([...this.#running].map(({ ended }) => ended));
    await rm(this.#root, { recursive: true, force: true, maxRetries: 3 });
  }

  #environment(changes: Options["env"] = {}): NodeJS.ProcessEnv {
    const env = {
      PATH: process.env.PATH,
      HOME: join(this.#root, "home"),
      TMPDIR: join(this.#root, "tmp"),
      SEALIFT_KEY_PASSWORD: PASSWORD,
      ...changes,
    };
    return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined));
  }
}

/** A registry that `sealift serve` serves. */
export interface ServedRegistry {
  /** `host:port`. */
  readonly host: string;
  readonly url: string;
  /** Interrupts it; gives how it ended. */
  stop(): Promise<Result>;
}

/** Starts `sealift serve` on a free port, over the folder `store`. */
export async function startRegistry(workspace: Workspace, store = "store"): Promise<ServedRegistry> {
  const running = workspace.start(["serve", "--listen", "127.0.0.1:0", "--store", store, "--json"]);
  await Promise.race([until(() => running.stdout().endsWith("}\n")), running.ended]);
  if (running.process.exitCode !== null) throw new Error(`serve ended: ${running.stderr()}`);
  const { url } = JSON.parse(running.stdout());
  return {
    url,
    host: new URL(url).host,
    stop() {
      running.process.kill("SIGINT");
      return running.ended;
    },
  };
}

/** Waits until something holds. Throws after 20 s. */
export async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`still waiting for: ${holds}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function textOf(stream: NodeJS.ReadableStream): () => string {
  let text = "";
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    text += chunk;
  });
  return () => text;
}
