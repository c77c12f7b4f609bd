import { describe, expect, it } from "vitest";
import type { LogEvent } from "../../../src/host.ts";
import { tallied } from "../../../src/pipeline/tally.ts";
import { memoryHost } from "../../memory-host.ts";

async function overheard() {
  const host = await memoryHost();
  let now = 0;
  const clock = { ...host.clock, now: () => now };
  const { host: listening, tally } = tallied({ ...host, clock });
  const at = (milliseconds: number, id: string, stage: string, finished = false) => {
    now = milliseconds;
    listening.log({ type: "progress", id, stage, done: 1, finished });
  };
  return { at, tally, log: (event: LogEvent) => listening.log(event), heard: host.events };
}

describe("the tally of a run", () => {
  it("has the time in which layers were made, and blobs uploaded, those side by side once", async () => {
    const { at, tally } = await overheard();
    at(1_000, "a", "rewriting");
    at(1_500, "b", "compressing");
    at(1_800, "a", "uploading");
    at(2_000, "a", "rewriting", true);
    at(2_500, "b", "compressing", true);
    at(2_800, "a", "uploading", true);
    at(5_000, "b", "rewriting");
    at(5_250, "b", "rewriting", true);
    at(9_000, "c", "unpacking");
    expect(tally()).toEqual({ making: 1.75, uploading: 1, cacheHits: 0, retries: 0 });
  });

  it("counts work that broke off up to its last sign, and anew when it begins again", async () => {
    const { at, tally } = await overheard();
    at(0, "a", "uploading");
    at(400, "a", "uploading");
    expect(tally().uploading).toBe(0.4);
    at(900, "a", "uploading", true);
    expect(tally().uploading).toBe(0.9);
  });

  it("counts what the cache knew and what was tried again, and passes everything on", async () => {
    const { log, tally, heard } = await overheard();
    const events: LogEvent[] = [
      { type: "debug", message: "there", details: { event: "layer-remembered" } },
      { type: "debug", message: "again", details: { event: "retry" } },
      { type: "debug", message: "again", details: { event: "retry" } },
      { type: "info", message: "other", details: { event: "toString" } },
      { type: "warning", message: "plain" },
    ];
    for (const event of events) log(event);
    expect(tally()).toEqual({ making: 0, uploading: 0, cacheHits: 1, retries: 2 });
    expect(heard).toEqual(events);
  });
});
