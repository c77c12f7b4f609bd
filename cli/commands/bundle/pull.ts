import type { Command } from "commander";
import { pullBundle } from "../../../src/bundle/pull.ts";
import { writeBundle } from "../../../src/bundle/write.ts";
import { parseRemoteReference, referenceTarget } from "../../../src/oci/reference.ts";
import { openRepository } from "../../../src/registry/repository.ts";
import { addRegistryOptions, type RegistryOptions } from "../options.ts";
import { registryOf, runCommand } from "../run.ts";

interface PullOptions extends RegistryOptions {
  readonly output?: string;
}

export function addPull(bundle: Command, exit: (code: number) => void): void {
  const command = bundle
    .command("pull")
    .summary("get a bundle from a registry")
    .description("Get a bundle from a registry: byte for byte the file that was pushed.")
    .argument("<reference>", "host[:port]/repository[:tag][@digest]")
    .option("-o, --output <file>", "where to write it (default: <name>.bundle here)")
    .addHelpText("after", "\nExample:\n  $ sealift bundle pull 127.0.0.1:5050/hello:1.0 -o hello.bundle\n");
  addRegistryOptions(command).action(async (text: string, options: PullOptions) => {
    exit(
      await runCommand(
        options,
        async ({ host, output }) => {
          const reference = parseRemoteReference(text);
          const repository = openRepository(host, reference, { insecure: options.insecure });
          const pulled = await pullBundle(repository, referenceTarget(reference), host);
          const path = options.output ?? `${pulled.config.name}.bundle`;
          await writeBundle(pulled, await host.files.createFile(path), host);
          const { root } = pulled.plan;
          await output.result({ path, root }, (colors) => `${colors.bold(path)}\nroot ${root.digest}\n`);
        },
        () => registryOf(text),
      ),
    );
  });
}
