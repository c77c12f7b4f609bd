import type { Files } from "../bytes/files.ts";
import type { Host } from "../host.ts";
import { holdsImageFiles } from "../layout/catalog.ts";
import { parseRemoteReference } from "../oci/reference.ts";
import { shownPath } from "../source/http-file.ts";
import {
  type RawImage,
  rawFilesImage,
  rawLayoutImage,
  rawOf,
  rawRegistryImage,
} from "../source/raw-image.ts";
import { archiveFiles } from "./archive-files.ts";
import { lookUp } from "./pipeline.ts";
import { requireFiles } from "./require-files.ts";
import type { RunOptions, Schemes } from "./schemes.ts";
import type { Uri } from "./uri.ts";
import { allowSourceOptions, REGISTRY_OPTIONS, registryOptions } from "./uri-options.ts";

type OpenRaw = (uri: Uri, host: Host, options: RunOptions) => Promise<RawImage>;
type ReadRaw = (files: Files, ref: string | undefined, host: Host, what: string) => Promise<RawImage>;

const archive =
  (read: ReadRaw): OpenRaw =>
  async (uri, host, options) => {
    allowSourceOptions(uri, options);
    const files = await archiveFiles(uri.path, host, options.insecure);
    return read(files, uri.fragment, host, shownPath(uri.path));
  };

const folder =
  (read: ReadRaw): OpenRaw =>
  async (uri, host, options) => {
    allowSourceOptions(uri, options);
    const files = await requireFiles(host).folder(uri.path, holdsImageFiles);
    return read(files, uri.fragment, host, uri.path);
  };

const registry: OpenRaw = async (uri, host, options) => {
  allowSourceOptions(uri, options, ...REGISTRY_OPTIONS);
  return rawRegistryImage(parseRemoteReference(uri.path), host, registryOptions(uri, options));
};

const RAW_SCHEMES: Readonly<Record<string, OpenRaw>> = {
  registry,
  tar: archive(rawFilesImage),
  file: archive(rawFilesImage),
  dir: folder(rawFilesImage),
  directory: folder(rawFilesImage),
  "oci-archive": archive(rawLayoutImage),
  "oci-layout": folder(rawLayoutImage),
  bundle: archive(rawLayoutImage),
};

/** The image of a source's URI as it is stored; what only a source can read, as that reads it. */
export async function openRawImage(
  uri: Uri,
  schemes: Schemes,
  host: Host,
  options: RunOptions,
): Promise<RawImage> {
  const open = Object.hasOwn(RAW_SCHEMES, uri.scheme) ? RAW_SCHEMES[uri.scheme] : undefined;
  if (open) return open(uri, host, options);
  return rawOf(await lookUp(schemes.sources, uri.scheme, "source")(uri, host, options));
}
