import * as v from "valibot";
import { collect } from "../bytes/stream.ts";
import { SealiftError } from "../error.ts";
import type { Credential, Host } from "../host.ts";
import { parseJson } from "../oci/json.ts";
import type { Challenge } from "./challenge.ts";
import { type Endpoint, followUrl, isLoopback } from "./endpoint.ts";
import { failureOf } from "./failure.ts";
import { discard, type HttpRequest, networkFailure, send } from "./transport.ts";

/** Tokens of real registries stay under 20 KiB. */
const MAX_TOKEN_REPLY = 256 * 1024;
/** Seconds a token lives if its server does not say (distribution's token specification). */
const DEFAULT_LIFETIME = 60;

export interface Token {
  readonly value: string;
  /** Milliseconds since the epoch, by our clock. */
  readonly expires: number;
}

const replySchema = v.looseObject({
  token: v.optional(v.string()),
  access_token: v.optional(v.string()),
  expires_in: v.optional(v.number()),
});

/**
 * Asks the challenge's realm for a bearer token, anonymously without a
 * credential. Undefined if the realm refuses it. Throws UNAUTHORIZED rather
 * than send a credential in the clear, REGISTRY_ERROR, UNREACHABLE. Tried once:
 * who wants the token tries its whole request again.
 */
export async function requestToken(
  host: Host,
  endpoint: Endpoint,
  challenge: Challenge,
  scopes: readonly string[],
  credential?: Credential,
): Promise<Token | undefined> {
  const realm = realmOf(endpoint, challenge, credential);
  const service = challenge.parameters.get("service");
  const what = `log in to ${endpoint.registry}`;
  const { request, authorization } =
    credential?.kind === "refresh-token"
      ? exchangeRequest(realm, service, scopes, credential, what)
      : tokenRequest(realm, service, scopes, credential, what);

  const requested = host.clock.now();
  const { response, url } = await send(host, request, authorization);
  if ([400, 401, 403].includes(response.status)) {
    await discard(response);
    return undefined;
  }
  if (response.status !== 200 || !response.body) throw await failureOf(response, { what, now: requested });
  const bytes = await collect(response.body, MAX_TOKEN_REPLY, "token").catch((error: unknown) => {
    throw networkFailure(host, what, url, error);
  });
  return readToken(bytes, requested, what);
}

/** The Authorization of HTTP Basic (RFC 7617, UTF-8). */
export function basicAuthorization(credential: Credential): string {
  const bytes = new TextEncoder().encode(`${credential.username}:${credential.password}`);
  return `Basic ${btoa(String.fromCharCode(...bytes))}`;
}

interface TokenRequest {
  readonly request: HttpRequest;
  readonly authorization?: string;
}

/** The GET form, which every registry has. */
function tokenRequest(
  realm: URL,
  service: string | undefined,
  scopes: readonly string[],
  credential: Credential | undefined,
  what: string,
): TokenRequest {
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set("service", service);
  for (const scope of scopes) url.searchParams.append("scope", scope);
  const request: HttpRequest = { method: "GET", url, what };
  return credential ? { request, authorization: basicAuthorization(credential) } : { request };
}

/** The OAuth 2 form, for identity tokens as `docker login` stores them. */
function exchangeRequest(
  realm: URL,
  service: string | undefined,
  scopes: readonly string[],
  credential: Credential,
  what: string,
): TokenRequest {
  const form = new URLSearchParams({
    grant_type: "refresh_token",
    client_id: "sealift",
    refresh_token: credential.password,
    ...(service !== undefined && { service }),
    ...(scopes.length > 0 && { scope: scopes.join(" ") }),
  });
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const body = new TextEncoder().encode(form.toString());
  return { request: { method: "POST", url: realm, what, headers, body, confined: true } };
}

/**
 * Any HTTPS realm is as good as the registry that names it, for that registry
 * could ask for the password itself. Plain HTTP would show it to the network:
 * only for loopback, and for the very host that is already spoken to so.
 */
function realmOf(endpoint: Endpoint, challenge: Challenge, credential: Credential | undefined): URL {
  const realm = followUrl(endpoint.base, challenge.parameters.get("realm") ?? "");
  const plain = realm.protocol === "http:" && !isLoopback(realm.hostname);
  if (credential && plain && realm.hostname !== endpoint.base.hostname) {
    throw new SealiftError(
      "UNAUTHORIZED",
      `Cannot log in to ${endpoint.registry}: its token server ${realm.host} would get the credentials in the clear`,
    );
  }
  return realm;
}

function readToken(bytes: Uint8Array, requested: number, what: string): Token {
  const reply = parseJson(replySchema, bytes, "the token server's answer", "REGISTRY_ERROR");
  const value = reply.token || reply.access_token;
  if (!value || !/^[\x21-\x7e]+$/.test(value)) {
    throw new SealiftError("REGISTRY_ERROR", `Cannot ${what}: the token server's answer holds no token`);
  }
  const lifetime = reply.expires_in && reply.expires_in > 0 ? reply.expires_in : DEFAULT_LIFETIME;
  return { value, expires: requested + lifetime * 1000 };
}
