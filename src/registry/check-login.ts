import type { Credential, Host } from "../host.ts";
import { RegistryClient, type RegistryOptions } from "./client.ts";

/**
 * Asks a registry whether it takes a login (distribution-spec end-1, `GET /v2/`).
 * False where it lets everybody in, so that nothing is known of the login. Throws UNAUTHORIZED, DENIED, UNREACHABLE.
 */
export async function checkLogin(
  host: Host,
  registry: string,
  credential: Credential,
  options: Pick<RegistryOptions, "insecure"> = {},
): Promise<boolean> {
  let sent = false;
  const listening: Host = {
    ...host,
    fetch: (url, init) => {
      if (init?.headers?.authorization !== undefined) sent = true;
      return host.fetch(url, init);
    },
  };
  const client = new RegistryClient(listening, registry, { ...options, credential, credentialOnly: true });
  await client.ask({
    method: "GET",
    url: new URL("/v2/", client.endpoint.base),
    what: `log in to ${registry}`,
    scopes: [],
    expect: [200],
  });
  return sent;
}
