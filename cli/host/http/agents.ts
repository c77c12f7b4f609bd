import type { Agent, AgentOptions, ClientRequest, RequestOptions } from "node:http";
import { isLoopback } from "../../../src/registry/endpoint.ts";
import { httpModule } from "./http-modules.ts";
import { READ_AHEAD } from "./response-body.ts";

/** Connections that are kept for the next request to the same place. */
export interface Agents {
  /** Begins a request over a connection that waits for one, else over a new one. */
  open(url: URL, options: RequestOptions): ClientRequest;
  /** Closes them all. */
  dispose(): void;
}

/** `env` names proxies, which Node 24 knows to go through. */
export function httpAgents(env: NodeJS.ProcessEnv): Agents {
  const agents = new Map<string, Agent>();
  const agentFor = ({ protocol, hostname }: URL) => {
    // As every client does it: what runs on this machine is not asked for through a proxy.
    const proxied = !isLoopback(hostname);
    const key = `${protocol} ${proxied}`;
    const agent = agents.get(key) ?? newAgent(protocol, proxied ? { proxyEnv: env } : {});
    agents.set(key, agent);
    return agent;
  };
  return {
    open: (url, options) => httpModule(url.protocol).request(url, { ...options, agent: agentFor(url) }),
    dispose() {
      for (const agent of agents.values()) agent.destroy();
      agents.clear();
    },
  };
}

function newAgent(protocol: string, options: Pick<AgentOptions, "proxyEnv">): Agent {
  // A socket's own option, which is passed on: a body is read ahead as far as its socket is.
  const socket = { highWaterMark: READ_AHEAD };
  return new (httpModule(protocol).Agent)({ keepAlive: true, ...options, ...socket });
}
