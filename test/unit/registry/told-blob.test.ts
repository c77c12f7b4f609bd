/** What a registry tells of a blob decides whether that is there as it is wanted: unknown is not wrong. */
import { describe, expect, it } from "vitest";
import { contentOf } from "../../../src/bytes/content.ts";
import { openRepository } from "../../../src/registry/repository.ts";
import { type ScriptedAnswer, sampleBytes, scripted, testHost } from "./support.ts";
import { uploadServer } from "./upload-server.ts";

const { kernels } = testHost();
const bytes = sampleBytes(5000);
const blob = contentOf(kernels, bytes);
const other = contentOf(kernels, sampleBytes(4999)).digest;
const sha512 = `sha512:${"0".repeat(128)}`;

const head = (headers: Record<string, string>) => new Response(null, { headers });
const missing = () => new Response(null, { status: 404 });
const storage = () =>
  new Response(null, { status: 307, headers: { location: "https://storage.example.com/signed" } });

function repositoryWith(...answers: ScriptedAnswer[]) {
  const { fetch, sent } = scripted(...answers);
  const host = testHost({ fetch });
  const repository = openRepository(host, { registry: "r.example.com", repository: "a" });
  return { host, repository, methods: () => sent.map(({ method }) => method) };
}

const warnings = ({ events }: { events: readonly { type: string; message?: string }[] }) =>
  events.flatMap(({ type, message }) => (type === "warning" ? [message] : []));

const RIGHT: [string, () => ScriptedAnswer[]][] = [
  ["its size and digest", () => [head({ "content-length": "5000", "docker-content-digest": blob.digest })]],
  ["nothing", () => [head({})]],
  ["a size of 0, as who does not know it", () => [head({ "content-length": "0" })]],
  ["a size that is no number", () => [head({ "content-length": "5,000" })]],
  ["a size in transfer", () => [head({ "content-length": "77", "content-encoding": "gzip" })]],
  ["a digest of another algorithm", () => [head({ "docker-content-digest": sha512 })]],
  ["a digest that is none", () => [head({ "docker-content-digest": "sha256:5" })]],
  ["its size at the storage it sends us to", () => [storage(), head({ "content-length": "5000" })]],
  ["nothing at the storage it sends us to", () => [storage(), head({ etag: '"1"' })]],
];

const WRONG: [string, () => ScriptedAnswer[], string][] = [
  ["a smaller size", () => [head({ "content-length": "4999" })], "it has 4999 bytes, expected 5000"],
  ["a larger size", () => [head({ "content-length": "5001" })], "it has 5001 bytes, expected 5000"],
  ["another digest", () => [head({ "docker-content-digest": other })], `its digest is ${other}`],
  [
    "another size at the storage it sends us to",
    () => [storage(), head({ "content-length": "1" })],
    "it has 1 byte, expected 5000",
  ],
];

describe("a blob of which the registry tells", () => {
  it.each(RIGHT)("%s is there, by that one question", async (_, answers) => {
    for (const ask of ["hasBlob", "checkBlob"] as const) {
      const { host, repository, methods } = repositoryWith(...answers());
      expect(await repository[ask](blob)).toBe(true);
      expect(methods()).toEqual(answers().map(() => "HEAD"));
      expect(warnings(host)).toEqual([]);
    }
  });

  it.each(RIGHT)("%s is not uploaded", async (_, answers) => {
    const { repository, methods } = repositoryWith(...answers());
    expect(await repository.pushBlob(blob)).toBe("exists");
    expect(methods()).toEqual(answers().map(() => "HEAD"));
  });

  it.each(WRONG)("%s, and sends it, is not there, and that is said once", async (_, answers, says) => {
    const headers = { "content-length": "4999" };
    const short = () => new Response(new Uint8Array(bytes.subarray(0, 4999)), { headers });
    const { host, repository } = repositoryWith(...answers(), short(), ...answers(), short());
    for (let time = 0; time < 2; time++) expect(await repository.hasBlob(blob)).toBe(false);
    expect(warnings(host)).toEqual([
      `Blob ${blob.digest} of r.example.com/a is uploaded anew: the registry says that ${says}`,
    ]);
  });

  it.each(WRONG)("%s, and sends something else, is refused", async (_, answers, says) => {
    const short = new Response(new Uint8Array(bytes.subarray(0, 4999)), {
      headers: { "content-length": "4999" },
    });
    const { repository } = repositoryWith(...answers(), short);
    await expect(repository.checkBlob(blob)).rejects.toMatchObject({
      code: "SIZE_MISMATCH",
      exitCode: 3,
      message: `Cannot use blob ${blob.digest} of r.example.com/a: the registry says that ${says}`,
      hint: expect.stringContaining("delete that file from its storage"),
    });
  });

  it("another digest, and sends bytes that have it, is refused for that", async () => {
    const swapped = new Response(new Uint8Array(5000).fill(7), { headers: { "content-length": "5000" } });
    const { repository } = repositoryWith(head({ "docker-content-digest": other }), swapped);
    await expect(repository.checkBlob(blob)).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
  });

  it.each(WRONG)("%s, and sends what it should, is there all the same", async (_, answers, says) => {
    const { host, repository } = repositoryWith(...answers(), new Response(new Uint8Array(bytes)));
    expect(await repository.checkBlob(blob)).toBe(true);
    expect(warnings(host)).toEqual([
      `The registry says of blob ${blob.digest} of r.example.com/a that ${says}; what it sends is right`,
    ]);
  });

  it.each(WRONG)("%s, and sends what it should, is not uploaded again", async (_, answers) => {
    const { repository, methods } = repositoryWith(...answers(), new Response(new Uint8Array(bytes)));
    expect(await repository.pushBlob(blob)).toBe("exists");
    expect(methods()).not.toContain("POST");
  });

  it("nothing, as it may not be read, is neither wrong nor right", async () => {
    const denied = new Response(null, { status: 403 });
    const { repository } = repositoryWith(head({ "content-length": "1" }), denied);
    await expect(repository.checkBlob(blob)).rejects.toMatchObject({ code: "DENIED" });
    const absent = repositoryWith(missing());
    expect(await absent.repository.checkBlob(blob)).toBe(false);
  });
});

describe("the push of a blob of which the registry has less", () => {
  const short = Buffer.from(bytes.subarray(0, 2000));

  /** Tells the sizes of what it has; `keeps` what it has, whatever comes. */
  async function shortServer(keeps: boolean) {
    const server = await uploadServer({
      intercept(request, response, { blobs }) {
        const key = /^\/v2\/(\w+)\/blobs\/(sha256:\w+)$/.exec(request.url ?? "");
        const found = blobs.get(`${key?.[1]}@${key?.[2]}`);
        const stored = keeps && found ? short : found;
        if (!stored) return false;
        response.writeHead(200, { "content-length": stored.length });
        response.end(request.method === "GET" ? stored : undefined);
        return true;
      },
    });
    server.blobs.set(`a@${blob.digest}`, short).set(`b@${blob.digest}`, Buffer.from(bytes));
    const host = testHost();
    const repository = openRepository(host, { registry: server.registry, repository: "a" });
    return { server, host, repository };
  }

  it("sends it, mounts it from nowhere else, and asks whether it is right now", async () => {
    const { server, host, repository } = await shortServer(false);
    // Who refused once is asked only for what is not there.
    await repository.pushBlob(contentOf(kernels, new Uint8Array(3)), { mountFrom: ["b"] });
    server.log.length = 0;
    expect(await repository.pushBlob(blob, { mountFrom: ["b"] })).toBe("uploaded");
    expect(server.log).toEqual([
      `HEAD ${blob.digest}`,
      `GET ${blob.digest}`,
      "POST uploads/",
      expect.stringMatching(/^PUT uploads\//),
      `HEAD ${blob.digest}`,
    ]);
    expect(server.blobs.get(`a@${blob.digest}`)?.equals(bytes)).toBe(true);
    expect(warnings(host)).toHaveLength(1);
  });

  it("fails where it keeps what it had", async () => {
    const { server, repository } = await shortServer(true);
    await expect(repository.pushBlob(blob)).rejects.toMatchObject({ code: "SIZE_MISMATCH", exitCode: 3 });
    expect(server.log.filter((line) => line.startsWith("PUT"))).toHaveLength(1);
  });
});
