import type { Host } from "../host.ts";
import type { Image } from "../image/image.ts";
import type { ImageConfig } from "../oci/config.ts";
import type { Digest } from "../oci/digest.ts";
import type { Manifest } from "../oci/manifest.ts";
import { formatPlatform } from "../oci/platform.ts";
import { diffTrees, type FileChange } from "./diff-trees.ts";
import { DigestedLayers } from "./digested-layers.ts";

/** One thing that two images have differently; what one does not have is absent. */
export interface FieldChange {
  readonly field: string;
  readonly a?: unknown;
  readonly b?: unknown;
}

export interface LayersDiff {
  /** Digests; diff_ids where one image has no manifest. */
  readonly shared: readonly string[];
  readonly a: readonly string[];
  readonly b: readonly string[];
}

/** How two images differ. What was not compared is absent. */
export interface ImageDiff {
  readonly equal: boolean;
  readonly manifest?: readonly FieldChange[];
  readonly layers?: LayersDiff;
  readonly config?: readonly FieldChange[];
  /** In byte order of path. */
  readonly files?: readonly FileChange[];
}

export type DiffPart = "all" | "files" | "config";

/**
 * Compares two images: manifests and layers, configs, and the files of their
 * merged trees. A layer that both have is read once, and none where the trees
 * are of the same layers. Throws as reading does.
 */
export async function diffImages(a: Image, b: Image, part: DiffPart, host: Host): Promise<ImageDiff> {
  const manifest = part === "all" ? await diffManifests(a, b) : undefined;
  const config =
    part === "files" ? undefined : diffConfigs((await a.config()).value, (await b.config()).value);
  const files = part === "config" ? undefined : await diffFiles(a, b, host);
  const layers = manifest?.layers;
  const changes = [manifest?.fields, config, files, layers?.a, layers?.b];
  return {
    equal: changes.every((list) => list === undefined || list.length === 0),
    ...(manifest && { manifest: manifest.fields, layers: manifest.layers }),
    ...(config && { config }),
    ...(files && { files }),
  };
}

async function diffManifests(a: Image, b: Image) {
  // To have a manifest made would compress every layer, and says nothing of where the image came from.
  if (a.assembled || b.assembled) {
    return { fields: [], layers: diffLists(await diffIdsOf(a), await diffIdsOf(b)) };
  }
  const [first, second] = [(await a.manifest()).value, (await b.manifest()).value];
  const layers = diffLists(digestsOf(first), digestsOf(second));
  const fields = diffFields(manifestFields(first), manifestFields(second));
  const sameLayers = layers.a.length === 0 && layers.b.length === 0;
  const order = sameLayers ? diffFields({ order: digestsOf(first) }, { order: digestsOf(second) }) : [];
  return { fields: [...fields, ...order], layers };
}

function digestsOf({ layers }: Manifest): readonly string[] {
  return layers.map(({ digest }) => digest);
}

function manifestFields(manifest: Manifest): Readonly<Record<string, unknown>> {
  const { mediaType, artifactType, subject, annotations } = manifest;
  return { mediaType, artifactType, subject: subject?.digest, ...prefixed("annotations", annotations) };
}

async function diffIdsOf({ layers }: Image): Promise<readonly Digest[]> {
  const ids: Digest[] = [];
  for (const layer of layers) ids.push(await layer.diffId());
  return ids;
}

function diffLists(a: readonly string[], b: readonly string[]): LayersDiff {
  return {
    shared: a.filter((one) => b.includes(one)),
    a: a.filter((one) => !b.includes(one)),
    b: b.filter((one) => !a.includes(one)),
  };
}

function diffConfigs(a: ImageConfig, b: ImageConfig): readonly FieldChange[] {
  return diffFields(configFields(a), configFields(b));
}

/** A config's fields, environment and labels one by one; its diff_ids are the layers' business. */
function configFields(image: ImageConfig): Readonly<Record<string, unknown>> {
  const { config, rootfs: _, os, architecture, variant, history, ...rest } = image;
  const { Env, Labels, ...run } = config ?? {};
  return {
    platform: formatPlatform({ os, architecture, ...(variant && { variant }) }),
    ...rest,
    ...prefixed("env", environmentOf(Env ?? [])),
    ...prefixed("labels", Labels),
    ...run,
    ...Object.fromEntries((history ?? []).map((entry, at) => [`history.${at}`, entry])),
  };
}

function environmentOf(variables: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    variables.map((variable) => {
      const [name = "", ...value] = variable.split("=");
      return [name, value.join("=")];
    }),
  );
}

function prefixed(prefix: string, values: Readonly<Record<string, unknown>> | null | undefined) {
  return Object.fromEntries(
    Object.entries(values ?? {}).map(([name, value]) => [`${prefix}.${name}`, value]),
  );
}

function diffFields(
  a: Readonly<Record<string, unknown>>,
  b: Readonly<Record<string, unknown>>,
): readonly FieldChange[] {
  const changes: FieldChange[] = [];
  for (const field of [...new Set([...Object.keys(a), ...Object.keys(b)])].sort()) {
    const [before, after] = [a[field] ?? undefined, b[field] ?? undefined];
    if (JSON.stringify(before) === JSON.stringify(after)) continue;
    changes.push({
      field,
      ...(before !== undefined && { a: before }),
      ...(after !== undefined && { b: after }),
    });
  }
  return changes;
}

async function diffFiles(a: Image, b: Image, host: Host): Promise<readonly FileChange[]> {
  const [first, second] = [await diffIdsOf(a), await diffIdsOf(b)];
  if (first.join() === second.join()) return [];
  const layers = new DigestedLayers(repeated([...first, ...second]), host);
  return diffTrees(await layers.tree(a), await layers.tree(b));
}

function repeated(ids: readonly Digest[]): ReadonlySet<Digest> {
  return new Set(ids.filter((id, at) => ids.indexOf(id) !== at));
}
