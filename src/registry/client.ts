import { collect } from "../bytes/stream.ts";
import type { ErrorCode } from "../error.ts";
import type { Credential, FetchResponse, Host } from "../host.ts";
import { Authenticator } from "./auth.ts";
import { type Endpoint, endpointOf, endpointUrl } from "./endpoint.ts";
import { type FailureContext, failureOf, quote } from "./failure.ts";
import { retrying } from "./retry.ts";
import { type Answer, discard, type HttpRequest, networkFailure, send } from "./transport.ts";

export interface Call extends HttpRequest {
  /** What a token must allow; see scope.ts. */
  readonly scopes: readonly string[];
  /** The statuses that are an answer; every other one is thrown as the error it stands for. */
  readonly expect: readonly number[];
  /** The code for a 404 that does not say what is missing. */
  readonly missing?: ErrorCode;
}

export interface RegistryOptions {
  /** Speak HTTP, not only to loopback. */
  readonly insecure?: boolean | undefined;
  /** For this registry alone, before the host's own. */
  readonly credential?: Credential;
  /** Nothing is tried without the credential, for those who want to know whether it holds. */
  readonly credentialOnly?: boolean;
}

/** Requests to one registry: authenticated, retried, and with failures as errors. */
export class RegistryClient {
  readonly host: Host;
  readonly endpoint: Endpoint;
  readonly #auth: Authenticator;
  readonly #warned = new Set<string>();

  constructor(host: Host, registry: string, options: RegistryOptions = {}) {
    this.host = host;
    this.endpoint = endpointOf(registry, options.insecure);
    this.#auth = new Authenticator(host, this.endpoint, options);
  }

  url(repository: string, ...path: readonly string[]): URL {
    return endpointUrl(this.endpoint, repository, ...path);
  }

  /** An answer and its whole body, at most `limit` bytes; a body that breaks off is asked for again. */
  read(call: Call, limit: number): Promise<Answer & { readonly bytes: Uint8Array }> {
    return retrying(this.host, async () => {
      const answer = await this.once(call);
      try {
        const { body } = answer.response;
        return {
          ...answer,
          bytes: body ? await collect(body, limit, `the answer to ${call.what}`) : new Uint8Array(),
        };
      } catch (error) {
        throw networkFailure(this.host, call.what, answer.url, error);
      }
    });
  }

  /** An answer of which only status and headers matter. */
  ask(call: Call): Promise<Answer> {
    return retrying(this.host, () => this.askOnce(call));
  }

  /** As {@link ask}, but tried once. */
  async askOnce(call: Call): Promise<Answer> {
    const answer = await this.once(call);
    await discard(answer.response);
    return answer;
  }

  /** An answer with its body still to be read or discarded; tried once, for those who continue rather than repeat. */
  async once(call: Call): Promise<Answer> {
    const answer = await this.#attempt(call);
    const { response } = answer;
    this.#relayWarnings(response);
    if (call.expect.includes(response.status)) return answer;
    throw await failureOf(response, {
      what: call.what,
      missing: call.missing,
      ...this.#answerer(call, answer.url),
      now: this.host.clock.now(),
    });
  }

  // A redirect or an upload's Location may have led elsewhere.
  #answerer({ scopes }: Call, { origin, host }: URL): Pick<FailureContext, "who" | "sentBy" | "tried"> {
    if (origin !== this.endpoint.base.origin) return { who: host, sentBy: this.endpoint.registry };
    return { tried: this.#auth.tried(scopes) };
  }

  // An upload's Location may be on another host: it gets the bytes, not our credentials.
  #attempt(call: Call): Promise<Answer> {
    if (call.url.origin !== this.endpoint.base.origin) return send(this.host, call);
    return this.#auth.authorised(call.scopes, (authorization) => send(this.host, call, authorization));
  }

  /** distribution-spec "Warnings": `299 - "text"`, each shown once. */
  #relayWarnings(response: FetchResponse): void {
    for (const [, text] of (response.headers.get("warning") ?? "").matchAll(/299 - "((?:[^"\\]|\\.)*)"/g)) {
      const message = `${this.endpoint.registry} warns: ${quote((text ?? "").replace(/\\(.)/g, "$1"))}`;
      this.warnOnce(message);
    }
  }

  warnOnce(message: string): void {
    if (this.#warned.has(message)) return;
    this.#warned.add(message);
    this.host.log({ type: "warning", message });
  }
}
