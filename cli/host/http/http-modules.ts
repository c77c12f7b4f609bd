import type { Agent, ClientRequest, RequestOptions } from "node:http";
import { urlToHttpOptions } from "node:url";

/** What makes connections and requests, for one of the two protocols. */
export interface HttpModule {
  readonly Agent: typeof Agent;
  request(url: URL, options: RequestOptions): ClientRequest;
}

/** By the URL's protocol; TLS takes long to load, and is loaded when it is needed. */
export function httpModule(protocol: string): HttpModule {
  return protocol === "https:" ? process.getBuiltinModule("node:https") : plainHttp();
}

/**
 * node:http brings Node's fetch along, for a WebSocket that it exports: thirty
 * milliseconds. Its parts, which have names of their own, do without; a Node
 * after those that are known may name them otherwise.
 */
function plainHttp(): HttpModule {
  const [major = "0"] = process.versions.node.split(".");
  if (Number(major) > 24) return process.getBuiltinModule("node:http");
  const { Agent } = process.getBuiltinModule("node:_http_agent") as Pick<typeof import("node:http"), "Agent">;
  const client = process.getBuiltinModule("node:_http_client") as Pick<
    typeof import("node:http"),
    "ClientRequest"
  >;
  return {
    Agent,
    request: (url, options) => new client.ClientRequest({ ...urlToHttpOptions(url), ...options }),
  };
}
