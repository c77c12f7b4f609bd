import type { Command } from "commander";
import { openBundleFile } from "../../../src/bundle/open-file.ts";
import { pushBundle } from "../../../src/bundle/push.ts";
import { SealiftError } from "../../../src/error.ts";
import { formatReference, isTag, parseRemoteReference } from "../../../src/oci/reference.ts";
import { openRepository } from "../../../src/registry/repository.ts";
import { addRegistryOptions, type RegistryOptions } from "../options.ts";
import { registryOf, runCommand } from "../run.ts";

export function addPush(bundle: Command, exit: (code: number) => void): void {
  const command = bundle
    .command("push")
    .summary("put a bundle into a registry")
    .description(
      "Put a bundle, with the signatures sealed into it, into a registry. What is there already is not sent.",
    )
    .argument("<bundle>", "file")
    .argument("<reference>", "host[:port]/repository[:tag]; without a tag the bundle's version, else latest")
    .addHelpText("after", "\nExample:\n  $ sealift bundle push hello.bundle 127.0.0.1:5050/hello:1.0\n");
  addRegistryOptions(command).action(async (path: string, text: string, options: RegistryOptions) => {
    exit(
      await runCommand(
        options,
        async ({ host, output }) => {
          const reference = parseRemoteReference(text);
          if (reference.digest)
            throw new SealiftError("USAGE", `Cannot push to ${text}: a digest is not a name to push to`);
          const opened = await openBundleFile(await host.files.open(path), host);
          const tag = reference.tag ?? versionTag(opened.config.version);
          const repository = openRepository(host, reference, { insecure: options.insecure });
          const pushed = await pushBundle(opened, repository, tag, host);
          const name = formatReference({ ...reference, tag, digest: pushed.root.digest });
          const { root, uploaded, existing } = pushed;
          await output.result(
            { reference: name, root, uploaded, existing },
            (colors) =>
              `${colors.bold(formatReference({ ...reference, tag }))}\nroot ${root.digest}\n${uploaded} blobs sent, ${existing} were there\n`,
          );
        },
        () => registryOf(text),
      ),
    );
  });
}

/** A version as a tag: `+`, which semver has and tags do not, becomes `_`, as Helm does it. */
function versionTag(version = "latest"): string {
  const tag = version.replaceAll("+", "_");
  if (isTag(tag)) return tag;
  throw new SealiftError("USAGE", `Cannot push without a tag: the version "${version}" is none`);
}
