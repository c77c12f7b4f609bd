import type { Command } from "commander";
import { openBundleFile } from "../../../src/bundle/open-file.ts";
import { signBundle } from "../../../src/bundle/sign.ts";
import { writeBundle } from "../../../src/bundle/write.ts";
import type { GlobalOptions } from "../options.ts";
import { runCommand } from "../run.ts";
import { readPrivateKey } from "./keys.ts";

interface SignOptions extends GlobalOptions {
  readonly key: string;
  readonly output?: string;
}

export function addSign(bundle: Command, exit: (code: number) => void): void {
  bundle
    .command("sign")
    .summary("sign a bundle")
    .description(
      "Sign a bundle's root and seal the signature into the file. The root, and so the bundle's identity, stays the same.",
    )
    .argument("<bundle>", "file")
    .requiredOption("--key <file>", "private key, of `sealift key generate` or cosign")
    .option("-o, --output <file>", "where to write the signed bundle (default: in place)")
    .addHelpText(
      "after",
      `
The key's password is taken from SEALIFT_KEY_PASSWORD or COSIGN_PASSWORD,
or asked for.

Example:
  $ sealift bundle sign hello.bundle --key release.key
`,
    )
    .action(async (path: string, options: SignOptions) => {
      exit(
        await runCommand(options, async ({ host, output }) => {
          const unsigned = await openBundleFile(await host.files.open(path), host);
          const key = await readPrivateKey(options.key, host);
          const signed = await signBundle(unsigned, key, host);
          const target = options.output ?? path;
          // Every blob is read, and checked, on its way into the new file.
          await writeBundle(signed, await host.files.createFile(target), host);
          const result = { path: target, root: signed.plan.root, signedBy: key.publicKey.hint };
          await output.result(
            result,
            (colors) =>
              `${colors.bold(target)}  signed\nroot ${signed.plan.root.digest}\nkey  ${key.publicKey.hint}\n`,
          );
        }),
      );
    });
}
