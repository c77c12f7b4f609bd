import { DurableObject } from "cloudflare:workers";
import { concat } from "../../src/bytes/stream.ts";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import type { Digest } from "../../src/oci/digest.ts";
import type { PageOptions, Referrer, StoredManifest } from "../../src/store/store.ts";
import type { CatalogObject } from "./cloudflare-catalog.ts";

const KNOWN = "known";

/** A row holds 2 MB at most, a manifest 4 MiB. */
const PART = 1024 * 1024;

const SCHEMA = `
  CREATE TABLE tags (name TEXT PRIMARY KEY, digest TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE manifests (digest TEXT PRIMARY KEY, media_type TEXT NOT NULL, subject TEXT, descriptor TEXT);
  CREATE INDEX referrers ON manifests (subject, digest) WHERE subject IS NOT NULL;
  CREATE TABLE parts (
    digest TEXT NOT NULL REFERENCES manifests ON DELETE CASCADE,
    part INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (digest, part)
  );`;

/** Who tells which repositories there are. */
interface CatalogBinding {
  readonly CATALOG: DurableObjectNamespace<CatalogObject>;
}

/**
 * One repository: its tags, its manifests and who refers to whom, in one
 * database, so that each change is whole and comes before or after any other.
 */
export class RepositoryObject extends DurableObject<CatalogBinding> {
  /** Makes the repository known from now on. */
  async enlist(name: string): Promise<void> {
    if (this.#isKnown) return;
    // First the list: a repository nobody can find would be worse than an empty one.
    await this.env.CATALOG.getByName("").add(name);
    if (this.#isKnown) return;
    this.ctx.storage.transactionSync(() => {
      this.#sql(SCHEMA);
      this.ctx.storage.kv.put(KNOWN, true);
    });
  }

  manifest(digest: Digest): Omit<StoredManifest, "digest"> | undefined {
    if (!this.#isKnown) return undefined;
    const [row] = this.#sql<{ media_type: string }>(
      "SELECT media_type FROM manifests WHERE digest = ?",
      digest,
    );
    if (!row) return undefined;
    const parts = this.#sql<{ bytes: ArrayBuffer }>(
      "SELECT bytes FROM parts WHERE digest = ? ORDER BY part",
      digest,
    );
    return { mediaType: row.media_type, bytes: concat(parts.map(({ bytes }) => new Uint8Array(bytes))) };
  }

  async putManifest(name: string, manifest: StoredManifest, referrer?: Referrer): Promise<void> {
    await this.enlist(name);
    const { digest, mediaType, bytes } = manifest;
    this.ctx.storage.transactionSync(() => {
      this.#sql("DELETE FROM manifests WHERE digest = ?", digest);
      const descriptor = referrer && JSON.stringify(referrer.descriptor);
      const row = [digest, mediaType, referrer?.subject ?? null, descriptor ?? null];
      this.#sql("INSERT INTO manifests VALUES (?, ?, ?, ?)", ...row);
      for (let start = 0; start < bytes.length; start += PART) {
        this.#sql(
          "INSERT INTO parts VALUES (?, ?, ?)",
          digest,
          start / PART,
          bytes.slice(start, start + PART),
        );
      }
    });
  }

  /** False if there was none. */
  removeManifest(digest: Digest): boolean {
    if (!this.#isKnown) return false;
    return this.#sql("DELETE FROM manifests WHERE digest = ? RETURNING digest", digest).length > 0;
  }

  /** By digest. */
  referrers(subject: Digest): Descriptor[] {
    if (!this.#isKnown) return [];
    const rows = this.#sql<{ descriptor: string }>(
      "SELECT descriptor FROM manifests WHERE subject = ? ORDER BY digest",
      subject,
    );
    return rows.map(({ descriptor }) => JSON.parse(descriptor) as Descriptor);
  }

  tag(name: string): Digest | undefined {
    if (!this.#isKnown) return undefined;
    return this.#sql<{ digest: Digest }>("SELECT digest FROM tags WHERE name = ?", name)[0]?.digest;
  }

  /** Moves a tag if it is where it is expected to be; undefined stands for no tag. */
  async swapTag(
    repository: string,
    name: string,
    expected: Digest | undefined,
    next: Digest | undefined,
  ): Promise<boolean> {
    if (this.tag(name) !== expected) return false;
    if (next === expected) return true;
    await this.enlist(repository);
    // Another may have come while the list was told.
    if (this.tag(name) !== expected) return false;
    if (next === undefined) this.#sql("DELETE FROM tags WHERE name = ?", name);
    else this.#sql("INSERT OR REPLACE INTO tags VALUES (?, ?)", name, next);
    return true;
  }

  /** In byte order; undefined if the repository is unknown. */
  tags({ last = "", limit = -1 }: PageOptions = {}): string[] | undefined {
    if (!this.#isKnown) return undefined;
    const rows = this.#sql<{ name: string }>(
      "SELECT name FROM tags WHERE name > ? ORDER BY name LIMIT ?",
      last,
      limit,
    );
    return rows.map(({ name }) => name);
  }

  /** Asked first everywhere: looking for a repository that does not exist must not leave a database behind. */
  get #isKnown(): boolean {
    return this.ctx.storage.kv.get(KNOWN) === true;
  }

  #sql<Row extends Record<string, SqlStorageValue>>(query: string, ...values: unknown[]): Row[] {
    return this.ctx.storage.sql.exec<Row>(query, ...values).toArray();
  }
}
