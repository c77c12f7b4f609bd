/** Layers uploaded while they are made, into registries of other people and our own; others then read them. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fsStore } from "../../cli/host/fs-store.ts";
import { serve } from "../../cli/host/serve.ts";
import { createApp } from "../../edge/app.ts";
import { fallbackKernels } from "../../src/kernel/fallback.ts";
import { Workspace } from "../host/cli/cli.ts";
import { answers, describeWith, findBinary, freePort, run, startService } from "./peer.ts";
import { startDockerRegistry } from "./programs.ts";
import type { Running, StartRegistry } from "./registry-peers.ts";
import { makeSampleImage } from "./sample-image.ts";
import { startWorker } from "./worker.ts";

let work: Workspace;

beforeAll(async () => {
  work = new Workspace();
  await makeSampleImage(work.at("layout"), "v1", 20_000_000);
});
afterAll(() => work.dispose());

/** zot over a folder of its own. */
async function startZot(folder: string): Promise<Running> {
  const port = await freePort();
  const config = join(folder, "zot.json");
  const settings = {
    storage: { rootDirectory: join(folder, "zot") },
    http: { address: "127.0.0.1", port: `${port}` },
    log: { level: "error" },
  };
  await writeFile(config, JSON.stringify(settings));
  const url = `http://127.0.0.1:${port}`;
  const service = await startService("zot", ["serve", config], () => answers(`${url}/v2/`));
  return { url, close: () => service.stop() };
}

async function startMirror(folder: string): Promise<Running> {
  const kernels = await fallbackKernels();
  const app = createApp({ kernels, store: await fsStore(join(folder, "mirror"), kernels) });
  return serve(app, { host: "127.0.0.1", port: 0 });
}

const registries: readonly (readonly [name: string, programs: readonly string[], start: StartRegistry])[] = [
  [
    "docker-registry",
    ["docker-registry"],
    async (folder) => {
      const { host, stop } = await startDockerRegistry(folder);
      return { url: `http://${host}`, close: stop };
    },
  ],
  ["zot", ["zot"], startZot],
  ["the mirror on Node", [], startMirror],
  ["the mirror in workerd", [], () => startWorker()],
];

describe.each(registries)("%s", (name, programs, start) => {
  describeWith([...programs, "skopeo"], `and layers that are made on their way to ${name}`, () => {
    let registry: Running;

    beforeAll(async () => {
      registry = await start(work.path);
    });
    afterAll(() => registry?.close());

    test("takes the large one before its end is there, and others find it whole", async () => {
      const image = `${new URL(registry.url).host}/early/app:v1`;
      const options = ["--debug", "--platform=linux/amd64", "-f", "normalize-timestamps"];
      const source = "oci-layout://layout#v1";
      const { code, stderr } = await work.run(["process", source, `registry://${image}`, ...options]);
      expect(code).toBe(0);
      expect(stderr.match(/debug: PATCH .*: 20[0-9]/g)).toHaveLength(1);
      expect(stderr).not.toMatch(/given up/);
      const tls = "--src-tls-verify=false";
      const target = `oci:${work.at(`pulled-${new URL(registry.url).port}`)}:v1`;
      await run("skopeo", ["--insecure-policy", "copy", tls, `docker://${image}`, target]);
      if (findBinary("crane")) await run("crane", ["validate", "--insecure", "--remote", image]);
    });
  });
});
