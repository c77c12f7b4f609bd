/** `info` of a daemon's image: what the daemon tells, and nothing fetched. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Workspace } from "./cli.ts";
import { FakeDaemon } from "./docker-daemon.ts";
import { expectFailure } from "./failure.ts";

const ID = `sha256:${"1".repeat(64)}`;
const LAYERS = ["2", "3"].map((digit) => `sha256:${digit.repeat(64)}`);
const INSPECT = {
  Created: "2024-01-02T03:04:05Z",
  Architecture: "arm64",
  Variant: "v8",
  Size: 123,
  Config: { Env: ["A=b"], Cmd: ["/run"], Labels: null, ExposedPorts: { "80/tcp": {} }, WorkingDir: "/srv" },
  RootFS: { Type: "layers", Layers: LAYERS },
};

let work: Workspace;
let daemon: FakeDaemon;

beforeAll(async () => {
  work = new Workspace();
  daemon = await new FakeDaemon().start();
});
afterEach(() => daemon.reset());
afterAll(async () => {
  daemon.close();
  await work.dispose();
});

describe.each(["docker", "dockerpush"])("info %s://", (scheme) => {
  const source = (more = "") => `${scheme}://team/app:1?socket=${daemon.socket}${more}`;

  it("is the config, layers by diff_id, and no history; the image is not sent", async () => {
    daemon.images.set("team/app:1", { id: ID, archive: new Uint8Array(), inspect: INSPECT });
    const info = await work.json(["info", source()]);
    expect(info).toMatchObject({
      image: "team/app",
      tag: "1",
      config_digest: ID,
      layer_count: 2,
      layers: LAYERS.map((diff_id, index) => ({ index, diff_id })),
      os: "linux",
      architecture: "arm64",
      variant: "v8",
      created: "2024-01-02T03:04:05Z",
      diff_ids: LAYERS,
      history_count: 0,
      labels: {},
      env: ["A=b"],
      cmd: ["/run"],
      working_dir: "/srv",
    });
    for (const key of ["schema_version", "media_type", "config_size", "total_compressed_size"]) {
      expect(info).not.toHaveProperty(key);
    }
    expect(daemon.requests).toEqual(["GET /images/team/app:1/json"]);
    expect(await work.sealift(["info", source()])).toMatch(/linux\/arm64/);
  });

  it("has no config digest where the ID is a manifest's", async () => {
    const Descriptor = { mediaType: "application/vnd.oci.image.manifest.v1+json", digest: ID, size: 1 };
    const inspect = { ...INSPECT, Descriptor };
    daemon.images.set("team/app:1", { id: ID, archive: new Uint8Array(), inspect });
    expect(await work.json(["info", source()])).not.toHaveProperty("config_digest");
  });

  it("fails for what is not there, for another platform, and for settings that are none", async () => {
    await expectFailure(work, ["info", source()], { code: "NOT_FOUND", exit: 5, says: "Cannot find image" });
    daemon.images.set("team/app:1", { id: ID, archive: new Uint8Array(), inspect: INSPECT });
    const args = ["info", source("&arch=amd64")];
    await expectFailure(work, args, { code: "PLATFORM_NOT_FOUND", exit: 5, says: "linux/arm64/v8" });
    const inspect = { ...INSPECT, Config: { Env: "A=b" } };
    daemon.images.set("team/app:1", { id: ID, archive: new Uint8Array(), inspect });
    await expectFailure(work, ["info", source()], {
      code: "CONFIG_INVALID",
      exit: 1,
      says: "what docker says",
    });
  });
});
