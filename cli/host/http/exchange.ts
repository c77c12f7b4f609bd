import type { FetchInit } from "../../../src/host.ts";
import type { Connection } from "./connection.ts";
import { sendBody } from "./request-body.ts";
import { type ResponseHead, readHead } from "./response-head.ts";
import type { Timeouts } from "./timeouts.ts";

export interface Exchanged {
  readonly answer: ResponseHead;
  /** Whether the request went out whole: else nothing may follow it on its connection. */
  readonly sent: boolean;
}

/** Sends a request, and resolves to the head of its answer, which may come before all is sent and ends the sending. */
export async function exchange(
  connection: Connection,
  head: string,
  init: FetchInit,
  { answer: patience, storing, silence }: Timeouts,
): Promise<Exchanged> {
  let answered = false;
  const answer = readHead(connection).finally(() => {
    answered = true;
    connection.interrupt();
  });
  // Why it broke is told when it is waited for.
  answer.catch(() => {});
  if (connection.isOpen) connection.write([head]);
  const sent = await sendBody(connection, init, silence, () => !answered);
  if (!answered) connection.limit(init.body === undefined ? patience : storing, "did not answer");
  const exchanged = { answer: await answer, sent };
  connection.limit(0);
  return exchanged;
}
