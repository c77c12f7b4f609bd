/** The figures at the end of a run. */
import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { archive, rawMember } from "../../unit/tar/raw.ts";
import { type ServedRegistry, startRegistry, Workspace } from "./cli.ts";
import { type Forwarding, forwardTo } from "./forwarding.ts";
import { archiveOf, layoutOf } from "./images.ts";

let work: Workspace;
let registry: ServedRegistry;
let tired: Forwarding;
/** How many requests for an upload are still refused. */
let refusals = 0;

beforeAll(async () => {
  work = new Workspace();
  registry = await startRegistry(work);
  // Large enough that its compressing takes a time that can be told.
  const layers = [2, 3].map((step) =>
    archive(
      rawMember(
        { name: `file-${step}` },
        new Uint8Array(1 << 22).map((_, at) => (at * at * step) >> 7),
      ),
    ),
  );
  writeFileSync(work.at("app.tar"), archiveOf(layoutOf(layers).files));
  tired = await forwardTo(registry, ({ method, url }, response) => {
    if (method !== "POST" || !url?.includes("/blobs/uploads/") || refusals-- <= 0) return false;
    response.writeHead(503).end();
    return true;
  });
});
afterAll(async () => {
  tired.stop();
  await registry.stop();
  await work.dispose();
});

const process = (name: string, ...more: string[]) => [
  ...["process", "oci-archive://app.tar", `registry://${tired.host}/${name}:1`],
  ...["-f", "normalize-timestamps", "--layer-cache", `cache-${name}`],
  ...more,
];

it("are the times of making and uploading, the retries, and what the layer cache spared", async () => {
  refusals = 2;
  const { summary: first } = await work.json(process("figures"));
  expect(first).toMatchObject({ outcomes: { uploaded: 2 }, cacheHits: 0, retries: 2 });
  expect(first.making).toBeGreaterThan(0);
  expect(first.uploading).toBeGreaterThan(0);
  expect(first.making).toBeLessThanOrEqual(first.elapsed);
  expect(first.uploading).toBeLessThanOrEqual(first.elapsed);
  const { summary: second } = await work.json(process("figures"));
  expect(second).toMatchObject({
    outcomes: { exists: 2 },
    cacheHits: 2,
    retries: 0,
    making: 0,
    uploading: 0,
  });
});

it("are a line for people, of what there is to say", async () => {
  refusals = 1;
  const first = await work.sealift(process("line"));
  expect(first).toMatch(
    /^Processed \d+ bytes in 2 layers in \d+\.\d seconds, made in \d+\.\d s, uploaded in \d+\.\d s, 1 retry, verified \(quick\)\n$/m,
  );
  const second = await work.sealift(process("line", "--no-verify"));
  expect(second).toMatch(/^Processed \d+ bytes in 2 layers in \d+\.\d seconds, 2 from the cache\n$/m);
});

it("say at --verbose, in lines of JSON, each layer, and which request was tried again", async () => {
  const flags = ["--verbose", "--log-format", "json"];
  const events = async () => {
    const { stderr } = await work.run(process("events", ...flags));
    const lines = stderr
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const seen = lines.filter(({ level, event }) => level === "debug" && event !== "request");
    // Layers are under way side by side.
    return seen.map(({ event, outcome }) => outcome ?? event).toSorted();
  };
  const { stderr } = await work.run(process("quiet", "--log-format", "json"));
  expect(stderr).not.toContain('"level":"debug"');
  refusals = 1;
  expect(await events()).toEqual(["retry", "uploaded", "uploaded"]);
  expect(await events()).toEqual(["exists", "exists", "layer-remembered", "layer-remembered"]);
});
