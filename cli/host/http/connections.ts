import type { Connection } from "./connection.ts";

/** A connection that waits for the next request, and until when it may. */
interface Kept {
  readonly connection: Connection;
  /** By `now`. */
  readonly until: number;
}

/** Less than a server says it waits: its patience began before ours. */
const MARGIN = 1000;

/** Connections that are kept for the next request to the same place. */
export class Connections {
  readonly #waiting = new Map<string, Kept[]>();
  readonly #all = new Set<Connection>();

  /** One that leads there; the last that was used, which the server is least likely to have closed. */
  take(place: string): Connection | undefined {
    const kept = this.#waiting.get(place) ?? [];
    for (let last = kept.pop(); last; last = kept.pop()) {
      const { connection, until } = last;
      if (connection.isClean && now() < until) {
        connection.hold(true);
        return connection;
      }
      connection.destroy();
    }
    return undefined;
  }

  /** One that is in use. */
  add(connection: Connection): void {
    this.#all.add(connection);
    connection.onClose(() => this.#all.delete(connection));
  }

  /** It waits from now on, and no process for it; `hint` is what the server says of how long. */
  keep(place: string, connection: Connection, hint = ""): void {
    const [, seconds] = /\btimeout=(\d+)/.exec(hint) ?? [];
    const patience = seconds === undefined ? Number.POSITIVE_INFINITY : Number(seconds) * 1000 - MARGIN;
    const kept = this.#waiting.get(place) ?? [];
    this.#waiting.set(place, kept);
    kept.push({ connection, until: now() + patience });
    connection.hold(false);
  }

  /** Closes them all. */
  dispose(): void {
    for (const connection of this.#all) connection.destroy();
    this.#waiting.clear();
  }
}

/** Milliseconds that only grow; `performance` would take one of them to load. */
function now(): number {
  return process.uptime() * 1000;
}
