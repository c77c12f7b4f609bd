import type { Files } from "../bytes/files.ts";
import { SealiftError } from "../error.ts";
import { applyFilters, type Filter } from "../filter/filter.ts";
import { recompress } from "../filter/recompress.ts";
import type { Host } from "../host.ts";
import type { AnyManifest } from "../image/image.ts";
import { holdsImageFiles } from "../layout/catalog.ts";
import { readOciLayout } from "../layout/oci-layout.ts";
import type { Platform } from "../oci/descriptor.ts";
import { DEFAULT_PLATFORM } from "../oci/platform.ts";
import { parseReference } from "../oci/reference.ts";
import type { RepositoryOptions } from "../registry/repository.ts";
import { dockerSaveSink } from "../sink/docker-save-sink.ts";
import { expandRootFs, type FolderTarget, folderSink } from "../sink/folder-sink.ts";
import { type OciLayoutTarget, ociLayoutSink } from "../sink/oci-layout-sink.ts";
import { registrySink } from "../sink/registry-sink.ts";
import { runtimeBundleSink } from "../sink/runtime-bundle-sink.ts";
import { filesImage, ociLayoutImage } from "../source/layout-source.ts";
import { registryImage } from "../source/registry-source.ts";
import type { Selection } from "../source/select-image.ts";
import { tarFilesWriter } from "../tar/files-writer.ts";
import { archiveFiles, requireFiles } from "./archive-files.ts";
import type { OpenSink, OpenSource, RunOptions, Schemes } from "./schemes.ts";
import { allowOptions, booleanOption, numberOption, type Uri } from "./uri.ts";

/** Which platform's image: options of every source. */
export const PLATFORM_OPTIONS = ["os", "arch", "architecture", "variant"] as const;

type ReadImage = (files: Files, selection: Selection, host: Host, what: string) => Promise<AnyManifest>;

const archiveSource =
  (read: ReadImage): OpenSource =>
  async (uri, host, options) => {
    allowOptions(uri, ...PLATFORM_OPTIONS);
    return read(await archiveFiles(uri.path, host), selectionOf(uri, options), host, uri.path);
  };

const folderSource =
  (read: ReadImage): OpenSource =>
  async (uri, host, options) => {
    allowOptions(uri, ...PLATFORM_OPTIONS);
    const files = await requireFiles(host).folder(uri.path, holdsImageFiles);
    return read(files, selectionOf(uri, options), host, uri.path);
  };

const registrySource: OpenSource = async (uri, host, options) => {
  allowOptions(uri, ...PLATFORM_OPTIONS, "insecure", "username", "password", "max_workers");
  return registryImage(
    parseReference(uri.path),
    selectionOf(uri, options),
    host,
    registryOptions(uri, options),
  );
};

const registryTarget: OpenSink = async (uri, host, options) => {
  allowOptions(uri, "insecure", "username", "password", "max_workers", "compression");
  const { jobs, chunkSize } = options;
  const compression = compressionOf(uri);
  const sink = registrySink(parseReference(uri.path), host, {
    ...registryOptions(uri, options),
    jobs: numberOption(uri.options, "max_workers") ?? jobs,
    ...(chunkSize !== undefined && { chunkSize }),
  });
  const put = (content: AnyManifest) => sink.put(applyFilters(content, compression, host));
  return { ...sink, put };
};

const dockerArchive: OpenSink = async (uri, host, { jobs }) => {
  allowOptions(uri);
  return dockerSaveSink(await archiveWriter(uri, host), { name: uri.path, jobs }, host);
};

const imageFolder: OpenSink = async (uri, host, { jobs }) => {
  allowOptions(uri, "unique_names", "expand");
  const existing = await presentFolder(uri.path, host);
  const target: FolderTarget = {
    name: uri.path,
    jobs,
    uniqueNames: booleanOption(uri.options, "unique_names"),
    ...(booleanOption(uri.options, "expand") && { expand: expandRootFs }),
    ...(uri.fragment && { imageName: uri.fragment }),
    ...(existing && { existing }),
  };
  return folderSink(await requireFiles(host).createFolder(uri.path), target, host);
};

const runtimeBundle: OpenSink = async (uri, host) => {
  allowOptions(uri, "readonly", "hostname");
  const hostname = uri.options.get("hostname");
  const options = { readonly: booleanOption(uri.options, "readonly"), ...(hostname && { hostname }) };
  return runtimeBundleSink(await requireFiles(host).createFolder(uri.path), uri.path, host, options);
};

const ociArchive: OpenSink = async (uri, host, options) => {
  allowOptions(uri);
  return ociLayoutSink(await archiveWriter(uri, host), layoutTarget(uri, options), host);
};

/** Adds to the layout that is there, as every tool does with a layout folder. */
const ociFolder: OpenSink = async (uri, host, options) => {
  allowOptions(uri);
  const present = await presentFolder(uri.path, host);
  const existing = present?.get("index.json") ? { existing: await readOciLayout(present, host.kernels) } : {};
  return ociLayoutSink(
    await requireFiles(host).createFolder(uri.path),
    { ...layoutTarget(uri, options), ...existing },
    host,
  );
};

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
};

async function archiveWriter(uri: Uri, host: Host) {
  if (uri.path === "-") {
    throw new SealiftError(
      "USAGE",
      `Cannot write ${uri.scheme}://-: standard output is for the result; name a file`,
    );
  }
  return tarFilesWriter(await requireFiles(host).createFile(uri.path), host.kernels);
}

/** What a folder of images that is to be written to holds; undefined if it is not there. */
export async function presentFolder(path: string, host: Host): Promise<Files | undefined> {
  const files = requireFiles(host);
  return (await files.kind(path)) === "folder" ? files.folder(path, holdsImageFiles) : undefined;
}

function layoutTarget(uri: Uri, { jobs }: RunOptions): OciLayoutTarget {
  return { name: uri.path, jobs, ...(uri.fragment && { ref: uri.fragment }) };
}

export function selectionOf(uri: Uri, options: RunOptions): Selection {
  const { allPlatforms, referrers } = options;
  return {
    platform: platformOf(uri, options),
    allPlatforms,
    referrers,
    ...(uri.fragment && { ref: uri.fragment }),
  };
}

/** What was asked for, by the URI or for the run; undefined where nothing was. */
function platformOf({ options: given }: Uri, { platform }: RunOptions): Platform | undefined {
  if (!PLATFORM_OPTIONS.some((name) => given.has(name))) return platform;
  const base = platform ?? DEFAULT_PLATFORM;
  const os = given.get("os") ?? base.os;
  const architecture = given.get("arch") ?? given.get("architecture") ?? base.architecture;
  // Another architecture's variant means nothing for this one.
  const inherited = architecture === base.architecture ? base.variant : undefined;
  const variant = given.get("variant") ?? inherited;
  return { os, architecture, ...(variant && { variant }) };
}

/** `?compression=` is a last filter. */
function compressionOf({ options }: Uri): readonly Filter[] {
  const format = options.get("compression");
  if (format === undefined) return [];
  if (format === "gzip" || format === "zstd") return [recompress({ format })];
  throw new SealiftError("URI_INVALID", `Cannot read option compression: "${format}" is not gzip or zstd`);
}

function registryOptions(uri: Uri, options: RunOptions): RepositoryOptions {
  const username = uri.username ?? uri.options.get("username");
  const password = uri.password ?? uri.options.get("password") ?? "";
  return {
    insecure: options.insecure || booleanOption(uri.options, "insecure"),
    ...(username !== undefined && { credential: { username, password, origin: "the URI" } }),
  };
}
