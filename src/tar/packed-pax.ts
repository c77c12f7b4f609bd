import { concat } from "../bytes/stream.ts";
import { encodePaxRecord, type PaxRecords, parsePax } from "./pax.ts";

type Each = Parameters<PaxRecords["forEach"]>[0];

/** PAX records as the bytes they are in an archive, taken apart when one is asked for. */
export class PackedPax implements PaxRecords {
  readonly bytes: Uint8Array;
  #unpacked: PaxRecords | undefined;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get size(): number {
    return this.#records.size;
  }

  get(key: string): Uint8Array | undefined {
    return this.#records.get(key);
  }

  has(key: string): boolean {
    return this.#records.has(key);
  }

  keys(): MapIterator<string> {
    return this.#records.keys();
  }

  values(): MapIterator<Uint8Array> {
    return this.#records.values();
  }

  entries(): MapIterator<[string, Uint8Array]> {
    return this.#records.entries();
  }

  [Symbol.iterator](): MapIterator<[string, Uint8Array]> {
    return this.#records.entries();
  }

  forEach(each: Each, self?: unknown): void {
    this.#records.forEach(each, self);
  }

  get #records(): PaxRecords {
    // Copies: each value is as long as its buffer.
    this.#unpacked ??= new Map(parsePax(this.bytes).map(({ key, value }) => [key, value.slice()]));
    return this.#unpacked;
  }
}

/** The records as bytes. */
export function packedPax(records: PaxRecords): Uint8Array {
  if (records instanceof PackedPax) return records.bytes;
  return concat([...records].map(([key, value]) => encodePaxRecord(key, value)));
}
