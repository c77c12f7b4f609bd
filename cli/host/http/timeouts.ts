/** How long the other side may keep us waiting, in milliseconds. What we take ourselves is not counted. */
export interface Timeouts {
  /** For a connection, and its TLS. */
  readonly connect: number;
  /** For an answer to a request that sends nothing. */
  readonly answer: number;
  /** For an answer to a body, once all is sent: a registry reads gigabytes again before it says that they are there. */
  readonly storing: number;
  /** For the next byte in the middle of a body, whichever way it goes. */
  readonly silence: number;
}

export const TIMEOUTS: Timeouts = { connect: 10_000, answer: 60_000, storing: 300_000, silence: 60_000 };

/** What fetch calls a failure of this kind; `what` goes on from the server's name, or from that of the proxy before it. */
export function timedOut(what: string, milliseconds: number, proxy?: URL): Error {
  const who = proxy ? `cannot be reached: the proxy ${proxy.host} ` : "";
  return Object.assign(new Error(`${who}${what} for ${milliseconds / 1000} s`), { name: "TimeoutError" });
}
