// What `npm start` shows: a bundle is packed, signed, pushed to our mirror, pulled back and verified,
// each by the command a user would type. Everything it makes lies in .sealift/, and the mirror's store stays.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fail, prepare, projectNode, root } from "./setup.mjs";

/** No password: the key is thrown away with the folder. */
const env = { ...process.env, SEALIFT_KEY_PASSWORD: "" };

const EXAMPLE = "examples/hello/hello.sealift.yml";

/** A child that got the terminal's signal itself is gone by then. */
const SIGNAL_WAIT_MS = 500;
const PARENT_CHECK_MS = 500;
const READY_WAIT_MS = 20_000;

export async function demo() {
  const { host, port } = listenAddress();
  await requireFreePort(host, port);
  await prepare();
  mkdirSync(join(root, ".sealift"), { recursive: true });
  const children = new Children();
  try {
    await show(children, `${host}:${port}`);
    await children.untilStopped();
  } catch (error) {
    // Interrupted: the signal's handler ends the process.
    if (children.stopping) return;
    console.error(`\n${error.message}`);
    await children.stop();
    process.exit(1);
  }
}

/** The steps, each a real command; resolves when the mirror holds the verified bundle. */
async function show(children, address) {
  const reference = `${address}/hello:1.0.0`;
  const step = stepper(children);
  console.log("\nSealift: from files to a sealed, mirrored and verified bundle\n");
  if (!existsSync(join(root, ".sealift/hello.key"))) {
    await step("Make a throw-away key", ["key", "generate", "-o", ".sealift/hello"]);
  }
  await step("Pack the example", ["bundle", "build", "-f", EXAMPLE, "-o", ".sealift/hello.bundle"]);
  await step("Sign it", ["bundle", "sign", ".sealift/hello.bundle", "--key", ".sealift/hello.key"]);
  await startMirror(children, step, address);
  await step("Push it to the mirror", ["bundle", "push", ".sealift/hello.bundle", reference]);
  await step("Pull it back", ["bundle", "pull", reference, "-o", ".sealift/pulled.bundle"]);
  await step("Verify what came back", [
    "bundle",
    "verify",
    ".sealift/pulled.bundle",
    "--key",
    ".sealift/hello.pub",
  ]);
  console.log(`
Ready. The mirror serves .sealift/store at http://${address} until Ctrl-C.

Try next, in another terminal:
  node dist/cli.js bundle info .sealift/pulled.bundle
  node dist/cli.js bundle extract .sealift/pulled.bundle .sealift/opened --key .sealift/hello.pub
  curl http://${address}/v2/hello/tags/list
`);
}

async function startMirror(children, step, address) {
  const args = ["serve", "--listen", address, "--store", ".sealift/store"];
  await step("Start the mirror", args, async () => {
    const mirror = children.start(args);
    children.mirror = mirror;
    await Promise.race([
      answering(`http://${address}/v2/`),
      mirror.ended.then(({ said }) => {
        throw new Error(`The mirror did not start:\n${said()}`);
      }),
    ]);
    return `http://${address}`;
  });
}

/** Prints a numbered step, the command and its outcome. */
function stepper(children) {
  let number = 0;
  return async (title, args, work = () => children.run(args)) => {
    console.log(`${++number}  ${title}\n   $ sealift ${args.join(" ")}`);
    const said = await work();
    console.log(`${said.trimEnd().replace(/^(?=.)/gm, "   ")}\n`);
  };
}

/** The commands this process has started, so that none outlives it. */
class Children {
  stopping = false;
  mirror;
  #running = new Set();

  constructor() {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => this.#onSignal());
    // A signal to npm ends npm and its shell, and does not always reach further.
    const parent = process.ppid;
    setInterval(() => process.ppid !== parent && this.#onSignal(), PARENT_CHECK_MS).unref();
    process.on("exit", () => {
      for (const { child } of this.#running) child.kill("SIGKILL");
    });
  }

  start(args) {
    const child = spawn(projectNode(), [join(root, "dist/cli.js"), ...args], {
      cwd: root,
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const parts = [];
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => parts.push(chunk));
    const said = () => Buffer.concat(parts).toString();
    const running = { child };
    this.#running.add(running);
    running.ended = new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => {
        this.#running.delete(running);
        resolve({ code, said });
      });
    });
    return running;
  }

  async run(args) {
    const { code, said } = await this.start(args).ended;
    if (this.stopping) throw new Error("interrupted");
    if (code !== 0) throw new Error(`${said()}\nThat command failed with exit code ${code}.`);
    return said();
  }

  /** Resolves never but by an end of the mirror that nobody asked for. */
  async untilStopped() {
    const { code, said } = await this.mirror.ended;
    if (this.stopping) return;
    throw new Error(`The mirror ended by itself, with exit code ${code}:\n${said()}`);
  }

  async stop() {
    this.stopping = true;
    const ended = Promise.all([...this.#running].map((running) => running.ended));
    await Promise.race([ended, sleep(SIGNAL_WAIT_MS, undefined, { ref: false })]);
    for (const { child } of this.#running) child.kill("SIGTERM");
    await ended;
  }

  async #onSignal() {
    if (this.stopping) return;
    await this.stop();
    if (!this.mirror) process.exit(130);
    console.log("\nThe mirror has stopped; its store stays in .sealift/store.");
    process.exit(0);
  }
}

/** `SEALIFT_LISTEN=host:port`, or `PORT`, or the mirror's own default. */
function listenAddress() {
  const text = process.env.SEALIFT_LISTEN || `127.0.0.1:${process.env.PORT || "5050"}`;
  const match = /^([^:\s]+):(\d{1,5})$/.exec(text);
  if (!match || Number(match[2]) > 65535) fail(`Cannot listen on "${text}": it is not host:port.`);
  return { host: match[1], port: Number(match[2]) };
}

/** Asked first: an install and a build would be a long way to this message. */
async function requireFreePort(host, port) {
  const failure = await new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", resolve);
    probe.listen(port, host, () => probe.close(() => resolve(undefined)));
  });
  if (failure?.code === "EADDRINUSE") {
    fail(
      `Cannot start the mirror: port ${port} on ${host} is taken.\n` +
        `Stop the program that listens there, or choose another port: PORT=${port + 1} npm start`,
    );
  }
  if (failure) fail(`Cannot start the mirror on ${host}:${port}: ${failure.message}`);
}

async function answering(url) {
  const deadline = Date.now() + READY_WAIT_MS;
  for (;;) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok) return;
    if (Date.now() > deadline) throw new Error(`The mirror does not answer at ${url}.`);
    await sleep(50);
  }
}
