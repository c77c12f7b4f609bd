import type { Credential, Host } from "../host.ts";
import { type Challenge, parseChallenges } from "./challenge.ts";
import type { Endpoint } from "./endpoint.ts";
import { basicAuthorization, requestToken } from "./token.ts";
import { type Answer, discard } from "./transport.ts";

/** A token is renewed this long before it ends, in milliseconds, or at half its life if that is shorter. */
const RENEW_EARLY = 30_000;

/** After this long, in milliseconds, refused credentials are looked up and tried again: a server outlives passwords. */
const LOOK_AGAIN = 300_000;

/** Ends a quarrel with a registry that refuses one request with every token and takes the tokens elsewhere. */
const MAX_TRIES = 12;

/** What a request may do, as token servers name it: `repository:<name>:pull[,push]`. */
export function repositoryScope(repository: string, actions: "pull" | "pull,push"): string {
  return `repository:${repository}:${actions}`;
}

/**
 * Finds, for each scope, the first credential that a registry accepts: those of
 * the host in their order, then none. One per registry; sessions are shared by
 * all its requests.
 */
export class Authenticator {
  readonly #host: Host;
  readonly #endpoint: Endpoint;
  readonly #explicit: Credential | undefined;
  readonly #sessions = new Map<string, Session>();
  #candidates: Promise<readonly (Credential | undefined)[]> | undefined;
  #candidatesUntil = 0;
  #challenge: Challenge | undefined;

  constructor(host: Host, endpoint: Endpoint, explicit?: Credential) {
    this.#host = host;
    this.#endpoint = endpoint;
    this.#explicit = explicit;
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
        return answer;
      }
      const next = tries < MAX_TRIES ? await session.next(header, answer.response) : undefined;
      if (next === undefined || next === header) return denied ?? answer;
      if (answer.response.status === 403) denied ??= answer;
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
        ? Promise.resolve([this.#explicit, undefined])
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

interface Registry {
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
class Session {
  readonly tried: string[] = [];
  readonly #host: Host;
  readonly #endpoint: Endpoint;
  readonly #scopes: readonly string[];
  readonly #registry: Registry;
  #challenge: Challenge | undefined;
  #grant: Grant | undefined;
  /** The last grant the registry took; kept so that one refused request does not log the rest out. */
  #proven: Grant | undefined;
  #nextCandidate = 0;
  /** When the candidates had all been refused. */
  #exhaustedAt = 0;
  #pending: Promise<string | undefined> | undefined;

  constructor(host: Host, endpoint: Endpoint, scopes: readonly string[], registry: Registry) {
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
    if (this.#nextCandidate > 0 && this.#host.clock.now() >= this.#exhaustedAt + LOOK_AGAIN)
      this.#nextCandidate = 0;
    return this.#once(async () => {
      const untouched = !this.#grant && this.#nextCandidate === 0;
      return untouched ? this.#advance() : this.#grant?.header;
    });
  }

  accepted(header: string | undefined): void {
    if (header !== undefined && this.#grant?.header === header) this.#proven = this.#grant;
  }

  /** Another Authorization after `used` was refused; undefined if there is none left. */
  async next(used: string | undefined, response: Response): Promise<string | undefined> {
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

/** The scopes wanted and those a challenge names, with the actions on one repository joined. */
export function mergeScopes(wanted: readonly string[], named = ""): readonly string[] {
  const actions = new Map<string, Set<string>>();
  for (const scope of [...wanted, ...named.split(" ").filter(Boolean)]) {
    const colon = scope.lastIndexOf(":");
    const resource = scope.slice(0, colon);
    const known = actions.get(resource) ?? new Set();
    for (const action of scope.slice(colon + 1).split(",")) known.add(action);
    actions.set(resource, known);
  }
  return [...actions].map(([resource, names]) => `${resource}:${[...names].join(",")}`);
}
