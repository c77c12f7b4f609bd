import type { Files } from "../bytes/files.ts";
import type { Host } from "../host.ts";
import type { AnyManifest } from "../image/image.ts";
import { imageNames, readDockerSave } from "../layout/docker-save.ts";
import { refuseDisagreement } from "../layout/list-agreement.ts";
import { entryName, imageEntries, readOciLayout } from "../layout/oci-layout.ts";
import { sniffLayout } from "../layout/sniff.ts";
import { filesImage, ociLayoutImage } from "../source/layout-source.ts";
import type { Selection } from "../source/select-image.ts";
import { matchesPattern } from "./name-pattern.ts";
import { noneFound } from "./none-found.ts";
import type { OpenSources, SourceImage } from "./schemes.ts";
import type { Uri } from "./uri.ts";
import { allowSourceOptions, selectionOf } from "./uri-options.ts";

type OpenFiles = (uri: Uri, host: Host) => Promise<Files>;

/** The images of an archive or folder, of either layout, whose names the fragment's pattern means. */
export const severalInFiles =
  (open: OpenFiles): OpenSources =>
  async (uri, host, options) => {
    allowSourceOptions(uri, options);
    const files = await open(uri, host);
    const { ref = "*", ...selection } = selectionOf(uri, options);
    const isLayout = sniffLayout(files, uri.path) === "oci-layout";
    if (isLayout && isSniffed(uri)) await refuseDisagreement(files, host.kernels, uri.path);
    const images = await (isLayout ? inLayout : inDockerSave)(files, selection, host, uri.path);
    const found = images.filter(({ name }) => matchesPattern(name, ref));
    if (found.length === 0) throw noneFound(uri, `none of ${images.length} has such a name`);
    return found;
  };

/** Whether the files tell which list is meant, and not the scheme. */
function isSniffed({ scheme }: Uri): boolean {
  return !scheme.startsWith("oci-") && scheme !== "bundle";
}

type List = (files: Files, selection: Selection, host: Host, what: string) => Promise<readonly SourceImage[]>;

const inLayout: List = async (files, selection, host) => {
  const { index } = await readOciLayout(files, host.kernels);
  const names = new Set(imageEntries(index).map(entryName));
  return [...names].map((name) => ({
    name,
    open: () => ociLayoutImage(files, { ...selection, ref: name }, host),
  }));
};

const inDockerSave: List = async (files, selection, host, what) => {
  const { images } = await readDockerSave(files, host.kernels);
  return images.flatMap((entry) =>
    imageNames(entry).map((name) => ({
      name,
      async open(): Promise<AnyManifest> {
        const image = await filesImage(files, { ...selection, ref: name }, host, what);
        // One that has several tags is as many images elsewhere.
        return entry.repoTags.includes(name) ? { ...image, name } : image;
      },
    })),
  );
};
