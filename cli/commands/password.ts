import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { SealiftError } from "../../src/error.ts";

/** The password of an existing key: from the environment, else asked for. Throws USAGE where nobody can be asked. */
export async function keyPassword(): Promise<string> {
  return fromEnvironment() ?? ask("Password of the key: ");
}

/** A password for a new key, asked for twice. */
export async function newKeyPassword(): Promise<string> {
  const given = fromEnvironment();
  if (given !== undefined) return given;
  const password = await ask("Password for the new key: ");
  if ((await ask("The same again: ")) === password) return password;
  throw new SealiftError("USAGE", "Cannot make the key: the two passwords differ");
}

function fromEnvironment(): string | undefined {
  return process.env.SEALIFT_KEY_PASSWORD ?? process.env.COSIGN_PASSWORD;
}

function ask(question: string): Promise<string> {
  return askSecret(question, "SEALIFT_KEY_PASSWORD (it may be empty)");
}

/** Asks on the terminal, without showing what is typed. Throws USAGE where there is none; `instead` is the other way. */
export async function askSecret(question: string, instead: string): Promise<string> {
  if (!process.stdin.isTTY) {
    throw new SealiftError("USAGE", "Cannot ask for the password: standard input is not a terminal", {
      hint: `Use ${instead}.`,
    });
  }
  process.stderr.write(question);
  // readline echoes what it reads into its output: nowhere.
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true });
  try {
    return await new Promise((resolve, reject) => {
      lines.question("", resolve);
      lines.once("SIGINT", () => reject(new SealiftError("ABORTED", "Cannot go on: it was interrupted")));
    });
  } finally {
    lines.close();
    process.stderr.write("\n");
  }
}
