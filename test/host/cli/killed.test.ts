/** Runs that are killed at any moment, and runs that write to one place at once. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { archive, rawMember } from "../../unit/tar/raw.ts";
import { type ServedRegistry, startRegistry, Workspace } from "./cli.ts";
import { archiveOf, checkedDockerSave, checkedLayout, layoutOf, unpack } from "./images.ts";

let work: Workspace;
let registry: ServedRegistry;

/** Large enough that writing it takes a while: nothing in it compresses. */
const noise = (seed: number) => {
  const bytes = new Uint8Array(1 << 20);
  for (let at = 0, state = seed; at < bytes.length; at++) {
    state = (state * 1103515245 + 12345) & 0x7fffffff;
    bytes[at] = state >> 16;
  }
  return bytes;
};
const big = layoutOf([1, 2, 3].map((seed) => archive(rawMember({ name: `noise-${seed}` }, noise(seed)))));
const old = layoutOf([archive(rawMember({ name: "old" }, "old"))], { ref: "old" });

beforeAll(async () => {
  work = new Workspace();
  registry = await startRegistry(work);
  writeFileSync(work.at("big.oci.tar"), archiveOf(big.files));
  writeFileSync(work.at("old.oci.tar"), archiveOf(old.files));
});
afterAll(async () => {
  await registry.stop();
  await work.dispose();
});

interface Place {
  readonly uri: () => string;
  /** What stands there before. */
  prepare?(): Promise<unknown>;
  /** Fails on anything that has a final name and is not whole. */
  look(): Promise<void> | void;
}

/** Ten runs each into five places. */
const RUNS = 10;

const folderOf = (name: string) => work.at("places", name);

/** The file, if it is there, is a whole archive. */
const wholeIfThere = (name: string, check: (folder: string) => unknown) => {
  if (!readdirSync(work.at("places")).includes(name)) return;
  const folder = work.at("unpacked");
  check(unpack(folderOf(name), folder));
  rmSync(folder, { recursive: true });
};

const places: Readonly<Record<string, Place>> = {
  "a docker archive": {
    uri: () => "tar://places/out.tar",
    look: () => wholeIfThere("out.tar", checkedDockerSave),
  },
  "an OCI archive": {
    uri: () => "oci-archive://places/out.oci.tar",
    look: () => wholeIfThere("out.oci.tar", (folder) => checkedLayout(folder)),
  },
  "an OCI layout that holds another image": {
    uri: () => "oci-layout://places/layout",
    prepare: () => work.sealift(["process", "oci-archive://old.oci.tar", "oci-layout://places/layout"]),
    look() {
      expect(checkedLayout(folderOf("layout"), "old").manifest).toBe(old.image.digest);
      for (const { digest } of JSON.parse(readFileSync(`${folderOf("layout")}/index.json`, "utf8"))
        .manifests) {
        expect([old.image.digest, big.image.digest]).toContain(digest);
      }
    },
  },
  "a folder": {
    uri: () => "dir://places/folder",
    look() {
      if (readdirSync(work.at("places")).includes("folder")) checkedDockerSave(folderOf("folder"));
    },
  },
  "a registry": {
    uri: () => `registry://${registry.host}/killed:v1`,
    async look() {
      const { code, stderr } = await work.run([
        ...["process", `registry://${registry.host}/killed:v1`, "oci-archive://pulled.tar", "--verify=full"],
      ]);
      if (code !== 0) expect(stderr).toMatch(/MANIFEST_UNKNOWN|NAME_UNKNOWN/);
    },
  },
};

describe("a run that is killed while it writes to", () => {
  it.each(Object.keys(places))(
    "%s leaves nothing half-written; the next clears up after it",
    async (name) => {
      const { uri, prepare, look } = places[name] as Place;
      mkdirSync(work.at("places"));
      await prepare?.();
      const args = ["process", "oci-archive://big.oci.tar", uri(), "--no-verify"];
      const started = performance.now();
      await work.sealift([...args.slice(0, 2), uri(), "--no-verify"]);
      const whole = performance.now() - started;
      let killed = 0;
      for (let run = 0; run < RUNS; run++) {
        if (name !== "a registry") {
          rmSync(work.at("places"), { recursive: true });
          mkdirSync(work.at("places"));
          await prepare?.();
        }
        const running = work.start(args);
        // Later and later: from before the first byte to about the end.
        const timer = setTimeout(() => running.process.kill("SIGKILL"), (whole * (run + 2)) / (RUNS + 1));
        await running.ended;
        clearTimeout(timer);
        if (running.process.signalCode === "SIGKILL") killed++;
        await look();
      }
      expect(killed).toBeGreaterThan(0);
      await work.sealift([...args.slice(0, 3), "--verify=full"]);
      await look();
      const left = readdirSync(work.at("places"), { recursive: true }).map(String);
      expect(left.filter((path) => /\.(part|lock)$/.test(path))).toEqual([]);
      rmSync(work.at("places"), { recursive: true });
    },
  );
});

describe("runs that write to one place at once", () => {
  const names = ["a", "b", "c", "d", "e", "f"];

  beforeAll(() => {
    for (const name of names) {
      const layout = layoutOf([archive(rawMember({ name }, name.repeat(2_000)))], { ref: name });
      writeFileSync(work.at(`${name}.oci.tar`), archiveOf(layout.files));
    }
  });

  const all = (destination: (name: string) => string) =>
    Promise.all(
      names.map((name) => work.sealift(["process", `oci-archive://${name}.oci.tar`, destination(name)])),
    );

  it("lose none of the images of an OCI layout, be it there before or not", async () => {
    for (const folder of ["new-layout", "old-layout"]) {
      if (folder === "old-layout") {
        await work.sealift(["process", "oci-archive://old.oci.tar", `oci-layout://${folder}`]);
      }
      await all(() => `oci-layout://${folder}`);
      for (const name of names) checkedLayout(work.at(folder), name);
    }
    checkedLayout(work.at("old-layout"), "old");
    expect(readdirSync(work.at("new-layout")).sort()).toEqual(["blobs", "index.json", "oci-layout"]);
  });

  it("lose none of the images of a folder with a catalogue", async () => {
    await all((name) => `dir://catalogued?unique_names=true#${name}:1`);
    const catalog = JSON.parse(readFileSync(work.at("catalogued/catalog.json"), "utf8"));
    expect(Object.keys(catalog).sort()).toEqual(names);
  });
});
