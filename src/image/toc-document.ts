import * as v from "valibot";
import { type ByteStream, chunksOf, concat } from "../bytes/stream.ts";
import { parseJson } from "../oci/json.ts";
import { tocInvalid } from "./toc-entry.ts";

/** Bytes of entries that are read at a time, at least. */
const BATCH_SIZE = 16 << 10;

const documentSchema = v.object({ version: v.literal(1), entries: v.array(v.unknown()) });

/**
 * The entries of a table's JSON as they come, some at a time: of one of 64 MiB
 * an engine's own reader makes 400 MB. The document around them is read when it
 * has ended, so that what entries say counts only then. Fails as the stream
 * does, which is read to its end and may be another than was meant; and with
 * LAYOUT_INVALID where it is no table.
 */
export async function* tocEntries(json: ByteStream): AsyncGenerator<readonly unknown[], void, void> {
  const scanner = new Scanner();
  let failure: unknown;
  for await (const chunk of chunksOf(json)) {
    if (failure === undefined) failure = failureOf(() => scanner.scan(chunk));
    for (const batch of scanner.take()) yield batch;
  }
  if (failure !== undefined) throw failure;
  parseJson(documentSchema, scanner.document(), "table of contents", "LAYOUT_INVALID");
}

/** What the work fails with, to be thrown where nothing that counts for more has failed. */
export function failureOf(work: () => void): unknown {
  try {
    work();
    return undefined;
  } catch (error) {
    return error;
  }
}

const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/**
 * Cuts a document where its entries begin and end. It knows strings and
 * brackets and no more: what it cuts is judged by the engine's reader.
 */
class Scanner {
  /** Brackets that are open; the entries are in two. */
  #depth = 0;
  #isString = false;
  #isEscaped = false;
  /** The last string at the document's own level, as bytes: a key, if a colon follows. */
  #string: number[] = [];
  #key = "";
  #state: "before" | "entries" | "after" = "before";
  #document: Uint8Array[] = [];
  #batch: Uint8Array[] = [];
  #batchSize = 0;
  #batches: (readonly unknown[])[] = [];
  #isContinued = false;

  scan(chunk: Uint8Array): void {
    let start = 0;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] as number;
      if (this.#isString) {
        this.#inString(byte);
        continue;
      }
      if (byte === QUOTE) {
        this.#isString = true;
        this.#string = [];
      } else if (byte === COLON && this.#depth === 1) this.#key = this.#text();
      else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
        if (++this.#depth !== 2 || byte !== OPEN_LIST || this.#key !== "entries") continue;
        if (this.#state === "after") throw tocInvalid("it has its entries twice");
        this.#state = "entries";
        this.#document.push(chunk.slice(start, at + 1));
        start = at + 1;
      } else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) {
        if (this.#depth-- !== 2 || this.#state !== "entries") continue;
        this.#keep(chunk.subarray(start, at));
        this.#endBatch(false);
        this.#state = "after";
        start = at;
      } else if (byte === COMMA) {
        if (this.#depth === 1) this.#key = "";
        if (this.#depth !== 2 || this.#state !== "entries") continue;
        if (this.#batchSize + at - start < BATCH_SIZE) continue;
        this.#keep(chunk.subarray(start, at));
        this.#endBatch(true);
        start = at + 1;
      }
    }
    const rest = chunk.subarray(start);
    if (this.#state === "entries") this.#keep(rest);
    else this.#document.push(rest.slice());
  }

  /** The entries read since it was asked last. */
  take(): readonly (readonly unknown[])[] {
    return this.#batches.splice(0);
  }

  /** The whole without the entries. */
  document(): Uint8Array {
    return concat(this.#document);
  }

  #inString(byte: number): void {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (byte === BACKSLASH) this.#isEscaped = true;
    else if (byte === QUOTE) this.#isString = false;
    if (this.#isString && this.#depth === 1 && this.#string.length <= MAX_KEY) this.#string.push(byte);
  }

  /** A key may be written with escapes. */
  #text(): string {
    const text = String.fromCharCode(...this.#string);
    if (!text.includes("\\")) return text;
    try {
      return JSON.parse(`"${text}"`);
    } catch {
      return "";
    }
  }

  #keep(bytes: Uint8Array): void {
    this.#batch.push(bytes);
    this.#batchSize += bytes.length;
  }

  /** `isContinued`: a comma follows, and so must an entry. */
  #endBatch(isContinued: boolean): void {
    const bytes = concat([Uint8Array.of(OPEN_LIST), ...this.#batch, Uint8Array.of(CLOSE_LIST)]);
    const entries = parseJson(v.array(v.unknown()), bytes, "table of contents", "LAYOUT_INVALID");
    if (entries.length === 0 && (isContinued || this.#isContinued)) throw tocInvalid("it is not JSON");
    this.#batches.push(entries);
    this.#isContinued = isContinued;
    this.#batch = [];
    this.#batchSize = 0;
  }
}

/** `entries`, each letter as an escape. */
const MAX_KEY = 42;
