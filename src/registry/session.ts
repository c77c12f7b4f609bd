import type { Credential, FetchResponse, Host } from "../host.ts";
import { type Challenge, parseChallenges } from "./challenge.ts";
import type { Endpoint } from "./endpoint.ts";
import { mergeScopes } from "./scope.ts";
import { basicAuthorization, requestToken } from "./token.ts";

/** A token is renewed this long before it ends, in milliseconds, or at half its life if that is shorter. */
const RENEW_EARLY = 30_000;

/** After this long, in milliseconds, refused credentials are looked up and tried again: a server outlives passwords. */
export const LOOK_AGAIN = 300_000;

/** What the sessions of one registry share. */
export interface SessionRegistry {
  candidates(): Promise<readonly (Credential | undefined)[]>;
  learned(challenge: Challenge): void;
  known(): Challenge | undefined;
}

/** A candidate in use, and the Authorization made from it. */
interface Grant {
  readonly index: number;
  readonly header: string;
  /** Milliseconds since the epoch. */
  readonly renewAt: number;
}

/** One set of scopes: which candidate is in use, and its token. */
export class Session {
  readonly tried: string[] = [];
  readonly #host: Host;
  readonly #endpoint: Endpoint;
  readonly #scopes: readonly string[];
  readonly #registry: SessionRegistry;
  #challenge: Challenge | undefined;
  #grant: Grant | undefined;
  /** The last grant the registry took; kept so that one refused request does not log the rest out. */
  #proven: Grant | undefined;
  #nextCandidate = 0;
  /** When the last candidate was refused, if all were. */
  #exhaustedAt: number | undefined;
  #pending: Promise<string | undefined> | undefined;

  constructor(host: Host, endpoint: Endpoint, scopes: readonly string[], registry: SessionRegistry) {
    this.#host = host;
    this.#endpoint = endpoint;
    this.#scopes = scopes;
    this.#registry = registry;
  }

  get isOpen(): boolean {
    return this.#proven !== undefined;
  }

  /** What to send at first: nothing, until the registry has once asked for something. */
  async header(): Promise<string | undefined> {
    const grant = this.#grant;
    if (grant && this.#host.clock.now() < grant.renewAt) return grant.header;
    if (grant) return this.#once(() => this.#renew(grant));
    this.#challenge ??= this.#registry.known();
    if (!this.#challenge) return undefined;
    return this.#once(async () => {
      if (this.#grant) return this.#grant.header;
      if (this.#exhaustedAt !== undefined) {
        if (this.#host.clock.now() < this.#exhaustedAt + LOOK_AGAIN) return undefined;
        this.#exhaustedAt = undefined;
        this.#nextCandidate = 0;
      }
      return this.#advance();
    });
  }

  accepted(header: string | undefined): void {
    if (header !== undefined && this.#grant?.header === header) this.#proven = this.#grant;
  }

  /** Another Authorization after `used` was refused; undefined if there is none left. */
  async next(used: string | undefined, response: FetchResponse): Promise<string | undefined> {
    const challenge = chooseChallenge(response.headers.get("www-authenticate"));
    if (challenge) {
      this.#challenge = challenge;
      this.#registry.learned(challenge);
    }
    if (!this.#challenge) return undefined;
    return this.#once(async () => {
      // Another request may have moved the session on while this one was under way.
      const grant = this.#grant;
      if (grant && grant.header !== used) return grant.header;
      const expired = grant && this.#proven === grant && response.status === 401;
      if (expired) return this.#renew(grant);
      const anonymousMayHelp = response.status === 401 || used === undefined;
      return this.#advance(anonymousMayHelp);
    });
  }

  /** Runs one change of the session at a time; who comes while it runs takes its result into account. */
  async #once(change: () => Promise<string | undefined>): Promise<string | undefined> {
    while (this.#pending) await this.#pending.catch(() => {});
    this.#pending = change();
    try {
      return await this.#pending;
    } finally {
      this.#pending = undefined;
    }
  }

  async #renew(grant: Grant): Promise<string | undefined> {
    if (this.#grant !== grant) return this.#grant?.header;
    this.#proven = undefined;
    this.#grant = undefined;
    this.#nextCandidate = grant.index;
    return this.#advance();
  }

  /** Goes through the candidates that are left until one yields an Authorization. */
  async #advance(anonymousMayHelp = true): Promise<string | undefined> {
    const candidates = await this.#registry.candidates();
    for (let index = this.#nextCandidate; index < candidates.length; index++) {
      const candidate = candidates[index];
      if (!candidate && !anonymousMayHelp) continue;
      if (candidate && !this.tried.includes(candidate.origin)) this.tried.push(candidate.origin);
      const made = await this.#authorisation(candidate);
      // Only now: a token server out of reach has refused nobody.
      this.#nextCandidate = index + 1;
      if (!made) continue;
      this.#grant = { index, ...made };
      return made.header;
    }
    this.#exhaustedAt = this.#host.clock.now();
    this.#grant = this.#proven;
    if (this.#proven) this.#nextCandidate = this.#proven.index + 1;
    return undefined;
  }

  async #authorisation(credential: Credential | undefined): Promise<Omit<Grant, "index"> | undefined> {
    const challenge = this.#challenge as Challenge;
    if (credential?.kind === "bearer-token") {
      return { header: `Bearer ${credential.password}`, renewAt: Number.POSITIVE_INFINITY };
    }
    if (challenge.scheme === "basic") {
      if (!credential || credential.kind) return undefined;
      return { header: basicAuthorization(credential), renewAt: Number.POSITIVE_INFINITY };
    }
    const scopes = mergeScopes(this.#scopes, challenge.parameters.get("scope"));
    const token = await requestToken(this.#host, this.#endpoint, challenge, scopes, credential);
    if (!token) return undefined;
    const life = token.expires - this.#host.clock.now();
    return { header: `Bearer ${token.value}`, renewAt: token.expires - Math.min(RENEW_EARLY, life / 2) };
  }
}

/** Bearer before Basic, as a token is worth less to a thief than a password. */
function chooseChallenge(header: string | null): Challenge | undefined {
  const offered = header === null ? [] : parseChallenges(header);
  return (
    offered.find(({ scheme, parameters }) => scheme === "bearer" && parameters.has("realm")) ??
    offered.find(({ scheme }) => scheme === "basic")
  );
}
