import { type ArchiveFile, openArchiveFile } from "../../src/bundle/archive-file.ts";
import type { Contents, Taken } from "../../src/bundle/contents.ts";
import { contentsOf } from "../../src/bundle/contents-archive.ts";
import type { Examination } from "../../src/bundle/examination.ts";
import { extractBundle } from "../../src/bundle/extract.ts";
import { openBundleFile } from "../../src/bundle/open-file.ts";
import { examineFile } from "../../src/bundle/verify-file.ts";
import { chunksOf, drain } from "../../src/bytes/stream.ts";
import { SealiftError } from "../../src/error.ts";
import { type PublicKey, parsePublicKey } from "../../src/trust/public-key.ts";
import { type Verdict, verdictExitCode } from "../../src/trust/verdict.ts";
import type { BrowserHost } from "../host/browser-host.ts";
import { fileSlices } from "../host/file-slices.ts";
import { folderFilesWriter } from "../host/folder.ts";
import type { BlobSlot } from "../host/spool.ts";
import { type Watch, watchedSlices } from "../host/watched-slices.ts";
import { zipFilesWriter } from "../host/zip.ts";
import type { TakenAll } from "./protocol.ts";

/** A file that is open: read by slices, listed, examined once, judged for any keys, taken apart. */
export class Session {
  readonly archive: ArchiveFile;
  readonly #source: Blob;
  readonly #host: BrowserHost;
  readonly #watch: Watch;
  #contents: Contents | undefined;
  #examination: Examination | undefined;
  #verdict: Verdict | undefined;
  /** Handed out, and kept until the file is closed: the browser reads them when it saves. */
  readonly #handedOut: BlobSlot[] = [];

  /** Opens a file; the watch is that of all its reads. Throws as reading does. */
  static async open(source: Blob, host: BrowserHost, watch: Watch): Promise<Session> {
    const archive = await openArchiveFile(watchedSlices(fileSlices(source), watch), host);
    return new Session(source, archive, host, watch);
  }

  private constructor(source: Blob, archive: ArchiveFile, host: BrowserHost, watch: Watch) {
    this.#source = source;
    this.#host = host;
    this.#watch = watch;
    // What was unpacked into the spool is read unwatched otherwise.
    this.archive = archive.compressed
      ? { ...archive, slices: watchedSlices(archive.slices, watch) }
      : archive;
  }

  /** Bytes of what is verified. */
  get size(): number {
    return this.archive.slices.size;
  }

  async contents(): Promise<Contents> {
    this.#contents ??= await contentsOf(this.archive, this.#host);
    return this.#contents;
  }

  async examine(): Promise<void> {
    this.#examination ??= await examineFile(this.archive, this.#host);
  }

  /** The verdict for these keys; undefined before the examination is over. */
  judge(keys: readonly PublicKey[]): Verdict | undefined {
    this.#verdict = this.#examination?.verdict(keys);
    return this.#verdict;
  }

  /** One thing, as a Blob that holds nothing unverified. */
  async take(key: string): Promise<{ name: string; blob: Blob }> {
    this.#requireVerified();
    const taken = await (await this.contents()).take(key);
    try {
      return { name: taken.name, blob: await this.#blobOf(taken) };
    } finally {
      await taken.dispose();
    }
  }

  /** Everything of a bundle at its target, into a folder or a zip. */
  async takeAll(folder?: FileSystemDirectoryHandle): Promise<TakenAll> {
    this.#requireVerified();
    const bundle = await openBundleFile(this.archive.slices, this.#host);
    const refused: { path: string; reason: string }[] = [];
    const options = { onRefused: (path: string, reason: string) => void refused.push({ path, reason }) };
    if (folder) {
      return { ...(await extractBundle(bundle, folderFilesWriter(folder), this.#host, options)), refused };
    }
    const slot = await this.#host.spool.create();
    const { paths } = await extractBundle(bundle, zipFilesWriter(slot), this.#host, options);
    this.#handedOut.push(slot);
    return { paths, refused, zip: { name: `${bundle.config.name}.zip`, blob: slot.blob() } };
  }

  async close(): Promise<void> {
    for (const slot of this.#handedOut) await slot.dispose();
    await this.archive.dispose();
  }

  /** As `sealift bundle extract`: nothing leaves a file that did not verify. */
  #requireVerified(): void {
    if (this.#verdict && verdictExitCode(this.#verdict) === 0) return;
    throw new SealiftError("VERIFICATION_FAILED", "Cannot take anything out: the file did not verify");
  }

  async #blobOf(taken: Taken): Promise<Blob> {
    const { pieces } = taken;
    if (pieces && !this.archive.compressed) {
      // Read once to its end, it holds; then the file's own bytes are handed out, not a copy.
      await drain(await taken.open());
      const parts = pieces.map((piece) =>
        piece instanceof Uint8Array
          ? (piece as Uint8Array<ArrayBuffer>)
          : this.#source.slice(piece.start, piece.end),
      );
      return new Blob(parts, { type: "application/octet-stream" });
    }
    return this.#copied(taken);
  }

  async #copied(taken: Taken): Promise<Blob> {
    const slot = await this.#host.spool.create();
    try {
      for await (const chunk of chunksOf(await taken.open())) {
        this.#watch.onRead(0);
        await slot.write(chunk);
      }
      await slot.close();
    } catch (error) {
      await slot.dispose();
      throw error;
    }
    this.#handedOut.push(slot);
    return slot.blob();
  }
}

/** Keys as the page keeps them. Throws KEY_INVALID. */
export function readKeys(pems: readonly string[]): readonly PublicKey[] {
  return pems.map((pem) => parsePublicKey(pem));
}
