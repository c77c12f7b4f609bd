import type { Command } from "commander";
import { parseFilter } from "../../src/pipeline/filters.ts";
import { collected, sourceDateEpoch } from "./options.ts";
import { addPipelineOptions, type PipelineOptions, runImages } from "./pipeline.ts";

interface ProcessOptions extends PipelineOptions {
  readonly filter?: readonly string[];
}

/** `process SOURCE DESTINATION`: an image from anywhere to anywhere, filtered on its way. */
export function addProcess(program: Command, exit: (code: number) => void): void {
  const command = program
    .command("process")
    .summary("copy an image, filtered on its way")
    .description(
      "Copy an image from SOURCE to DESTINATION. What no filter changes keeps its bytes and digests.",
    )
    .argument("<source>", "URI of the image")
    .argument("<destination>", "URI of where it goes")
    .option("-f, --filter <spec>", "change the image on its way; may be given several times", collected)
    .option("--platform <os/arch[/variant]>", "which image of several (default: linux/amd64)")
    .option("--all-platforms", "all images of several, and their index")
    .option("--referrers", "with what is attached to the image: signatures, SBOMs, attestations")
    .addHelpText("after", HELP);
  addPipelineOptions(command).action(async (source: string, destination: string, options: ProcessOptions) => {
    const filters = () => {
      const epoch = sourceDateEpoch();
      const defaults = epoch === undefined ? {} : { sourceDateEpoch: epoch };
      return (options.filter ?? []).map((spec) => parseFilter(spec, defaults));
    };
    exit(await runImages(source, destination, options, filters));
  });
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

Filters:
  normalize-timestamps[:ts=SECONDS][,clamp=true]
      set all times in all layers to SECONDS (else SOURCE_DATE_EPOCH, else 0);
      with clamp only those that are later

Examples:
  # A docker archive from a registry, with the same bytes on every machine
  $ sealift process registry://docker.io/library/debian:bookworm \\
      tar://debian.tar -f normalize-timestamps

  # An image that docker has here, to a registry, without times
  $ sealift process docker://app:1.0 registry://127.0.0.1:5050/app:1.0 \\
      -f normalize-timestamps

  # An OCI archive into a registry on this machine
  $ sealift process oci-archive://app.tar registry://127.0.0.1:5050/app:1.0

  # Start an image without an engine
  $ sealift process oci-archive://app.tar oci://app && sudo runc run -b app app
`;
