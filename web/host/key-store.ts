import { get, set } from "idb-keyval";

/** A public key that this browser's user trusts, under a name of their own. */
export interface TrustedKey {
  readonly name: string;
  /** `PUBLIC KEY` PEM. */
  readonly pem: string;
  /** What signatures call it. */
  readonly hint: string;
}

export interface KeyStore {
  /** Whether keys outlive the page. */
  readonly lasting: boolean;
  load(): Promise<readonly TrustedKey[]>;
  save(keys: readonly TrustedKey[]): Promise<void>;
}

const ENTRY = "sealift.trusted-keys";

/** Keys in this origin's database. */
export const databaseKeys: KeyStore = {
  lasting: true,
  load: async () => (await get<readonly TrustedKey[]>(ENTRY)) ?? [],
  save: (keys) => set(ENTRY, keys),
};

/**
 * Keys for as long as the page is open. Browsers give all pages from
 * `file://` one database: any other file that was opened could have put a
 * key of its own there, and be trusted.
 */
export const passingKeys: KeyStore = {
  lasting: false,
  load: async () => [],
  save: async () => {},
};
