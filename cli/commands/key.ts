import type { Command } from "commander";
import { writeWhole } from "../../src/bytes/files.ts";
import { chunksOf, streamOf } from "../../src/bytes/stream.ts";
import { SealiftError } from "../../src/error.ts";
import { formatPrivateKey, generateKeyPair } from "../../src/trust/private-key.ts";
import { formatPublicKey } from "../../src/trust/public-key.ts";
import type { GlobalOptions } from "./options.ts";
import { newKeyPassword } from "./password.ts";
import { runCommand } from "./run.ts";

interface GenerateOptions extends GlobalOptions {
  readonly output: string;
  readonly force?: boolean;
}

/** `key generate`: a key pair in cosign's format. */
export function addKey(program: Command, exit: (code: number) => void): void {
  const key = program
    .command("key")
    .summary("make signing keys")
    .description("Make keys to sign bundles with.")
    .addHelpText("after", "\nExample:\n  $ sealift key generate -o release\n");
  key
    .command("generate")
    .summary("make a key pair")
    .description(
      "Make an ECDSA P-256 key pair: NAME.key, encrypted with a password as cosign does it, and NAME.pub to hand out.",
    )
    .option("-o, --output <name>", "path of the two files without .key and .pub", "sealift")
    .option("--force", "replace files that are there")
    .addHelpText(
      "after",
      `
The password is taken from SEALIFT_KEY_PASSWORD or COSIGN_PASSWORD,
or asked for.

Example:
  $ sealift key generate -o release
`,
    )
    .action(async (options: GenerateOptions) => {
      exit(
        await runCommand(options, async ({ host, output }) => {
          const [secretPath, publicPath] = [`${options.output}.key`, `${options.output}.pub`];
          if (!options.force) {
            for (const path of [secretPath, publicPath]) {
              if ((await host.files.kind(path)) === "none") continue;
              throw new SealiftError("ALREADY_EXISTS", `Cannot write ${path}: it is there already`);
            }
          }
          const pair = generateKeyPair(host.random);
          const pem = await formatPrivateKey(pair, await newKeyPassword(), host.random);
          // Both can be written before either is.
          const secret = await host.files.createFile(secretPath, 0o600);
          const handedOut = await host.files.createFile(publicPath).catch(async (error) => {
            await secret.abort();
            throw error;
          });
          await writeWhole(secret, encoded(pem));
          await writeWhole(handedOut, encoded(formatPublicKey(pair.publicKey)));
          const result = { privateKey: secretPath, publicKey: publicPath, hint: pair.publicKey.hint };
          await output.result(
            result,
            (colors) =>
              `${colors.bold(secretPath)}  sign with it; keep it and its password to yourself\n${colors.bold(publicPath)}  verify with it; hand it out\n`,
          );
        }),
      );
    });
}

function encoded(text: string) {
  return chunksOf(streamOf(new TextEncoder().encode(text)));
}
