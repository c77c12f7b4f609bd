/**
 * Where things lie in a store's folder.
 *
 *     version                                   the layout's number
 *     blobs/ALGORITHM/AA/HEX                    content, shared by all repositories
 *     repositories/NAME/blobs/ALGORITHM/HEX     membership: a hard link to the content
 *     repositories/NAME/manifests/ALGORITHM/HEX a line of JSON about the manifest, then its bytes
 *     repositories/NAME/referrers/SUBJECT/DIGEST  a descriptor
 *     repositories/NAME/tags/TAG                the digest
 *     repositories/NAME/locks/TAG               exists while the tag is being moved
 *     uploads/NAME/ID                           what was received so far
 *     uploads/NAME/ID.DIGEST                    empty: the blob that an upload became, until the folder is swept
 *     tmp/                                      files on their way to their final name
 *
 * Tags differ by case, so the folder must be on a case-sensitive file system.
 */
import { join } from "node:path";
import { SealiftError } from "../../src/error.ts";
import { type Digest, digestAlgorithm, digestHex, isDigest } from "../../src/oci/digest.ts";
import { isRepositoryName, isTag } from "../../src/oci/reference.ts";
import { uploadUnknown } from "../../src/store/refusal.ts";

export interface Layout {
  readonly version: string;
  readonly temporary: string;
  readonly repositories: string;
  readonly allUploads: string;
  /** The folders in which whatever is pushed begins something new, if they are there. */
  readonly roots: readonly string[];
  repository(name: string): string;
  blob(digest: Digest): string;
  member(repository: string, digest: Digest): string;
  manifest(repository: string, digest: Digest): string;
  referrers(repository: string, subject: Digest): string;
  referrer(repository: string, subject: Digest, digest: Digest): string;
  tags(repository: string): string;
  tag(repository: string, tag: string): string;
  tagLock(repository: string, tag: string): string;
  uploads(repository: string): string;
  upload(repository: string, id: string): string;
  uploadEnd(repository: string, id: string, digest: Digest): string;
}

const UPLOAD_ID = /^[0-9a-f]{32}$/;

/** A repository's name as one folder's: flat, so that listing is one read, and no longer than a file name may be. */
function folderOf(name: string): string {
  return name.replaceAll("/", "+");
}

/** The repository's name of a folder made by this store. */
export function repositoryOf(folder: string): string {
  return folder.replaceAll("+", "/");
}

/** Every name is checked again here, whoever calls: a wrong one could leave the folder. */
export function storeLayout(root: string): Layout {
  const inRepository = (name: string, ...rest: string[]) =>
    join(root, "repositories", checkedFolder(name), ...rest);
  return {
    version: join(root, "version"),
    temporary: join(root, "tmp"),
    repositories: join(root, "repositories"),
    allUploads: join(root, "uploads"),
    roots: ["", "tmp", "blobs", "repositories", "uploads"].map((name) => join(root, name)),
    repository: (name) => inRepository(name),
    blob: (digest) => {
      const { algorithm, hex } = checkedDigest(digest);
      return join(root, "blobs", algorithm, hex.slice(0, 2), hex);
    },
    member: (name, digest) => {
      const { algorithm, hex } = checkedDigest(digest);
      return inRepository(name, "blobs", algorithm, hex);
    },
    manifest: (name, digest) => {
      const { algorithm, hex } = checkedDigest(digest);
      return inRepository(name, "manifests", algorithm, hex);
    },
    referrers: (name, subject) => inRepository(name, "referrers", digestName(subject)),
    referrer: (name, subject, digest) =>
      inRepository(name, "referrers", digestName(subject), digestName(digest)),
    tags: (name) => inRepository(name, "tags"),
    tag: (name, tag) => inRepository(name, "tags", checkedTag(tag)),
    tagLock: (name, tag) => inRepository(name, "locks", checkedTag(tag)),
    uploads: (name) => join(root, "uploads", checkedFolder(name)),
    upload: (name, id) => join(root, "uploads", checkedFolder(name), checkedId(id)),
    uploadEnd: (name, id, digest) =>
      join(root, "uploads", checkedFolder(name), `${checkedId(id)}.${digestName(digest)}`),
  };
}

function checkedFolder(name: string): string {
  if (!isRepositoryName(name)) throw refused("NAME_INVALID", name, "a repository name");
  return folderOf(name);
}

function checkedDigest(digest: Digest): { algorithm: string; hex: string } {
  if (!isDigest(digest)) throw refused("DIGEST_INVALID", digest, "a digest");
  return { algorithm: digestAlgorithm(digest), hex: digestHex(digest) };
}

function digestName(digest: Digest): string {
  const { algorithm, hex } = checkedDigest(digest);
  return `${algorithm}-${hex}`;
}

function checkedTag(tag: string): string {
  if (!isTag(tag)) throw refused("TAG_INVALID", tag, "a tag");
  return tag;
}

/** Whether this store could have given out the id. */
export function isUploadId(id: string): boolean {
  return UPLOAD_ID.test(id);
}

function checkedId(id: string): string {
  if (!isUploadId(id)) throw uploadUnknown(id);
  return id;
}

function refused(
  code: "NAME_INVALID" | "DIGEST_INVALID" | "TAG_INVALID",
  text: string,
  what: string,
): SealiftError {
  return new SealiftError(code, `Cannot use "${text.slice(0, 160)}" in a store: it is not ${what}`);
}
