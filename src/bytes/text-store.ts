import { SealiftError } from "../error.ts";

/** Bytes of each page; what is longer has a page of its own. */
const PAGE_SIZE = 1 << 20;
/** A reference is a page and a place in it, in 32 bits. */
const MAX_PAGES = 1 << 12;

/** Of a call; engines differ in how many arguments they take. */
const MAX_ARGUMENTS = 4096;
/** Seven bits of it in each byte. */
const MAX_HEAD = 5;

const EMPTY: Uint8Array = new Uint8Array();
const decoder = new TextDecoder();

/**
 * Texts as bytes, by the hundred thousand: of short strings an engine's own
 * bookkeeping is larger than what they say, and its collector goes through all
 * of them again and again. What is put in stays as long as the store does.
 */
export class TextStore {
  readonly #pages: Uint8Array[] = [];
  #page: Uint8Array = EMPTY;
  #used = 0;
  // What was found last.
  #bytes: Uint8Array = EMPTY;
  #start = 0;
  #size = 0;
  #isWide = false;

  /** Keeps a text and gives its reference, which is 0 for "" alone. Throws LIMIT_EXCEEDED. */
  add(text: string): number {
    if (text === "") return 0;
    let isWide = false;
    for (let at = 0; at < text.length && !isWide; at++) isWide = text.charCodeAt(at) > 0x7f;
    const reference = this.#reserve(isWide ? text.length * 2 : text.length, isWide);
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      this.#page[this.#used++] = code;
      if (isWide) this.#page[this.#used++] = code >> 8;
    }
    return reference;
  }

  /** Keeps bytes. Throws LIMIT_EXCEEDED. */
  addBytes(bytes: Uint8Array): number {
    if (bytes.length === 0) return 0;
    const reference = this.#reserve(bytes.length, false);
    this.#page.set(bytes, this.#used);
    this.#used += bytes.length;
    return reference;
  }

  get(reference: number): string {
    if (reference === 0) return "";
    this.#find(reference);
    const bytes = this.#bytes.subarray(this.#start, this.#start + this.#size);
    return this.#isWide ? wideText(bytes) : decoder.decode(bytes);
  }

  /** What {@link TextStore.addBytes} has kept; a view. */
  getBytes(reference: number): Uint8Array {
    if (reference === 0) return EMPTY;
    this.#find(reference);
    return this.#bytes.subarray(this.#start, this.#start + this.#size);
  }

  /** Whether a reference is to this text. */
  equals(reference: number, text: string): boolean {
    if (reference === 0) return text === "";
    this.#find(reference);
    const step = this.#isWide ? 2 : 1;
    if (this.#size !== text.length * step) return false;
    for (let at = 0, place = this.#start; at < text.length; at++, place += step) {
      let code = this.#bytes[place] as number;
      if (this.#isWide) code |= (this.#bytes[place + 1] as number) << 8;
      if (code !== text.charCodeAt(at)) return false;
    }
    return true;
  }

  /** Makes room and writes what stands before a text: twice its bytes, and one more where it is a wide one. */
  #reserve(size: number, isWide: boolean): number {
    if (this.#used + MAX_HEAD + size > this.#page.length) this.#turn(size);
    const reference = (this.#pages.length - 1) * PAGE_SIZE + this.#used;
    let head = size * 2 + (isWide ? 1 : 0);
    for (; head > 0x7f; head >>>= 7) this.#page[this.#used++] = (head & 0x7f) | 0x80;
    this.#page[this.#used++] = head;
    return reference;
  }

  #turn(size: number): void {
    if (this.#pages.length === MAX_PAGES) {
      throw new SealiftError(
        "LIMIT_EXCEEDED",
        `Cannot keep names and attributes: they have more than ${MAX_PAGES * PAGE_SIZE} bytes`,
      );
    }
    this.#page = new Uint8Array(Math.max(PAGE_SIZE, 1 + MAX_HEAD + size));
    this.#pages.push(this.#page);
    // No text's reference is 0.
    this.#used = 1;
  }

  #find(reference: number): void {
    this.#bytes = this.#pages[Math.floor(reference / PAGE_SIZE)] as Uint8Array;
    let at = reference % PAGE_SIZE;
    let head = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.#bytes[at++] as number;
      head |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    this.#start = at;
    this.#size = head >>> 1;
    this.#isWide = (head & 1) === 1;
  }
}

/** UTF-16 in little-endian; it may have halves of pairs, which UTF-8 has not. */
function wideText(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 2 * MAX_ARGUMENTS) {
    const part = bytes.subarray(at, at + 2 * MAX_ARGUMENTS);
    const codes = Array.from({ length: part.length / 2 }, (_, index) => wideCode(part, index));
    text += String.fromCharCode(...codes);
  }
  return text;
}

function wideCode(bytes: Uint8Array, index: number): number {
  return (bytes[2 * index] as number) | ((bytes[2 * index + 1] as number) << 8);
}
