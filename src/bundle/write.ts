import { contentOf, verifiedContent } from "../bytes/content.ts";
import type { FilesWriter, FileWriter } from "../bytes/files.ts";
import { observed } from "../bytes/progress.ts";
import type { Host } from "../host.ts";
import type { PlannedEntry } from "../layout/archive-plan.ts";
import { tarFilesWriter } from "../tar/files-writer.ts";
import type { Bundle } from "./bundle.ts";

/** Writes the bundle's file. Every blob is checked on its way; what fails leaves no file. */
export async function writeBundle(bundle: Bundle, file: FileWriter, host: Host): Promise<void> {
  const archive = tarFilesWriter(file, host.kernels);
  try {
    await writeEntries(bundle, archive, host);
    await archive.commit();
  } catch (error) {
    await archive.abort();
    throw error;
  }
}

/** Writes the bundle's members, each checked on its way. */
export async function writeEntries(bundle: Bundle, archive: FilesWriter, host: Host): Promise<void> {
  for (const entry of bundle.plan.entries) {
    await archive.write(entry.name, entryContent(entry, bundle, host));
  }
}

function entryContent({ descriptor, bytes }: PlannedEntry, bundle: Bundle, host: Host) {
  if (bytes) return contentOf(host.kernels, bytes);
  const document = bundle.plan.documents.get(descriptor.digest);
  if (document) return contentOf(host.kernels, document);
  const { digest: id, size: total } = descriptor;
  return verifiedContent(host.kernels, descriptor, async () =>
    observed(await bundle.open(descriptor), (done, finished) =>
      host.log({ type: "progress", id, stage: "writing", done, total, finished }),
    ),
  );
}
