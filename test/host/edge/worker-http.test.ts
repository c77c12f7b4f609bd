/** What only a real connection shows of the worker: workerd behind wrangler's local server. */
import { randomBytes } from "node:crypto";
import { type ClientRequest, request } from "node:http";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { hash } from "../../contract/store.ts";
import { type LocalWorker, startWorker } from "../../peers/worker.ts";

const MIB = 1024 * 1024;
const BYTES = randomBytes(20 * MIB);
const DIGEST = hash(BYTES);
/** Other suites have the processor, too. */
const PATIENT = { timeout: 30_000 };

describe("the mirror in workerd", () => {
  let worker: LocalWorker;
  let location: string;
  beforeAll(async () => {
    worker = await startWorker();
  });
  afterAll(() => worker.close());
  beforeEach(async () => {
    location = (await send("POST", "/v2/a/blobs/uploads/")).headers.get("Location") as string;
  });

  const send = (method: string, path: string, init: RequestInit = {}) =>
    fetch(worker.url + path, { method, ...init });
  const range = async () => (await send("GET", location)).headers.get("Range");
  const patch = (start: number, end: number) =>
    send("PATCH", location, {
      body: BYTES.subarray(start, end),
      headers: { "Content-Range": `${start}-${end - 1}` },
    });
  const finish = async () => (await send("PUT", `${location}?digest=${DIGEST}`)).status;
  /** A PATCH that has sent so much, and is left open. */
  const openPatch = (sent: number, headers: Record<string, string> = {}) =>
    new Promise<ClientRequest>((resolve) => {
      const patching = request(worker.url + location, { method: "PATCH", headers });
      patching.on("error", () => {});
      patching.write(BYTES.subarray(0, sent), () => resolve(patching));
    });

  test.each([
    ["that did not say its length", {}, 8 * MIB],
    ["that said its length", { "Content-Length": String(BYTES.length) }, 0],
  ])("goes on with an upload %s whose client hung up", async (_, headers, kept) => {
    const cut = await openPatch(12 * MIB, headers);
    if (kept > 0) await expect.poll(range, PATIENT).toBe(`0-${kept - 1}`);
    // What is kept in one piece shows nothing before that is whole.
    else await new Promise((resolve) => setTimeout(resolve, 300));
    cut.destroy();
    // The next writer is let in once the runtime has noticed that the first is gone. A byte knocks: a
    // refused body of megabytes would end with its connection.
    let start = 0;
    let status: number;
    do {
      const last = Number((await range())?.split("-")[1]);
      start = last === 0 ? 0 : last + 1;
      status = (await patch(start, start + 1)).status;
    } while (status === 416);
    expect(status).toBe(202);
    expect(start).toBeGreaterThanOrEqual(kept);
    expect((await patch(start + 1, BYTES.length)).status).toBe(202);
    expect(await finish()).toBe(201);
    const pulled = await send("GET", `/v2/a/blobs/${DIGEST}`);
    expect(hash(new Uint8Array(await pulled.arrayBuffer()))).toBe(DIGEST);
  });

  test("refuses a second writer while the first is at it", async () => {
    const first = await openPatch(9 * MIB);
    const answered = new Promise<number | undefined>((resolve) =>
      first.on("response", (response) => resolve(response.resume().statusCode)),
    );
    await expect.poll(range, PATIENT).toBe(`0-${8 * MIB - 1}`);
    expect((await patch(8 * MIB, BYTES.length)).status).toBe(416);
    expect(await finish()).toBe(416);
    first.end(BYTES.subarray(9 * MIB));
    expect(await answered).toBe(202);
    expect(await range()).toBe(`0-${BYTES.length - 1}`);
    expect(await finish()).toBe(201);
  });

  test("sends a blob with type and length, whatever the client accepts", async () => {
    await patch(0, BYTES.length);
    await finish();
    for (const method of ["GET", "HEAD"]) {
      const headers = await headersOf(`${worker.url}/v2/a/blobs/${DIGEST}`, method);
      expect(headers).toMatchObject({
        "content-type": "application/octet-stream",
        "content-length": String(BYTES.length),
      });
      expect(headers["content-encoding"]).toBeUndefined();
      expect(headers["transfer-encoding"]).toBeUndefined();
    }
  });
});

/** The headers as they were sent: fetch would decode the body. */
function headersOf(url: string, method: string): Promise<Record<string, string | string[] | undefined>> {
  return new Promise((resolve, reject) => {
    const asking = request(url, { method, headers: { "Accept-Encoding": "gzip, br" } }, (response) => {
      resolve(response.headers);
      response.destroy();
    });
    asking.on("error", reject);
    asking.end();
  });
}
