import * as v from "valibot";
import type { Credential } from "../../src/host.ts";

/** A helper may ask a key ring; one that waits for a person must not hang a build. Milliseconds. */
const TIMEOUT = 10_000;
const MAX_OUTPUT = 64 * 1024;

const replySchema = v.looseObject({ Username: v.string(), Secret: v.string() });

/**
 * Runs `docker-credential-NAME get` for a server. Undefined if it has no login;
 * warns, without its output, if it fails. Never throws.
 */
export async function askHelper(
  name: string,
  server: string,
  warn: (message: string) => void,
  timeout = TIMEOUT,
): Promise<Credential | undefined> {
  const program = `docker-credential-${name}`;
  const refuse = (reason: string) => warn(`Cannot ask ${program} for ${server}: ${reason}`);
  // The name comes from a file: it must not become a path.
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) return void refuse("it is not a helper's name");
  const { output, failure } = await run(program, server, timeout);
  // The protocol says "there is none" by this text and a failing exit.
  if (/credentials not found|no credentials|no usernames? found/i.test(output)) return undefined;
  if (failure) return void refuse(failure);
  const reply = parseReply(output);
  if (!reply) return void refuse("its answer is not in the helpers' format");
  if (!reply.Secret) return undefined;
  const credential = { username: reply.Username, password: reply.Secret, origin: program };
  return reply.Username === "<token>" ? { ...credential, username: "", kind: "refresh-token" } : credential;
}

function run(
  program: string,
  input: string,
  timeout: number,
): Promise<{ readonly output: string; readonly failure?: string }> {
  return new Promise((resolve) => {
    const child = process.getBuiltinModule("node:child_process").spawn(program, ["get"], {
      stdio: ["pipe", "pipe", "ignore"],
      timeout,
      killSignal: "SIGKILL",
    });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      if (output.length < MAX_OUTPUT) output += chunk;
    });
    // A helper that ends without reading breaks the pipe; its exit says what matters.
    child.stdin.on("error", () => {}).end(input);
    child.once("error", (error: NodeJS.ErrnoException) => {
      resolve({
        output: "",
        failure: error.code === "ENOENT" ? "it is not installed" : (error.code ?? "it failed"),
      });
    });
    child.once("exit", (_, signal) => {
      // A grandchild may hold the pipe open for ever after the helper itself was ended.
      if (signal) child.stdout.destroy();
    });
    child.once("close", (code, signal) => {
      if (code === 0) resolve({ output });
      else
        resolve({
          output,
          failure: signal ? `no answer within ${timeout / 1000} s` : `it ended with ${code}`,
        });
    });
  });
}

function parseReply(output: string): v.InferOutput<typeof replySchema> | undefined {
  try {
    const result = v.safeParse(replySchema, JSON.parse(output));
    return result.success ? result.output : undefined;
  } catch {
    return undefined;
  }
}
