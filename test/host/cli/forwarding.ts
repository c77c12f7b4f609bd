/** Servers in front of a registry of ours, which answer some requests themselves, or have them wait. */
import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { ServedRegistry } from "./cli.ts";

export interface Forwarding {
  /** `host:port`. */
  readonly host: string;
  stop(): void;
}

/** Whether it answers the request itself; what is not answered goes on to the registry. */
type Takeover = (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>;

/** Serves on a free port what the registry answers. */
export async function forwardTo(registry: ServedRegistry, takeover: Takeover): Promise<Forwarding> {
  const { hostname, port } = new URL(registry.url);
  const server = createServer(async (incoming, outgoing) => {
    if (await takeover(incoming, outgoing)) return void incoming.resume();
    const { method, url: path, headers } = incoming;
    const onward = request({ hostname, port, path, method, headers }, (found) => {
      outgoing.writeHead(found.statusCode ?? 500, found.headers);
      found.pipe(outgoing);
    });
    // Who has asked went away, or the registry did.
    onward.on("error", () => outgoing.destroy());
    outgoing.on("close", () => onward.destroy());
    incoming.pipe(onward);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

export interface SlowRegistry extends Forwarding {
  /** From now on none is let through before so many are under way. */
  waitFor(requests: number): void;
  /** How many were under way at once, since the last time it was asked. */
  most(): number;
}

/** Milliseconds in which one that comes too many shows itself, and after which those that do not come are given up. */
const TURN = 30;
const PATIENCE = 20_000;

/** In front of the registry, and holds up the requests that are chosen. */
export async function slowRegistry(
  registry: ServedRegistry,
  isHeld: (method: string, path: string) => boolean,
): Promise<SlowRegistry> {
  let [underWay, most, wanted] = [0, 0, 1];
  const forwarding = await forwardTo(registry, async ({ method = "", url = "" }, outgoing) => {
    if (!isHeld(method, url)) return false;
    most = Math.max(most, ++underWay);
    outgoing.once("close", () => underWay--);
    const deadline = Date.now() + PATIENCE;
    do await new Promise((resolve) => setTimeout(resolve, TURN));
    while (most < wanted && Date.now() < deadline);
    return false;
  });
  return {
    ...forwarding,
    waitFor(requests) {
      wanted = requests;
    },
    most() {
      const seen = most;
      most = 0;
      return seen;
    },
  };
}
