import { readFile, stat } from "node:fs/promises";
import type { Command } from "commander";
import { buildBundle } from "../../../src/bundle/build.ts";
import { parseDefinition } from "../../../src/bundle/definition.ts";
import { bundleInfo } from "../../../src/bundle/info.ts";
import { writeBundle } from "../../../src/bundle/write.ts";
import { formatSize } from "../../output/text.ts";
import { addRegistryOptions, type RegistryOptions, sourceDateEpoch } from "../options.ts";
import { type CommandContext, registryOf, runCommand } from "../run.ts";
import { layVerifier, verifierBeside } from "./lay-verifier.ts";

interface BuildOptions extends RegistryOptions {
  readonly file: string;
  readonly output?: string;
  readonly withVerifier?: boolean;
  readonly force?: boolean;
}

export function addBuild(bundle: Command, exit: (code: number) => void): void {
  const command = bundle
    .command("build")
    .summary("pack a bundle")
    .description(
      "Pack what a manifest file names into one .bundle file. The same content gives the same bytes.",
    )
    .requiredOption("-f, --file <manifest>", "NAME.sealift.yml, or Pakto's NAME.pakto.yml")
    .option("-o, --output <file>", "where to write it (default: <metadata.name>.bundle here)")
    .option("--with-verifier", "lay verify.html beside the bundle: it opens, and checks, in any browser")
    .option("--force", "replace another verify.html")
    .addHelpText("after", HELP);
  addRegistryOptions(command).action(async (options: BuildOptions) => {
    exit(await runCommand(options, work, () => registriesOf(options.file)));
    async function work({ host, output }: CommandContext): Promise<undefined> {
      const created = sourceDateEpoch();
      const registry = { insecure: options.insecure };
      const built = await buildBundle(options.file, host, {
        registry,
        ...(created !== undefined && { created }),
      });
      const path = options.output ?? `${built.config.name}.bundle`;
      const verifier = options.withVerifier
        ? await verifierBeside(path, options.force ?? false, host)
        : undefined;
      await writeBundle(built, await host.files.createFile(path), host);
      if (verifier) await layVerifier(verifier, host);
      const info = bundleInfo(built);
      await output.result(
        {
          path,
          root: info.root,
          size: info.size,
          artifacts: info.artifacts,
          ...(verifier && { verifier: verifier.path }),
        },
        (colors) =>
          `${colors.bold(path)}  ${formatSize(info.size)}, ${info.artifacts.length} artifacts\nroot ${info.root.digest}\n${verifier ? `verifier ${verifier.path}\n` : ""}`,
      );
    }
  });
}

/** The registries a manifest's images come from: `--username` and the environment's credentials may be for them. */
async function registriesOf(path: string): Promise<string[]> {
  // What cannot be read is reported when it is built.
  // A pipe can be read once, and the build is to have it.
  const isFile = await stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
  const source = isFile ? await readFile(path, "utf8").catch(() => undefined) : undefined;
  if (source === undefined) return [];
  const { artifacts } = parseDefinition(source, path);
  return artifacts.flatMap(({ origin }) =>
    origin.startsWith("oci://") ? registryOf(origin.slice("oci://".length)) : [],
  );
}

const HELP = `
Manifest:
  apiVersion: sealift.dev/v1
  kind: Manifest
  metadata:
    name: hello                # the file's name
    version: 1.0.0
  variables:
    release: bookworm          # used as {{variables.release}}
  entrypoint:
    script: ./install.sh
  artifacts:
    - name: base
      origin: oci://docker.io/library/debian:{{variables.release}}
      target: images/debian.tar   # an archive that docker and podman load
      platform: linux/amd64       # without it, all platforms
    - name: docs
      origin: local://./docs      # relative to the manifest file
      target: docs/

SOURCE_DATE_EPOCH, if set, is recorded as the bundle's creation time.

Examples:
  $ sealift bundle build -f hello.sealift.yml
  $ sealift bundle build -f hello.sealift.yml --with-verifier
`;
