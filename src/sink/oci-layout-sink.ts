import { type Content, contentOf } from "../bytes/content.ts";
import type { FilesWriter } from "../bytes/files.ts";
import { tapped } from "../bytes/progress.ts";
import type { Host } from "../host.ts";
import type { Named } from "../image/image.ts";
import { type HoldsBlob, heldBySize, heldWhole } from "../layout/held-blobs.ts";
import type { OciLayout } from "../layout/oci-layout.ts";
import { type OciLayoutWriter, writeOciLayout } from "../layout/oci-layout-writer.ts";
import { ANNOTATION, type Descriptor } from "../oci/descriptor.ts";
import type { Manifest } from "../oci/manifest.ts";
import { DEFAULT_JOBS, type ManifestTarget, putManifest } from "./put-manifest.ts";
import type { Sink } from "./sink.ts";

export interface OciLayoutTarget {
  /** For messages: the path. */
  readonly name: string;
  /** The entry's ref.name; the image's own tag, or `latest`, without it. */
  readonly ref?: string;
  /** Several come: each is called by its full name, as their tags may be the same. */
  readonly fullNames?: boolean;
  /** The layout that is already there, to add to. */
  readonly existing?: OciLayout;
  /** What is there already is read, not only measured; what of it is damaged is written anew. */
  readonly reread?: boolean | undefined;
  /** Layers made at once. */
  readonly jobs?: number | undefined;
  /** Another writer to the same place, where others may write too; absent where there is none. */
  readonly reopen?: (() => Promise<FilesWriter>) | undefined;
}

/** Writes an OCI layout, as an archive or a folder, with blobs as they are and index.json last. */
export function ociLayoutSink(writer: FilesWriter, target: OciLayoutTarget, host: Host): Sink {
  const { existing, reopen, reread } = target;
  const holds = existing && (reread ? heldWhole(existing, host) : heldBySize(existing));
  const layout = writeOciLayout(writer, existing, holds);
  const entries: Descriptor[] = [];
  return {
    async put(content) {
      const place = layoutTarget(layout, holds, entries, target, host);
      const before = entries.length;
      let entry: Descriptor | undefined;
      try {
        const { layers, attachments } = await putManifest(content, place, host, async (root) => {
          await layout.blob(contentOf(host.kernels, root.bytes));
          entry = { ...root.descriptor, ...namesFor(content, target) };
          entries.push(entry);
        });
        return {
          name: target.name,
          ...(entry && { manifest: entry }),
          layers,
          ...(attachments.length > 0 && { attachments }),
        };
      } catch (error) {
        // Others may still be put: of this one, index.json shall say nothing.
        entries.length = before;
        throw error;
      }
    },
    async commit(check) {
      await layout.finish(entries, check);
      noteReplaced(entries, target, host);
    },
    abort: () => layout.abort(),
    ...(reopen && { takeBack: async () => layout.takeBack(await reopen()) }),
  };
}

/** Documents below the root are blobs among blobs; what is attached to it must stand in index.json to be found. */
function layoutTarget(
  layout: OciLayoutWriter,
  holds: HoldsBlob | undefined,
  entries: Descriptor[],
  { jobs = DEFAULT_JOBS }: OciLayoutTarget,
  host: Host,
): ManifestTarget {
  const stop = new AbortController();
  return {
    jobs,
    oneByOne: !layout.sideBySide,
    stop: (error) => stop.abort(error),
    ...(holds && { has: holds }),
    async blob(blob) {
      await layout.blob(stoppable(blob, stop.signal));
      return (await holds?.(blob)) ? "exists" : "written";
    },
    async manifest({ descriptor, bytes, value }, tag) {
      await layout.blob(contentOf(host.kernels, bytes));
      const { subject, artifactType, config } = value as Partial<Manifest>;
      const { mediaType, digest, size } = descriptor;
      const type = artifactType ?? config?.mediaType;
      if (tag) entries.push({ mediaType, digest, size, annotations: { [ANNOTATION.refName]: tag } });
      else if (subject) entries.push({ mediaType, digest, size, ...(type && { artifactType: type }) });
    },
  };
}

/** The content, which fails to be read once it need not be. */
function stoppable<T extends Content>(content: T, signal: AbortSignal): T {
  return { ...content, open: async () => tapped(await content.open(), () => signal.throwIfAborted()) };
}

/** Blobs may be another image's too, or one's that is being written: they stay, as every tool leaves them. */
function noteReplaced(entries: readonly Descriptor[], { name, existing }: OciLayoutTarget, host: Host): void {
  const refOf = ({ annotations }: Descriptor) => annotations?.[ANNOTATION.refName];
  const digests = new Set(entries.map(({ digest }) => digest));
  const refs = new Set(entries.map(refOf));
  const replaced = (existing?.index.manifests ?? []).filter(
    (entry) => refOf(entry) !== undefined && refs.has(refOf(entry)) && !digests.has(entry.digest),
  );
  for (const entry of replaced) {
    host.log({
      type: "info",
      message: `${name}: ${refOf(entry)} was ${entry.digest}, whose blobs stay (umoci gc removes what nothing names)`,
    });
  }
}

function namesFor(content: Named, { ref, fullNames }: OciLayoutTarget): Pick<Descriptor, "annotations"> {
  if (!fullNames) return { annotations: { [ANNOTATION.refName]: ref ?? content.ref ?? tagOf(content) } };
  const name = content.name ?? content.ref;
  if (name === undefined) return {};
  const containerd = content.name ? { [ANNOTATION.containerdImageName]: content.name } : {};
  return { annotations: { [ANNOTATION.refName]: name, ...containerd } };
}

function tagOf({ name = "" }: Named): string {
  return /:([A-Za-z0-9_][A-Za-z0-9._-]*)(?:@|$)/.exec(name.slice(name.lastIndexOf("/") + 1))?.[1] ?? "latest";
}
