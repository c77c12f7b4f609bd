import { type ReadonlySignal, signal } from "@preact/signals";
import type { KeyStore, TrustedKey } from "../host/key-store.ts";

/** The trusted keys: kept where the store keeps them, and told to whoever judges by them. */
export class TrustedKeys {
  readonly #keys = signal<readonly TrustedKey[]>([]);
  readonly #store: KeyStore;
  readonly #onChange: () => void;

  constructor(store: KeyStore, onChange: () => void) {
    this.#store = store;
    this.#onChange = onChange;
  }

  get all(): ReadonlySignal<readonly TrustedKey[]> {
    return this.#keys;
  }

  get lasting(): boolean {
    return this.#store.lasting;
  }

  get pems(): readonly string[] {
    return this.#keys.value.map(({ pem }) => pem);
  }

  /** A database that cannot be read (a private window) is an empty one. */
  async load(): Promise<void> {
    this.#keys.value = await this.#store.load().catch(() => []);
    if (this.#keys.value.length > 0) this.#onChange();
  }

  /** The name a key goes by here; undefined for a stranger's. */
  nameOf(hint: string): string | undefined {
    return this.#keys.value.find((key) => key.hint === hint)?.name;
  }

  async add(key: TrustedKey): Promise<void> {
    const others = this.#keys.value.filter(({ hint }) => hint !== key.hint);
    await this.#replace([...others, key]);
  }

  async remove(hint: string): Promise<void> {
    await this.#replace(this.#keys.value.filter((key) => key.hint !== hint));
  }

  async #replace(keys: readonly TrustedKey[]): Promise<void> {
    this.#keys.value = keys;
    this.#onChange();
    await this.#store.save(keys).catch(() => {});
  }
}
