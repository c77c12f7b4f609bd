import type { Files } from "../bytes/files.ts";
import { SealiftError } from "../error.ts";
import { applyFilters, type Filter } from "../filter/filter.ts";
import type { Host } from "../host.ts";
import type { AnyManifest } from "../image/image.ts";
import { CATALOG_FILE, holdsImageFiles } from "../layout/catalog.ts";
import { OCI_LAYOUT_FILE, readOciLayout } from "../layout/oci-layout.ts";
import { parseRemoteReference } from "../oci/reference.ts";
import type { FolderTarget } from "../sink/folder-sink.ts";
import { type OciLayoutTarget, ociLayoutSink } from "../sink/oci-layout-sink.ts";
import { type RegistrySinkOptions, registrySink } from "../sink/registry-sink.ts";
import type { Sink } from "../sink/sink.ts";
import { isHttpUrl, shownPath } from "../source/http-file.ts";
import { registryImage } from "../source/registry-source.ts";
import type { Selection } from "../source/select-image.ts";
import { refuseForeign } from "./refuse-foreign.ts";
import { requireFiles } from "./require-files.ts";
import type { OpenSink, OpenSource, OpenSources, RunOptions, Schemes } from "./schemes.ts";
import { allowOptions, booleanOption, type Uri } from "./uri.ts";
import { allowSourceOptions, REGISTRY_OPTIONS, registryOptions, selectionOf } from "./uri-options.ts";

type ReadImage = (files: Files, selection: Selection, host: Host, what: string) => Promise<AnyManifest>;

const archiveSource =
  (read: ReadImage): OpenSource =>
  async (uri, host, options) => {
    allowSourceOptions(uri, options);
    return read(await openArchive(uri, host, options), selectionOf(uri, options), host, shownPath(uri.path));
  };

const folderSource =
  (read: ReadImage): OpenSource =>
  async (uri, host, options) => {
    allowSourceOptions(uri, options);
    return read(await openFolder(uri, host), selectionOf(uri, options), host, uri.path);
  };

/** What a run may or may not need is loaded when it does: all of it took a small copy as long as its bytes. */
const layoutSource = () => import("../source/layout-source.ts");
const ociLayoutImage: ReadImage = async (files, selection, host) =>
  (await layoutSource()).ociLayoutImage(files, selection, host);
const filesImage: ReadImage = async (...files) => (await layoutSource()).filesImage(...files);

const openArchive = async ({ path }: Uri, host: Host, { insecure }: RunOptions = {}) =>
  (await import("./archive-files.ts")).archiveFiles(path, host, insecure);
const openFolder = ({ path }: Uri, host: Host) => requireFiles(host).folder(path, holdsImageFiles);

const registrySource: OpenSource = async (uri, host, options) => {
  allowSourceOptions(uri, options, ...REGISTRY_OPTIONS);
  return registryImage(
    parseRemoteReference(uri.path),
    selectionOf(uri, options),
    host,
    registryOptions(uri, options),
  );
};

/** A path that ends in `/` is a place below which each image keeps its own name. */
const registryTarget: OpenSink = async (uri, host, options) => {
  allowOptions(uri, ...REGISTRY_OPTIONS, "compression");
  const { jobs, chunkSize } = options;
  const target = {
    ...registryOptions(uri, options),
    jobs,
    ...(chunkSize !== undefined && { chunkSize }),
  };
  const compression = await compressionOf(uri);
  const sink = uri.path.endsWith("/")
    ? await belowTarget(uri.path, host, target)
    : registrySink(parseRemoteReference(uri.path), host, target);
  const put: Sink["put"] = (content, check) => sink.put(applyFilters(content, compression, host), check);
  return { ...sink, put };
};

async function belowTarget(path: string, host: Host, target: RegistrySinkOptions): Promise<Sink> {
  const { belowReference, registryBelowSink } = await import("../sink/registry-below-sink.ts");
  return registryBelowSink(belowReference(path), host, target);
}

const registryBelow: OpenSink = async (uri, host, options) => {
  if (uri.path.endsWith("/")) return registryTarget(uri, host, options);
  throw new SealiftError(
    "URI_INVALID",
    `Cannot write several images to registry://${uri.path}: it names one`,
    { hint: `End it in a slash to put each below it under its own name: registry://${uri.path}/` },
  );
};

const dockerArchive: OpenSink = async (uri, host, { jobs }) => {
  allowOptions(uri);
  const { dockerSaveSink } = await import("../sink/docker-save-sink.ts");
  return dockerSaveSink(await archiveWriter(uri, host), { name: uri.path, jobs }, host);
};

const imageFolder: OpenSink = (uri, host, options) => folderTarget(uri, host, options, false);

async function folderTarget(uri: Uri, host: Host, { jobs }: RunOptions, several: boolean): Promise<Sink> {
  allowOptions(uri, "unique_names", "expand");
  const existing = await presentFolder(uri.path, host);
  // Read back, the folder would be the layout, and the image not to be found.
  if (existing?.get(OCI_LAYOUT_FILE)) {
    throw new SealiftError("ALREADY_EXISTS", `Cannot write to dir://${uri.path}: it is an OCI layout`, {
      hint: `Choose another folder, or add the image to it: oci-layout://${uri.path}`,
    });
  }
  const { expandRootFs, folderSink } = await import("../sink/folder-sink.ts");
  const expand = booleanOption(uri.options, "expand");
  if (expand) await refuseForeign(uri.path, ["manifest"], CATALOG_FILE, host);
  const target: FolderTarget = {
    name: uri.path,
    jobs,
    uniqueNames: several || booleanOption(uri.options, "unique_names"),
    ...(expand && { expand: expandRootFs }),
    ...(uri.fragment && { imageName: uri.fragment }),
    ...(existing && { existing }),
    present: () => presentFolder(uri.path, host),
  };
  return folderSink(await requireFiles(host).createFolder(uri.path), target, host);
}

const runtimeBundle: OpenSink = async (uri, host) => {
  allowOptions(uri, "readonly", "hostname");
  const hostname = hostnameOption(uri);
  const { IMAGE_CONFIG_FILE, runtimeBundleSink } = await import("../sink/runtime-bundle-sink.ts");
  await refuseForeign(uri.path, ["rootfs", "config.json"], IMAGE_CONFIG_FILE, host);
  const options = { readonly: booleanOption(uri.options, "readonly"), ...(hostname && { hostname }) };
  return runtimeBundleSink(await requireFiles(host).createFolder(uri.path), uri.path, host, options);
};

const ociArchive: OpenSink = (uri, host, options) => archiveTarget(uri, host, layoutTarget(uri, options));

async function archiveTarget(uri: Uri, host: Host, target: OciLayoutTarget): Promise<Sink> {
  allowOptions(uri);
  return ociLayoutSink(await archiveWriter(uri, host), target, host);
}

const ociFolder: OpenSink = (uri, host, options) => layoutFolder(uri, host, layoutTarget(uri, options));

/** Adds to the layout that is there, as every tool does with a layout folder. */
async function layoutFolder(uri: Uri, host: Host, target: OciLayoutTarget): Promise<Sink> {
  allowOptions(uri);
  const present = await presentFolder(uri.path, host);
  const existing = present?.get("index.json") ? { existing: await readOciLayout(present, host.kernels) } : {};
  const open = () => requireFiles(host).createFolder(uri.path);
  return ociLayoutSink(await open(), { ...target, ...existing, reopen: open }, host);
}

/** A place for several images: the URI cannot name one of them. */
const unnamed =
  (open: OpenSink): OpenSink =>
  async (uri, host, options) => {
    if (uri.fragment === undefined) return open(uri, host, options);
    throw new SealiftError(
      "URI_INVALID",
      `Cannot write several images to ${uri.scheme}://${uri.path}: #${uri.fragment} names one`,
    );
  };

const inRegistry: OpenSources = async (...place) =>
  (await import("./several-in-registry.ts")).severalInRegistry(...place);
const inQuay: OpenSources = async (...place) =>
  (await import("./several-in-quay.ts")).severalInQuay(...place);
const inFiles =
  (open: (uri: Uri, host: Host) => Promise<Files>): OpenSources =>
  async (...place) =>
    (await import("./several-in-files.ts")).severalInFiles(open)(...place);

/** The schemes that need no more than the ports of a host with files. */
export const CORE_SCHEMES: Schemes = {
  sources: {
    registry: registrySource,
    tar: archiveSource(filesImage),
    file: archiveSource(filesImage),
    dir: folderSource(filesImage),
    directory: folderSource(filesImage),
    "oci-archive": archiveSource(ociLayoutImage),
    "oci-layout": folderSource(ociLayoutImage),
    // A bundle is an OCI layout, and its images have their artifacts' names.
    bundle: archiveSource(ociLayoutImage),
  },
  sinks: {
    registry: registryTarget,
    tar: dockerArchive,
    dir: imageFolder,
    directory: imageFolder,
    oci: runtimeBundle,
    "oci-archive": ociArchive,
    "oci-layout": ociFolder,
  },
  several: {
    sources: {
      registry: inRegistry,
      quay: inQuay,
      tar: inFiles(openArchive),
      file: inFiles(openArchive),
      "oci-archive": inFiles(openArchive),
      bundle: inFiles(openArchive),
      dir: inFiles(openFolder),
      directory: inFiles(openFolder),
      "oci-layout": inFiles(openFolder),
    },
    sinks: {
      registry: registryBelow,
      tar: unnamed(dockerArchive),
      dir: unnamed((uri, host, options) => folderTarget(uri, host, options, true)),
      directory: unnamed((uri, host, options) => folderTarget(uri, host, options, true)),
      "oci-archive": unnamed((uri, host, options) =>
        archiveTarget(uri, host, { ...layoutTarget(uri, options), fullNames: true }),
      ),
      "oci-layout": unnamed((uri, host, options) =>
        layoutFolder(uri, host, { ...layoutTarget(uri, options), fullNames: true }),
      ),
    },
  },
};

async function archiveWriter(uri: Uri, host: Host) {
  if (uri.path === "-") {
    throw new SealiftError(
      "USAGE",
      `Cannot write ${uri.scheme}://-: standard output is for the result; name a file`,
    );
  }
  if (isHttpUrl(uri.path)) {
    throw new SealiftError(
      "UNSUPPORTED",
      `Cannot write ${shownPath(uri.path)}: archives are only read over HTTP`,
    );
  }
  const { tarFilesWriter } = await import("../tar/files-writer.ts");
  return tarFilesWriter(await requireFiles(host).createFile(uri.path), host.kernels);
}

/** What a folder of images that is to be written to holds; undefined if it is not there. */
export async function presentFolder(path: string, host: Host): Promise<Files | undefined> {
  const files = requireFiles(host);
  return (await files.kind(path)) === "folder" ? files.folder(path, holdsImageFiles) : undefined;
}

function layoutTarget(uri: Uri, { jobs, reread }: RunOptions): OciLayoutTarget {
  return { name: uri.path, jobs, reread, ...(uri.fragment && { ref: uri.fragment }) };
}

/** What a kernel takes (sethostname(2): 64 bytes) and a name server knows. */
function hostnameOption({ options }: Uri): string | undefined {
  const name = options.get("hostname");
  if (name === undefined || (name.length <= 64 && HOSTNAME.test(name))) return name;
  throw new SealiftError("URI_INVALID", `Cannot read option hostname: "${name}" is not a host's name`);
}

const HOSTNAME = /^[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*$/;

/** `?compression=` is a last filter. */
async function compressionOf({ options }: Uri): Promise<readonly Filter[]> {
  const format = options.get("compression");
  if (format === undefined) return [];
  const { recompress } = await import("../filter/recompress.ts");
  if (format === "gzip" || format === "zstd") return [recompress({ format })];
  throw new SealiftError("URI_INVALID", `Cannot read option compression: "${format}" is not gzip or zstd`);
}
