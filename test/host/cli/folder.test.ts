/** dir:// as a folder of many images, recreate-image, and what the unpacking destinations say. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { archive, rawMember } from "../../unit/tar/raw.ts";
import { Workspace } from "./cli.ts";
import { expectError, expectFailure } from "./failure.ts";
import {
  archiveOf,
  checkedDockerSave,
  checkedLayout,
  dockerArchive,
  fileDigest,
  layoutOf,
  unpack,
} from "./images.ts";

const isRoot = process.geteuid?.() === 0;

let work: Workspace;
const sealift = (...args: string[]) => work.sealift(args);
const parsed = (...names: string[]) => JSON.parse(readFileSync(work.at(...names), "utf8"));

const base = archive(rawMember({ name: "etc/", type: "5" }), rawMember({ name: "etc/motd" }, "hello\n"));
const app = archive(rawMember({ name: "etc/motd" }, "hello again\n"), rawMember({ name: "app" }, "app"));

beforeAll(() => {
  work = new Workspace();
  writeFileSync(work.at("shop.tar"), dockerArchive([base, app], "example.com:5000/team/shop:1.0"));
  writeFileSync(work.at("base.tar"), dockerArchive([base], "base:2"));
  writeFileSync(work.at("ref.oci.tar"), archiveOf(layoutOf([base], { ref: "v1" }).files));
});
afterAll(() => work.dispose());

describe("dir://", () => {
  it("keeps the config's bytes, names layers by diff_id, and lists the image in catalog.json", async () => {
    await sealift("process", "tar://shop.tar", "dir://plain");
    expect(checkedDockerSave(work.at("plain"))).toEqual(
      checkedDockerSave(unpack(work.at("shop.tar"), work.at("shop"))),
    );
    expect(parsed("plain/catalog.json")).toEqual({ "team/shop": { "1.0": "manifest.json" } });
  });

  it("lists in catalog.json only what is still there", async () => {
    await sealift("process", "tar://shop.tar", "dir://replaced");
    await sealift("process", "tar://base.tar", "dir://replaced");
    expect(parsed("replaced/catalog.json")).toEqual({ base: { "2": "manifest.json" } });
    await sealift("process", "dir://replaced", "oci-layout://from-replaced");
  });

  it("calls an image without a name by its ref, or as it is told to", async () => {
    await sealift("process", "oci-archive://ref.oci.tar", "dir://refs?unique_names=true");
    await sealift("process", "oci-archive://ref.oci.tar", "dir://refs?unique_names=true#team/other:3");
    expect(parsed("refs/catalog.json")).toEqual({
      unknown: { v1: "manifest-unknown-v1.json" },
      "team/other": { "3": "manifest-team_other-3.json" },
    });
    expect(parsed("refs/manifest-team_other-3.json")).toMatchObject([
      { ImageName: "team/other", RepoTags: ["team/other:3"] },
    ]);
  });
});

describe("dir:// with unique_names", () => {
  beforeAll(async () => {
    for (const tar of ["shop.tar", "base.tar"])
      await sealift("process", `tar://${tar}`, "dir://many?unique_names=true");
  });

  it("holds many images, whose layers are there once", async () => {
    expect(parsed("many/catalog.json")).toEqual({
      "team/shop": { "1.0": "manifest-team_shop-1.0.json" },
      base: { "2": "manifest-base-2.json" },
    });
    expect(readdirSync(work.at("many")).filter((name) => /^[0-9a-f]{64}$/.test(name))).toHaveLength(2);
    expect(parsed("many/manifest-team_shop-1.0.json")).toMatchObject([{ ImageName: "team/shop" }]);
  });

  it("is read again by the name the catalogue has, or the image's own", async () => {
    const expected = checkedDockerSave(unpack(work.at("shop.tar"), work.at("shop-again"))).config;
    for (const [index, name] of ["team/shop:1.0", "example.com:5000/team/shop:1.0"].entries()) {
      await sealift("process", `dir://many#${name}`, `oci-layout://read-${index}`);
      expect(checkedLayout(work.at(`read-${index}`)).config).toBe(expected);
    }
  });

  it("needs a name where there are several, and says which there are", async () => {
    const { code, stderr } = await work.run(["process", "dir://many", "oci-layout://x"]);
    expect(code).toBe(2);
    expect(stderr).toContain("team/shop:1.0, base:2");
  });

  it("keeps layers that are there, and replaces one that is damaged", async () => {
    const [layer = ""] = parsed("many/manifest-base-2.json")[0].Layers;
    const before = statSync(work.at("many", layer));
    const kept = await work.json(["process", "tar://base.tar", "dir://many?unique_names=true"]);
    expect(kept.layers).toMatchObject([{ outcome: "exists", size: base.length }]);
    expect(statSync(work.at("many", layer)).ino).toBe(before.ino);
    writeFileSync(work.at("many", layer), "damaged");
    const { stderr } = await work.run(["process", "tar://base.tar", "dir://many?unique_names=true"]);
    expect(stderr).toMatch(/^warning: Replacing .*layer\.tar: it is damaged$/m);
    expect(readFileSync(work.at("many", layer))).toEqual(Buffer.from(base));
  });
});

describe("recreate-image", () => {
  it("changes times where it is asked to, as the filter does", async () => {
    await sealift("process", "tar://base.tar", "dir://timed");
    const recreate = ["recreate-image", "timed", "base", "2"];
    await sealift(...recreate, "zero.tar", "--normalize-timestamps");
    await sealift(...recreate, "seven.tar", "--normalize-timestamps", "--timestamp", "7");
    for (const [name, seconds] of [
      ["zero.tar", 0],
      ["seven.tar", 7],
    ] as const) {
      const filter = `normalize-timestamps:ts=${seconds}`;
      await sealift("process", "tar://base.tar", `tar://filtered-${name}`, "-f", filter);
      expect(fileDigest(work.at(name))).toBe(fileDigest(work.at(`filtered-${name}`)));
    }
    const flags = ["x.tar", "--timestamp", "7"];
    await expectFailure(work, [...recreate, ...flags], {
      code: "USAGE",
      exit: 2,
      says: "goes with --normalize",
    });
  });

  it("makes the archive of an image in a folder, with the ID it had", async () => {
    await sealift("process", "tar://shop.tar", "dir://folder of?unique_names=true");
    await sealift("process", "tar://base.tar", "dir://folder of?unique_names=true");
    await sealift("recreate-image", "folder of", "team/shop", "1.0", "again.tar");
    const again = checkedDockerSave(unpack(work.at("again.tar"), work.at("again")));
    expect(again).toEqual(checkedDockerSave(unpack(work.at("shop.tar"), work.at("shop-once-more"))));
    expect(parsed("again/manifest.json")[0].RepoTags).toEqual(["example.com:5000/team/shop:1.0"]);
    await sealift("process", "tar://shop.tar", "tar://straight.tar");
    expect(fileDigest(work.at("again.tar"))).toBe(fileDigest(work.at("straight.tar")));
  });

  it("of an image that is not there says which are", async () => {
    await sealift("process", "tar://base.tar", "dir://one?unique_names=true");
    const { code, stderr } = await work.run(["recreate-image", "one", "base", "3", "x.tar"]);
    expect({ code, made: existsSync(work.at("x.tar")) }).toEqual({ code: 5, made: false });
    expect(stderr).toMatch(/^error\[NOT_FOUND\]: Cannot find "base:3" .*base:2/);
  });
});

describe("dir:// with expand", () => {
  it("unpacks the root file system beside the image, and tells what flattening saves", async () => {
    const { waste } = await work.json(["process", "tar://shop.tar", "dir://expanded?expand=true"]);
    expect(readFileSync(work.at("expanded/manifest/etc/motd"), "utf8")).toBe("hello again\n");
    expect(waste).toEqual({
      wasted: 6,
      paths: [
        {
          path: "etc/motd",
          wasted: 6,
          versions: [
            { layer: 0, size: 6 },
            { layer: 1, size: 12 },
          ],
        },
      ],
    });
    const { stderr } = await work.run([
      "process",
      "tar://shop.tar",
      "dir://expanded?expand=true&unique_names=true",
    ]);
    expect(stderr).toContain("Flattening image would save 6 bytes");
    expect(existsSync(work.at("expanded/manifest-team_shop-1.0/app"))).toBe(true);
  });

  it("is not laid into a folder that is an OCI layout", async () => {
    await sealift("process", "oci-archive://ref.oci.tar", "oci-layout://layout");
    const { code, stderr } = await work.run(["process", "oci-archive://ref.oci.tar", "dir://layout"]);
    expect(code).toBe(1);
    expect(stderr).toContain("error[ALREADY_EXISTS]: Cannot write to dir://layout: it is an OCI layout");
    expect(existsSync(work.at("layout/manifest.json"))).toBe(false);
  });

  it("is still a source: what it unpacked is not taken for the image's files", async () => {
    mkdirSync(work.at("trap"));
    const trap = archive(rawMember({ name: "loop", type: "2", linkname: "/" }));
    writeFileSync(work.at("trap.tar"), dockerArchive([trap], "trap:1"));
    await sealift("process", "tar://trap.tar", "dir://trapped?expand=true");
    await sealift("process", "tar://trap.tar", "dir://trapped?expand=true");
    await sealift("process", "dir://trapped", "oci-layout://from-trapped");
  });
});

describe("oci://", () => {
  it("writes a runtime bundle and the image's own config, and refuses a user the image does not know", async () => {
    await sealift("process", "tar://shop.tar", "oci://bundle");
    expect(readdirSync(work.at("bundle")).sort()).toEqual(["config.json", "container-config.json", "rootfs"]);
    expect(fileDigest(work.at("bundle/container-config.json"))).toBe(
      checkedDockerSave(unpack(work.at("shop.tar"), work.at("shop-for-config"))).config.slice(7),
    );
    expect(parsed("bundle/config.json")).toMatchObject({
      root: { path: "rootfs" },
      process: { user: { uid: 0, gid: 0 }, cwd: "/", terminal: false, args: ["sh"] },
    });
    const stranger = layoutOf([base], { settings: { User: "nobody-knows", Cmd: ["/x"] } });
    writeFileSync(work.at("stranger.tar"), archiveOf(stranger.files));
    const { code, stderr } = await work.run(["process", "oci-archive://stranger.tar", "oci://strange"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error\[CONFIG_INVALID\]: Cannot find user "nobody-knows"/);
    expect(existsSync(work.at("strange"))).toBe(false);
  });

  it.each([
    ["Env", ["A=b", "A=b\0LD_PRELOAD=/x"]],
    ["Cmd", ["/x", "\0"]],
    ["Entrypoint", ["/x\0y"]],
    ["WorkingDir", "/a\0b"],
    ["User", "0\0"],
  ])(
    "refuses a NUL in %s, which ends what the kernel reads, before it unpacks; check finds it too",
    async (field, value) => {
      const nul = layoutOf([base], { settings: { Cmd: ["/x"], [field]: value } });
      writeFileSync(work.at("nul.tar"), archiveOf(nul.files));
      const refused = await work.run(["process", "oci-archive://nul.tar", "oci://nul"]);
      expectError(refused, "CONFIG_INVALID", 1);
      expect(refused.stderr).toContain(`config.${field} has a NUL in it`);
      expect(existsSync(work.at("nul"))).toBe(false);
      const { code, stdout } = await work.run(["check", "oci-archive://nul.tar", "--fast", "--json"]);
      expect([code, JSON.parse(stdout).results]).toEqual([
        1,
        expect.arrayContaining([expect.objectContaining({ severity: "error", check: "config" })]),
      ]);
      // It is moved all the same, as it is.
      expect((await work.run(["copy", "oci-archive://nul.tar", "oci-layout://moved"])).code).toBe(0);
    },
  );

  it("takes no HOME with a NUL from the image's accounts", async () => {
    const accounts = "root:x:0:0::/root\0:/bin/sh\nme:x:7:8::/home/me:/bin/sh\n";
    const layer = archive(rawMember({ name: "etc/passwd" }, accounts));
    const env = async (User: string) => {
      writeFileSync(work.at("home.tar"), archiveOf(layoutOf([layer], { settings: { User } }).files));
      await sealift("process", "oci-archive://home.tar", "oci://home");
      return parsed("home/config.json").process.env;
    };
    expect(await env("me")).toContain("HOME=/home/me");
    expect(await env("0")).toContain("HOME=/");
  });

  it.each([
    ["oci://theirs", "rootfs"],
    ["dir://theirs?expand=true", "manifest"],
  ])("like all that replaces a root file system (%s), leaves alone what others made", async (sink, name) => {
    mkdirSync(work.at("theirs", name), { recursive: true });
    writeFileSync(work.at("theirs", name, "mine"), "mine");
    const { code, stderr } = await work.run(["process", "tar://shop.tar", sink]);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      new RegExp(`^error\\[ALREADY_EXISTS\\]: Cannot write theirs: it has a ${name} that`),
    );
    expect(readdirSync(work.at("theirs", name))).toEqual(["mine"]);
  });

  it("replaces a bundle that it wrote", async () => {
    for (let run = 0; run < 2; run++) await sealift("process", "tar://shop.tar", "oci://renewed");
    expect(readdirSync(work.at("renewed")).sort()).toEqual([
      "config.json",
      "container-config.json",
      "rootfs",
    ]);
  });
});

describe.skipIf(!isRoot)("without root", () => {
  const as = "65534";
  beforeAll(() => {
    const layer = archive(
      rawMember({ name: "theirs", uid: "0001750\0", mode: "0004755\0" }, "theirs"),
      rawMember({ name: "null", type: "3" }),
      rawMember({ name: "closed/", type: "5", mode: "0000000\0" }),
    );
    mkdirSync(work.at("open"), { mode: 0o777 });
    writeFileSync(work.at("open/owned.tar"), dockerArchive([layer], "owned:1"));
  });
  const unprivileged = async (...args: string[]) => {
    chmodSync(work.at("open"), 0o777);
    return work.run(args, { as, cwd: work.at("open") });
  };

  it("an image unpacks to one's own files, and what that loses is said once", async () => {
    const { code, stderr } = await unprivileged("process", "tar://owned.tar", "dir://out?expand=true");
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(statSync(work.at("open/out/manifest/theirs"))).toMatchObject({ uid: 65534, mode: 0o104755 });
    expect(existsSync(work.at("open/out/manifest/null"))).toBe(false);
    expect(stderr.match(/^warning: .*/gm)).toEqual([
      expect.stringContaining("Left out 1 device files: only root can make them"),
      expect.stringContaining("only root can give files away"),
    ]);
  });

  it("an image whose folders nobody may write to can be unpacked again, and again", async () => {
    const layer = archive(
      rawMember({ name: "./", type: "5", mode: "0000555\0" }),
      rawMember({ name: "usr/", type: "5", mode: "0000555\0" }),
      rawMember({ name: "usr/bin/", type: "5", mode: "0000555\0" }),
      rawMember({ name: "usr/bin/tool" }, "tool"),
    );
    writeFileSync(work.at("open/closed.tar"), dockerArchive([layer], "closed:1"));
    for (let time = 0; time < 2; time++) {
      const { code, stderr } = await unprivileged("process", "tar://closed.tar", "dir://closed?expand=true");
      expect({ code, stderr }).toMatchObject({ code: 0 });
    }
    expect(statSync(work.at("open/closed/manifest/usr/bin")).mode & 0o777).toBe(0o555);
    expect(statSync(work.at("open/closed/manifest")).mode & 0o777).toBe(0o555);
    expect(readdirSync(work.at("open")).filter((name) => name.startsWith("."))).toEqual([]);
  });

  it("mounts:// says that it needs it, before anything is made", async () => {
    const { code, stderr } = await unprivileged("process", "tar://owned.tar", "mounts://mounted");
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error\[UNSUPPORTED\]: Cannot mount in mounted: only root can mount an overlay/);
    expect(existsSync(work.at("open/mounted"))).toBe(false);
  });
});
