import type { Command } from "commander";
import { SealiftError } from "../../src/error.ts";
import type { Filter } from "../../src/filter/filter.ts";
import { recompress } from "../../src/filter/recompress.ts";
import { parseFilter } from "../../src/pipeline/filters.ts";
import { collected, sourceDateEpoch } from "./options.ts";
import { addPipelineOptions, type PipelineOptions, runImages } from "./pipeline.ts";

interface ProcessOptions extends PipelineOptions {
  readonly filter?: readonly string[];
  readonly compression?: string;
}

/** `process SOURCE DESTINATION`: an image from anywhere to anywhere, filtered on its way. */
export function addProcess(program: Command, exit: (code: number) => void): void {
  const command = program
    .command("process")
    .summary("copy an image, filtered on its way")
    .description(
      "Copy an image from SOURCE to DESTINATION. What no filter changes keeps its bytes and digests.",
    )
    .argument("<source>", "URI of the image, or of several")
    .argument("<destination>", "URI of where it goes")
    .option("-f, --filter <spec>", "change the image on its way; may be given several times", collected)
    .option("--compression <format>", "of the layers: gzip or zstd (env SEALIFT_COMPRESSION)")
    .option("--platform <os/arch[/variant]>", "which image of several (default: linux/amd64)")
    .option("--all-platforms", "all images of several, and their index")
    .option("--referrers", "with what is attached to the image: signatures, SBOMs, attestations")
    .addHelpText("after", HELP);
  addPipelineOptions(command).action(async (source: string, destination: string, options: ProcessOptions) => {
    const filters = () => {
      const epoch = sourceDateEpoch();
      const defaults = epoch === undefined ? {} : { sourceDateEpoch: epoch };
      const given = (options.filter ?? []).map((spec) => parseFilter(spec, defaults));
      const compression = compressionOption(options.compression);
      return compression ? [...given, compression] : given;
    };
    exit(await runImages(source, destination, options, filters));
  });
}

/** The same as a last filter that recompresses. */
function compressionOption(flag: string | undefined): Filter | undefined {
  const format = flag ?? process.env.SEALIFT_COMPRESSION ?? process.env.OCCYSTRAP_COMPRESSION;
  if (format === undefined || format === "") return undefined;
  if (format === "gzip" || format === "zstd") return recompress({ format });
  throw new SealiftError("USAGE", `Cannot use --compression: "${format}" is not gzip or zstd`);
}

const HELP = `
Sources:
  registry://[user:password@]host[:port]/repository[:tag][@digest]
  tar://FILE           docker save's archive, or an OCI archive;
                       - is standard input
  oci-archive://FILE   an OCI layout in a tar
  oci-layout://FOLDER  an OCI layout
  dir://FOLDER         docker save's files, unpacked, or a folder of many images
  bundle://FILE#NAME   an image of a bundle
  docker://NAME[:TAG|@DIGEST]
                       an image that docker or podman has here; the daemon is
                       that of ?socket=PATH, ?host=tcp://HOST:PORT, DOCKER_HOST
                       or docker's context, else the first socket there is
  dockerpush://NAME[:TAG]
                       the same, pushed by the daemon to a registry of ours on
                       127.0.0.1, with its layers compressed by the daemon
  A #ref behind an archive's or a layout's path picks one of several images;
  ?os=…&arch=…&variant=… one of several platforms.

Several images at once, where * stands for any characters:
  registry://HOST/PATTERN[:TAG]
                       repositories that the registry lists; the tag may be a
                       pattern too
  quay://ORGANISATION[/PATTERN[:TAG]]
                       the same at quay.io; ?token= for what is not public,
                       ?label=KEY=VALUE for those with the label
  tar://FILE#PATTERN   images of an archive, layout, folder or bundle: #* is all
  They go to tar://, oci-archive://, oci-layout://, dir://, or below a place in
  a registry, each under its own name: registry://HOST/PREFIX/

Destinations:
  registry://, tar:// (docker save), oci-archive://, oci-layout://, bundle://.
  A #ref behind a layout's path is the image's name in it.
  dir://FOLDER         docker save's files and catalog.json, which lists the
                       folder's images; layers that are there are kept
      ?unique_names=true  list the image in manifest-IMAGE-TAG.json, so that
                          the folder holds many
      ?expand=true        also unpack the root file system, into manifest or
                          manifest-IMAGE-TAG, and tell what flattening saves
  oci://FOLDER         a bundle that runc starts: rootfs and config.json
      ?readonly=true      the container cannot write to its root
      ?hostname=NAME      what it is called inside (default: sealift)
  mounts://FOLDER      each layer unpacked, and an overlay of them mounted at
                       FOLDER/rootfs; needs root
  docker://NAME[:TAG]  loads the image into docker or podman, under that name

Filters, in their order:
  normalize-timestamps[:ts=SECONDS][,clamp=true][,config=true]
      set all times in all layers to SECONDS (else SOURCE_DATE_EPOCH, else 0);
      with clamp only those that are later; with config also those of the
      config, so that the image's ID is the same whenever it was built
  exclude:pattern=GLOB[,GLOB…]
      take out what matches, folders with all in them: **/.git, **/*.pyc, etc/*;
      * stays within a name, ** spans folders, {a,b} and [ab] choose
  squash[:from=N]
      make one layer of all, or of those above the first N
  search:pattern=GLOB[,regex=true][,script-friendly=true]
      tell which paths match; see also \`sealift search\`
  inspect:file=FILE
      append a line of JSON about the image and its layers to FILE
  annotate:KEY=VALUE[,KEY=VALUE…]
      annotate the manifest; config.label.KEY=VALUE sets a label
  recompress:format=gzip|zstd|none[,level=1|6|9]
      compress the layers otherwise; use it last
  only-platform:platform=OS/ARCH[/VARIANT][,…]
      with --all-platforms, leave only these

Examples:
  # A docker archive from a registry, with the same bytes on every machine
  $ sealift process registry://docker.io/library/debian:bookworm \\
      tar://debian.tar -f normalize-timestamps

  # An image that docker has here, to a registry, without times
  $ sealift process docker://app:1.0 registry://127.0.0.1:5050/app:1.0 \\
      -f normalize-timestamps

  # An OCI archive into a registry on this machine
  $ sealift process oci-archive://app.tar registry://127.0.0.1:5050/app:1.0

  # All of a team's images into one archive, and into another registry
  $ sealift process registry://r.example.com/team/*:1.0 oci-archive://team.tar
  $ sealift process oci-archive://team.tar#* registry://127.0.0.1:5050/

  # Start an image without an engine
  $ sealift process oci-archive://app.tar oci://app && sudo runc run -b app app
`;
