import { DurableObject } from "cloudflare:workers";
import type { PageOptions } from "../../src/store/store.ts";

/** The names of all repositories: one object, written to once for each of them. */
export class CatalogObject extends DurableObject {
  constructor(state: DurableObjectState, env: unknown) {
    super(state, env as never);
    state.storage.sql.exec("CREATE TABLE IF NOT EXISTS repositories (name TEXT PRIMARY KEY) WITHOUT ROWID");
  }

  add(name: string): void {
    this.ctx.storage.sql.exec("INSERT OR IGNORE INTO repositories VALUES (?)", name);
  }

  /** In byte order. */
  list({ last = "", limit = -1 }: PageOptions = {}): string[] {
    const rows = this.ctx.storage.sql.exec<{ name: string }>(
      "SELECT name FROM repositories WHERE name > ? ORDER BY name LIMIT ?",
      last,
      limit,
    );
    return rows.toArray().map(({ name }) => name);
  }
}
