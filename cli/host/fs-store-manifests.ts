import * as v from "valibot";
import { concat } from "../../src/bytes/stream.ts";
import { SealiftError } from "../../src/error.ts";
import { type Descriptor, descriptorSchema, digestSchema } from "../../src/oci/descriptor.ts";
import type { Digest } from "../../src/oci/digest.ts";
import { encodeJson, parseJson } from "../../src/oci/json.ts";
import type { Manifests } from "../../src/store/store.ts";
import {
  fileBytes,
  fileSize,
  folderNames,
  removeDurably,
  storeError,
  writeDurably,
} from "./fs-store-files.ts";
import type { Layout } from "./fs-store-layout.ts";

const NEW_LINE = 0x0a;

/** What a store knows of a manifest besides its bytes: the first line of its file. */
const recordSchema = v.object({ mediaType: v.string(), subject: v.optional(digestSchema) });

/** Manifests as files: one line of JSON, then the bytes exactly as pushed; so both are there or neither is. */
export function fsManifests(layout: Layout): Manifests {
  const read = async (repository: string, digest: Digest) => {
    const file = await fileBytes(layout.manifest(repository, digest));
    return file && parseRecord(file, digest);
  };
  return {
    async get(repository, digest) {
      return (await read(repository, digest))?.manifest;
    },

    async put(repository, { digest, mediaType, bytes }, referrer) {
      const record = encodeJson({ mediaType, ...(referrer && { subject: referrer.subject }) });
      const file = concat([record, Uint8Array.of(NEW_LINE), bytes]);
      try {
        await writeDurably(layout.temporary, layout.manifest(repository, digest), file);
        if (!referrer) return;
        const path = layout.referrer(repository, referrer.subject, digest);
        await writeDurably(layout.temporary, path, encodeJson(referrer.descriptor));
      } catch (error) {
        throw storeError(`store manifest ${digest}`, error);
      }
    },

    async remove(repository, digest) {
      const record = await read(repository, digest);
      if (!record) return false;
      if (record.subject) await removeDurably(layout.referrer(repository, record.subject, digest));
      return removeDurably(layout.manifest(repository, digest));
    },

    async referrers(repository, subject) {
      const names = (await folderNames(layout.referrers(repository, subject))) ?? [];
      const found: Descriptor[] = [];
      for (const name of names.sort()) {
        const digest = name.replace("-", ":") as Digest;
        const bytes = await fileBytes(layout.referrer(repository, subject, digest));
        // A removal that raced a second push can leave the record without its manifest.
        const exists = (await fileSize(layout.manifest(repository, digest))) !== undefined;
        if (bytes && exists) found.push(parseJson(descriptorSchema, bytes, `referrer ${digest}`));
      }
      return found;
    },
  };
}

function parseRecord(file: Uint8Array, digest: Digest) {
  const end = file.indexOf(NEW_LINE);
  if (end < 0) throw new SealiftError("IO", `Cannot read manifest ${digest}: its file is damaged`);
  const { mediaType, subject } = parseJson(recordSchema, file.subarray(0, end), `manifest ${digest}`, "IO");
  return { subject, manifest: { digest, mediaType, bytes: new Uint8Array(file.subarray(end + 1)) } };
}
