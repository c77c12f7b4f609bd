import type { Call, RegistryClient } from "./client.ts";
import { type Answer, discard, send } from "./transport.ts";

/** An address each, of a kilobyte; what is read in parts are the layers of an image or two. */
const MAX_KNOWN = 1_000;

/**
 * Where a registry sends those who ask for its blobs: a storage host takes the
 * requests for the other parts of a blob without the registry being asked for
 * each. Such addresses are signed for some minutes; whatever goes wrong with
 * one, the registry is asked anew.
 */
export class BlobLocations {
  readonly #client: RegistryClient;
  readonly #known = new Map<string, URL>();

  constructor(client: RegistryClient) {
    this.#client = client;
  }

  /** As {@link RegistryClient.once}. */
  async once(call: Call): Promise<Answer> {
    const answer = (await this.#atKnown(call)) ?? (await this.#client.once(call));
    // Where the registry itself has it, under another path, it wants to be asked with a login.
    if (answer.url.origin !== call.url.origin) this.#remember(call, answer.url);
    return answer;
  }

  /** The registry shall be asked next time. */
  forget({ url }: Call): void {
    this.#known.delete(url.href);
  }

  async #atKnown(call: Call): Promise<Answer | undefined> {
    const url = this.#known.get(call.url.href);
    if (!url) return undefined;
    try {
      const answer = await send(this.#client.host, { ...call, url });
      if (call.expect.includes(answer.response.status)) return answer;
      await discard(answer.response);
    } catch (error) {
      this.forget(call);
      throw error;
    }
    this.forget(call);
    return undefined;
  }

  #remember({ url }: Call, location: URL): void {
    this.#known.set(url.href, location);
    const [oldest] = this.#known.keys();
    if (this.#known.size > MAX_KNOWN) this.#known.delete(oldest as string);
  }
}
