/** Numbers of each page: adding copies nothing of those before. */
const PAGE_LENGTH = 1 << 12;

type Page = Float64Array | Uint32Array | Uint16Array;

/** A list of numbers that only grows, each in the bytes of its kind and not one more. */
export class Column {
  readonly #make: () => Page;
  readonly #pages: Page[] = [];
  #length = 0;

  constructor(kind: { new (length: number): Page }) {
    this.#make = () => new kind(PAGE_LENGTH);
  }

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    if (this.#length % PAGE_LENGTH === 0) this.#pages.push(this.#make());
    this.set(this.#length++, value);
  }

  get(at: number): number {
    return (this.#pages[Math.floor(at / PAGE_LENGTH)] as Page)[at % PAGE_LENGTH] as number;
  }

  set(at: number, value: number): void {
    (this.#pages[Math.floor(at / PAGE_LENGTH)] as Page)[at % PAGE_LENGTH] = value;
  }
}
