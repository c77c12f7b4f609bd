/** What goes wrong with a proxy is told of the proxy: the host behind it has heard of nothing. */
import { isSealiftError } from "../../../src/error.ts";
import { NOT_HTTP } from "./response-head.ts";

/** The code of the error for a proxy that does not let us through, which asking again would not change. */
const PROXY_REFUSED = "PROXY_REFUSED";

/** A proxy's answer that is not the other host's. */
export function proxyRefusal({ host }: URL, status: number): Error {
  const reason = status === 407 ? "asks for a login" : `answered ${status}`;
  return Object.assign(new Error(`the proxy ${host} ${reason}`), { code: PROXY_REFUSED });
}

/** A failure of the connection to the proxy, by its name; others stay as they are. */
export function proxyFailure(error: unknown, proxy: URL | undefined): unknown {
  if (!proxy || !(error instanceof Error) || isSealiftError(error)) return error;
  const code = "code" in error ? error.code : undefined;
  if (typeof code !== "string" || code === PROXY_REFUSED) return error;
  const lasting = code === NOT_HTTP || code.startsWith("ERR_SSL_");
  const failure = new Error(`the proxy ${proxy.host}: ${error.message}`);
  return Object.assign(failure, { code: lasting ? PROXY_REFUSED : code });
}
