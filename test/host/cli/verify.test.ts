/** What a run has written is read back: `--verify`. */
import { existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ServedRegistry, startRegistry, Workspace } from "./cli.ts";
import { expectFailure } from "./failure.ts";
import { type Forwarding, forwardTo } from "./forwarding.ts";
import { archiveOf, checkedLayout, smallLayout, withConfig } from "./images.ts";

let work: Workspace;
let registry: ServedRegistry;
const layout = smallLayout();

beforeAll(async () => {
  work = new Workspace();
  registry = await startRegistry(work);
  writeFileSync(work.at("app.tar"), archiveOf(layout.files));
});
afterAll(async () => {
  await registry.stop();
  await work.dispose();
});

describe("verification after writing", () => {
  it.each([
    "tar://out.tar",
    "oci-archive://out.oci.tar",
    "oci-layout://out",
    "dir://out-dir",
    "bundle://out.bundle",
  ])(
    "of %s is quick without being asked, full where that is asked, and can be left out",
    async (destination) => {
      const run = async (...flags: string[]) =>
        (await work.json(["process", "oci-archive://app.tar", destination, ...flags])).summary.verified;
      expect(await run()).toBe("quick");
      expect(await run("--verify")).toBe("quick");
      expect(await run("--verify=full")).toBe("full");
      expect(await run("--no-verify")).toBeUndefined();
    },
  );

  it("of a registry asks for every manifest and every blob, and in full reads them", async () => {
    const destination = `registry://${registry.host}/app:v1`;
    const quick = await work.json(["copy", "oci-archive://app.tar", destination]);
    expect(quick.summary.verified).toBe("quick");
    const full = await work.sealift(["copy", "oci-archive://app.tar", destination, "--verify=full"]);
    expect(full).toMatch(
      /Processed \d+ bytes in 2 layers in \d+\.\d seconds(, uploaded in \d+\.\d s)?, verified in full\n$/,
    );
  });

  it("of what is unpacked cannot be: nobody hears of it but who asked", async () => {
    const quiet = await work.json(["process", "oci-archive://app.tar", "oci://runtime"]);
    expect(quiet.summary.verified).toBeUndefined();
    for (const destination of ["oci://runtime-2", "mounts://mounted", "tar:///dev/stdout"]) {
      // Before the source is looked for.
      for (const flag of ["--verify", "--verify=full"]) {
        await expectFailure(work, ["process", "oci-archive://none.tar", destination, flag], {
          code: "UNSUPPORTED",
          exit: 1,
          says: `Cannot verify ${destination}: what is written there cannot be read back`,
        });
      }
    }
  });

  it("in full replaces a layout's file that was there before with the right size and other content", async () => {
    await work.sealift(["process", "oci-archive://app.tar", "oci-layout://damaged"]);
    const path = work.at("damaged/blobs/sha256", layout.layers[0]?.digest.slice(7) ?? "");
    const before = readFileSync(path);
    const bytes = Buffer.from(before);
    bytes[20] = (bytes[20] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    const again = ["process", "oci-archive://app.tar", "oci-layout://damaged"];
    expect((await work.run(again)).stdout).toMatch(/, verified \(quick\)\n$/);
    expect(readFileSync(path)).toEqual(bytes);
    const { code, stdout, stderr } = await work.run([...again, "--verify=full"]);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/ written\n.* exists\n/),
    });
    expect(stderr).toContain(`Replacing blobs/sha256/${layout.layers[0]?.digest.slice(7)}: it is damaged`);
    expect(readFileSync(path)).toEqual(before);
    checkedLayout(work.at("damaged"), "v1");
  });

  it("finds a folder's layer that is gone or cut", async () => {
    await work.sealift(["process", "oci-archive://app.tar", "dir://cut"]);
    const { Layers } = JSON.parse(readFileSync(work.at("cut/manifest.json"), "utf8"))[0];
    truncateSync(work.at("cut", Layers[1]), 512);
    expect(existsSync(work.at("cut", Layers[1]))).toBe(true);
    // Written again, as the folder's own copy does not hold.
    const { stdout } = await work.run(["process", "oci-archive://app.tar", "dir://cut", "--verify=full"]);
    expect(stdout).toContain("verified in full");
  });
});

describe("an image whose config lies about a layer, verified in full", () => {
  beforeAll(() => {
    const { files, diffIds } = layout;
    const lying = withConfig(layout, (config) => config.replace(diffIds[1] ?? "", diffIds[0] ?? ""));
    writeFileSync(work.at("lying.tar"), archiveOf(lying));
    expect(lying.size).toBe(files.size);
  });
  const verify = (destination: string, ...flags: string[]) =>
    work.run(["process", "oci-archive://lying.tar", destination, ...flags]);

  it.each(["oci-archive://new.tar", "bundle://new.bundle", "oci-layout://new/layout"])(
    "never gets its name: %s",
    async (destination) => {
      await expectFailure(work, ["process", "oci-archive://lying.tar", destination, "--verify=full"], {
        code: "VERIFICATION_FAILED",
        exit: 3,
        says: "It was not given its name. `sealift check` on the source",
      });
      expect((await verify(destination)).code).toBe(0);
    },
  );

  it("leaves the archive that stood there", async () => {
    writeFileSync(work.at("before.tar"), archiveOf(layout.files));
    const before = readFileSync(work.at("before.tar"));
    expect((await verify("oci-archive://before.tar", "--verify=full")).code).toBe(3);
    expect(readFileSync(work.at("before.tar"))).toEqual(before);
  });

  it("never gets its name in a registry", async () => {
    const destination = `registry://${registry.host}/lying:1`;
    const { code, stderr } = await verify(destination, "--verify=full");
    expect(code).toBe(3);
    expect(stderr).toMatch(/^hint: It was not given its name\./m);
    expect((await work.run(["info", destination])).code).toBe(5);
  });

  it.each(["v1", "new"])(
    "is taken off a layout that was there, called %s, which is as it was",
    async (ref) => {
      await work.sealift(["process", "oci-archive://app.tar", "oci-layout://old"]);
      await work.sealift(["process", "oci-archive://app.tar", "oci-layout://old#other", "-f", "squash"]);
      const before = readFileSync(work.at("old/index.json"), "utf8");
      const { code, stderr } = await verify(`oci-layout://old#${ref}`, "--verify=full");
      expect(code).toBe(3);
      expect(stderr).toMatch(/^hint: It was taken off the layout's list\./m);
      expect(readFileSync(work.at("old/index.json"), "utf8")).toBe(before);
      for (const name of ["v1", "other"]) checkedLayout(work.at("old"), name);
      expect(readdirSync(work.at("old")).sort()).toEqual(["blobs", "index.json", "oci-layout"]);
    },
  );
});

describe("a registry that loses what it took", () => {
  let lossy: Forwarding;
  /** Answers instead of the registry. */
  let answer: (method: string, path: string) => number | undefined = () => undefined;

  beforeAll(async () => {
    lossy = await forwardTo(registry, ({ method = "", url = "" }, response) => {
      const status = answer(method, url);
      if (status === undefined) return false;
      response.writeHead(status).end();
      return true;
    });
  });
  afterAll(() => lossy.stop());

  const copy = (...flags: string[]) =>
    work.run(["copy", "oci-archive://app.tar", `registry://${lossy.host}/lossy:v1`, ...flags]);
  /** Once something is pushed, the path is gone. */
  const afterPush = (status: number, lost: (method: string, path: string) => boolean) => {
    let pushed = false;
    return (method: string, path: string) => {
      if (pushed && lost(method, path)) return status;
      if (method === "PUT") pushed = true;
      return undefined;
    };
  };

  it("is found out by a layer that is not there", async () => {
    const digest = layout.layers[1]?.digest ?? "";
    answer = afterPush(404, (method, path) => method === "HEAD" && path.endsWith(digest));
    const { code, stderr } = await copy();
    expect(code).toBe(3);
    expect(stderr).toContain(`${digest} is not there`);
    expect(stderr).toMatch(/^hint: It was not given its name\./m);
    expect((await work.run(["info", `registry://${registry.host}/lossy:v1`])).code).toBe(5);
    answer = afterPush(404, (method, path) => method === "HEAD" && path.endsWith(digest));
    expect((await copy("--no-verify")).code).toBe(0);
  });

  it("is found out by a manifest that is not there", async () => {
    answer = afterPush(404, (method, path) => method === "GET" && path.includes("/manifests/"));
    const { code, stderr } = await copy();
    expect({ code, stderr }).toMatchObject({
      code: 3,
      stderr: expect.stringContaining("VERIFICATION_FAILED"),
    });
  });

  it("may be one that we can write to but not read from: a warning, and an error where it was asked", async () => {
    const reading = (method: string, path: string) => method === "GET" && path.includes("/manifests/");
    answer = afterPush(403, reading);
    const { code, stderr } = await copy();
    expect({ code, stderr }).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("warning: Not verified"),
    });
    answer = afterPush(403, reading);
    expect((await copy("--verify")).code).toBe(5);
  });
});

describe("a registry that tells another size of a blob", () => {
  const { digest, size } = layout.layers[1] ?? { digest: "", size: 0 };
  const other = `sha256:${"0".repeat(64)}`;
  let telling: Forwarding;
  /** What HEAD tells of the blob. */
  let told: Record<string, string> = {};
  /** The bytes that GET leaves out at its end. */
  let missing = 0;
  let requests: string[] = [];

  beforeAll(async () => {
    telling = await forwardTo(registry, async ({ method = "", url = "" }, response) => {
      requests.push(`${method} ${url}`);
      if (!["GET", "HEAD"].includes(method) || !url.endsWith(digest)) return false;
      const found = await fetch(new URL(url, registry.url));
      const sent = Buffer.from(await found.arrayBuffer()).subarray(0, size - missing);
      if (!found.ok) return false;
      response.writeHead(200, method === "HEAD" ? told : { "content-length": sent.length });
      response.end(method === "HEAD" ? undefined : sent);
      return true;
    });
  });
  afterAll(() => telling.stop());

  const copy = (name: string, ...flags: string[]) => {
    requests = [];
    return work.run(["copy", "oci-archive://app.tar", `registry://${telling.host}/${name}`, ...flags]);
  };

  it.each([
    ["size", { "content-length": `${size - 1}` }, `it has ${size - 1} bytes, expected ${size}`],
    ["digest", { "docker-content-digest": other }, `its digest is ${other}`],
  ])("and sends less of it, is found out by the %s, before there is a tag", async (what, headers, says) => {
    told = headers;
    missing = 1;
    const { code, stderr } = await copy(`told-${what}:1`);
    expect(code).toBe(3);
    expect(stderr).toContain(
      `blob ${digest} of ${telling.host}/told-${what}: the registry says that ${says}\n`,
    );
    expect(stderr).toMatch(/^hint: It was not given its name\. .*have its owner delete that file/m);
    expect(requests.filter((line) => /PUT .*\/manifests\//.test(line))).toEqual([]);
  });

  it("gets the blob again where that was there already, and is asked whether it is right then", async () => {
    told = {};
    missing = 0;
    expect((await copy("again:1")).code).toBe(0);
    told = { "content-length": `${size - 1}` };
    missing = 1;
    const { code, stderr } = await copy("again:2", "--no-verify");
    expect(stderr).toContain(`warning: Blob ${digest} of ${telling.host}/again is uploaded anew`);
    expect(stderr).toContain(`error[SIZE_MISMATCH]: Cannot use blob ${digest}`);
    expect(code).toBe(3);
    expect(requests.filter((line) => /PUT .*\/blobs\/uploads\//.test(line))).toHaveLength(1);
    expect(requests.filter((line) => /PUT .*\/manifests\//.test(line))).toEqual([]);
  });

  it("and sends it as it is, is believed the bytes", async () => {
    told = { "content-length": "95", "docker-content-digest": other };
    missing = 0;
    const { code, stdout, stderr } = await copy("mounted:1");
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining("verified (quick)") });
    expect(stderr).toContain(`The registry says of blob ${digest}`);
  });

  it.each<[string, Record<string, string>]>([
    ["no size", {}],
    ["a size of 0", { "content-length": "0" }],
    ["a size of bytes encoded for transfer", { "content-length": "7", "content-encoding": "gzip" }],
    ["a digest of another kind", { "docker-content-digest": `sha512:${"0".repeat(128)}` }],
  ])("is not called wrong for what it does not tell: %s", async (what, headers) => {
    told = headers;
    missing = 0;
    const name = `unknown-${what.replaceAll(" ", "-")}`;
    expect((await copy(`${name}:1`)).code).toBe(0);
    const { code, stdout, stderr } = await copy(`${name}:2`);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).not.toContain("uploaded");
    // What was read back was asked for, not downloaded.
    expect(requests.filter((line) => line.startsWith("GET") && line.endsWith(digest))).toEqual([]);
  });
});
