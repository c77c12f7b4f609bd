import type { Credential, Host } from "../host.ts";
import type { Challenge } from "./challenge.ts";
import type { Endpoint } from "./endpoint.ts";
import { LOOK_AGAIN, Session } from "./session.ts";
import { type Answer, discard } from "./transport.ts";

/** Ends a quarrel with a registry that refuses one request with every token and takes the tokens elsewhere. */
const MAX_TRIES = 12;

export interface AuthenticatorOptions {
  /** In place of the host's own. */
  readonly credential?: Credential;
  /** Does not go on without it. */
  readonly credentialOnly?: boolean;
}

/**
 * Finds, for each scope, the first credential that a registry accepts: those of
 * the host in their order, then none. One per registry; sessions are shared by
 * all its requests.
 */
export class Authenticator {
  readonly #host: Host;
  readonly #endpoint: Endpoint;
  readonly #explicit: readonly (Credential | undefined)[] | undefined;
  readonly #sessions = new Map<string, Session>();
  #candidates: Promise<readonly (Credential | undefined)[]> | undefined;
  #candidatesUntil = 0;
  #challenge: Challenge | undefined;

  constructor(host: Host, endpoint: Endpoint, options: AuthenticatorOptions = {}) {
    this.#host = host;
    this.#endpoint = endpoint;
    const { credential, credentialOnly = false } = options;
    this.#explicit = credential && (credentialOnly ? [credential] : [credential, undefined]);
  }

  /**
   * Calls `attempt` with an Authorization for the scopes, again with the next
   * candidate while the registry answers 401 or 403. The last answer is
   * returned whatever it is; a 403 outranks the 401 of a later candidate.
   */
  async authorised(
    scopes: readonly string[],
    attempt: (authorization: string | undefined) => Promise<Answer>,
  ): Promise<Answer> {
    const session = this.#session(scopes);
    let header = await session.header();
    let denied: Answer | undefined;
    for (let tries = 1; ; tries++) {
      const answer = await attempt(header);
      if (!this.#refuses(answer)) {
        session.accepted(header);
        return only(answer, denied);
      }
      const next = tries < MAX_TRIES ? await session.next(header, answer.response) : undefined;
      if (next === undefined || next === header) return denied ? only(denied, answer) : answer;
      if (answer.response.status === 403 && !denied) denied = answer;
      else await discard(answer.response);
      header = next;
    }
  }

  /** Where the credentials came from that were tried for these scopes. */
  tried(scopes: readonly string[]): readonly string[] {
    return this.#session(scopes).tried;
  }

  // A storage host that a redirect led to has no say about the registry's credentials.
  #refuses({ response, url }: Answer): boolean {
    const refused = response.status === 401 || response.status === 403;
    return refused && url.origin === this.#endpoint.base.origin;
  }

  #session(scopes: readonly string[]): Session {
    const key = scopes.join(" ");
    const wider = this.#sessions.get(key.replace(/:pull$/, ":pull,push"));
    if (wider?.isOpen) return wider;
    let session = this.#sessions.get(key);
    if (!session) {
      session = new Session(this.#host, this.#endpoint, scopes, {
        candidates: () => this.#find(),
        learned: (challenge) => this.#learn(challenge),
        known: () => this.#challenge,
      });
      this.#sessions.set(key, session);
    }
    return session;
  }

  #find(): Promise<readonly (Credential | undefined)[]> {
    const now = this.#host.clock.now();
    if (!this.#candidates || now >= this.#candidatesUntil) {
      this.#candidatesUntil = now + LOOK_AGAIN;
      this.#candidates = this.#explicit
        ? Promise.resolve(this.#explicit)
        : this.#host.credentials.find(this.#endpoint.registry).then((found) => [...found, undefined]);
    }
    return this.#candidates;
  }

  // Other scopes start from this challenge, without the scope that it named for one of them.
  #learn(challenge: Challenge): void {
    const parameters = new Map(challenge.parameters);
    parameters.delete("scope");
    this.#challenge = { ...challenge, parameters };
  }
}

/** Keeps one answer and lets go of the other's connection. */
async function only(answer: Answer, other: Answer | undefined): Promise<Answer> {
  if (other) await discard(other.response);
  return answer;
}
