import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { askHelper } from "../../../cli/host/credential-helper.ts";
import { type CredentialSources, nodeCredentials } from "../../../cli/host/credentials.ts";

let home: string;
let warnings: string[];

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "sealift-credentials-"));
  warnings = [];
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(home, { recursive: true, force: true });
});

const auth = (username: string, password: string) =>
  Buffer.from(`${username}:${password}`).toString("base64");

/** Writes a file under the home directory; its path. */
async function write(name: string, content: unknown): Promise<string> {
  const path = join(home, name);
  await mkdir(join(path, ".."), { recursive: true });
  await writeFile(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

/** A helper program on PATH that runs this shell script. */
async function helper(name: string, script: string): Promise<void> {
  const path = await write(`bin/docker-credential-${name}`, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  vi.stubEnv("PATH", `${join(home, "bin")}${delimiter}${process.env.PATH}`);
}

function find(registry: string, sources: Partial<CredentialSources> = {}) {
  const log: CredentialSources["log"] = (event) => {
    if (event.type === "warning") warnings.push(event.message);
  };
  return nodeCredentials({ env: {}, home, log, ...sources }).find(registry);
}

describe("credentials from flags", () => {
  it("go to the registry they are given for, and to no other", async () => {
    const flags = { registry: "a.example.com", username: "u", password: "p" };
    expect(await find("a.example.com", { flags })).toEqual([
      { username: "u", password: "p", origin: "flags" },
    ]);
    expect(await find("A.example.com", { flags })).toHaveLength(1);
    expect(await find("a.example.com:5000", { flags })).toEqual([]);
    expect(await find("b.example.com", { flags })).toEqual([]);
  });

  it("come before all others", async () => {
    await write(".docker/config.json", { auths: { "a.example.com": { auth: auth("file", "p") } } });
    const found = await find("a.example.com", {
      flags: { registry: "a.example.com", username: "flag", password: "p" },
      env: { SEALIFT_USERNAME: "env", SEALIFT_PASSWORD: "p", SEALIFT_REGISTRY: "a.example.com" },
    });
    expect(found.map(({ username }) => username)).toEqual(["flag", "env", "file"]);
  });
});

describe("credentials from the environment", () => {
  const env = { SEALIFT_USERNAME: "u", SEALIFT_PASSWORD: "p" };

  it("go to the one registry that the command names", async () => {
    const found = await find("a.example.com", { env, named: ["a.example.com"] });
    expect(found).toEqual([{ username: "u", password: "p", origin: "environment" }]);
    expect(await find("elsewhere.example.com", { env, named: ["a.example.com"] })).toEqual([]);
  });

  it("go to none of several, as nobody said to which; that is warned of once", async () => {
    const log = vi.fn();
    const credentials = nodeCredentials({ env, home, log, named: ["a.example.com", "b.example.com"] });
    expect(await credentials.find("a.example.com")).toEqual([]);
    expect(await credentials.find("b.example.com")).toEqual([]);
    expect(log).toHaveBeenCalledExactlyOnceWith({
      type: "warning",
      message: expect.stringContaining("SEALIFT_REGISTRY"),
    });
  });

  it("go to the registry that SEALIFT_REGISTRY names, whatever the command names", async () => {
    const sources = { env: { ...env, SEALIFT_REGISTRY: "b.example.com" }, named: ["a.example.com"] };
    expect(await find("a.example.com", sources)).toEqual([]);
    expect(await find("b.example.com", sources)).toHaveLength(1);
  });

  it.each(["OCCYSTRAP_", "PAKTO_REGISTRY_", "PACTO_REGISTRY_"])(
    "are read from %s too, after ours",
    async (prefix) => {
      const alias = { [`${prefix}USERNAME`]: "alias", [`${prefix}PASSWORD`]: "p" };
      const named = ["a.example.com"];
      expect((await find("a.example.com", { env: alias, named }))[0]?.username).toBe("alias");
      expect((await find("a.example.com", { env: { ...alias, ...env }, named }))[0]?.username).toBe("u");
    },
  );

  it("may be a token, which wins over user and password", async () => {
    const named = ["a.example.com"];
    const found = await find("a.example.com", {
      env: { PACTO_REGISTRY_TOKEN: "tok", PACTO_REGISTRY_USERNAME: "u", PACTO_REGISTRY_PASSWORD: "p" },
      named,
    });
    expect(found).toEqual([{ username: "", password: "tok", kind: "bearer-token", origin: "environment" }]);
  });

  it("take user name and password: one alone is warned of, not used, and not shown", async () => {
    expect(
      await find("a.example.com", { env: { SEALIFT_PASSWORD: "s3cret" }, named: ["a.example.com"] }),
    ).toEqual([]);
    expect(warnings).toEqual([expect.stringContaining("SEALIFT_PASSWORD is not used")]);
    expect(warnings.join()).not.toContain("s3cret");
  });
});

describe("credentials from docker's file", () => {
  it("are found under each spelling of a registry's name", async () => {
    await write(".docker/config.json", {
      auths: {
        "plain.example.com": { auth: auth("plain", "p:with:colons") },
        "https://url.example.com/v1/": { auth: auth("url", "p") },
        "https://index.docker.io/v1/": { auth: auth("hub", "p") },
        "port.example.com:5000": { username: "port", password: "p" },
      },
    });
    const user = async (registry: string) => (await find(registry))[0]?.username;
    expect(await find("plain.example.com")).toEqual([
      { username: "plain", password: "p:with:colons", origin: join(home, ".docker/config.json") },
    ]);
    expect(await user("url.example.com")).toBe("url");
    expect(await user("docker.io")).toBe("hub");
    expect(await user("registry-1.docker.io")).toBe("hub");
    expect(await user("port.example.com:5000")).toBe("port");
    expect(await user("port.example.com")).toBeUndefined();
  });

  it("are read from DOCKER_CONFIG where it is set", async () => {
    await write("other/config.json", { auths: { "a.example.com": { auth: auth("u", "p") } } });
    expect(await find("a.example.com", { env: { DOCKER_CONFIG: join(home, "other") } })).toHaveLength(1);
    expect(await find("a.example.com")).toEqual([]);
  });

  it("may be an identity token or a registry token", async () => {
    await write(".docker/config.json", {
      auths: {
        "a.example.com": { auth: auth("u", "unused"), identitytoken: "refresh" },
        "b.example.com": { registrytoken: "bearer" },
      },
    });
    expect((await find("a.example.com"))[0]).toMatchObject({ password: "refresh", kind: "refresh-token" });
    expect((await find("b.example.com"))[0]).toMatchObject({ password: "bearer", kind: "bearer-token" });
  });

  it.each([
    ["is not JSON", '{"auths": {"a.example.com": {"auth": "c2VjcmV0"'],
    ["has another shape", '{"auths": {"a.example.com": {"auth": ["c2VjcmV0"]}}}'],
    ["is too large", " ".repeat(1024 * 1024 + 1)],
    ["has a broken login", '{"auths": {"a.example.com": {"auth": "c2VjcmV0"}}}'],
  ])("that %s are warned of, without showing them, and others still found", async (_, content) => {
    const path = await write(".docker/config.json", content);
    const runtime = join(home, "run");
    await write("run/containers/auth.json", { auths: { "a.example.com": { auth: auth("podman", "p") } } });
    const found = await find("a.example.com", { env: { XDG_RUNTIME_DIR: runtime } });
    expect(found.map(({ username }) => username)).toEqual(["podman"]);
    expect(warnings).toEqual([expect.stringContaining(path)]);
    expect(warnings.join()).not.toMatch(/c2VjcmV0|secret/);
  });

  it("that are in a folder's place are warned of", async () => {
    await mkdir(join(home, ".docker/config.json"), { recursive: true });
    expect(await find("a.example.com")).toEqual([]);
    expect(warnings).toEqual([expect.stringMatching(/EISDIR/)]);
  });

  it("that are not there are no matter", async () => {
    expect(await find("a.example.com")).toEqual([]);
    expect(warnings).toEqual([]);
  });
});

describe("credentials from podman's file", () => {
  it("are read from REGISTRY_AUTH_FILE, whose absence is warned of", async () => {
    const path = await write("auth.json", { auths: { "a.example.com": { auth: auth("u", "p") } } });
    expect(await find("a.example.com", { env: { REGISTRY_AUTH_FILE: path } })).toHaveLength(1);
    await find("a.example.com", { env: { REGISTRY_AUTH_FILE: join(home, "gone.json") } });
    expect(warnings).toEqual([expect.stringContaining("gone.json")]);
  });

  it("for a part of a registry are not used for all of it", async () => {
    await write(".config/containers/auth.json", { auths: { "quay.io/team": { auth: auth("team", "p") } } });
    expect(await find("quay.io")).toEqual([]);
  });

  it("that repeat docker's are offered once", async () => {
    const entry = { auths: { "a.example.com": { auth: auth("u", "p") } } };
    await write(".docker/config.json", entry);
    await write(".config/containers/auth.json", entry);
    expect(await find("a.example.com")).toHaveLength(1);
  });

  it("may stand in pacto's file as well", async () => {
    await write("xdg/pacto/config.json", { auths: { "ghcr.io": { auth: auth("pacto", "p") } } });
    expect(await find("ghcr.io", { env: { XDG_CONFIG_HOME: join(home, "xdg") } })).toHaveLength(1);
  });
});

describe("a credential helper", () => {
  it("is asked for the server on its input, one for a registry before the one for all", async () => {
    await helper("store", 'read server; echo "{\\"Username\\":\\"store\\",\\"Secret\\":\\"$server\\"}"');
    await helper("ecr", 'read server; echo "{\\"Username\\":\\"ecr\\",\\"Secret\\":\\"$1 $server\\"}"');
    await write(".docker/config.json", {
      credsStore: "store",
      credHelpers: { "ecr.example.com": "ecr" },
      auths: { "a.example.com": {} },
    });
    expect(await find("ecr.example.com")).toEqual([
      { username: "ecr", password: "get ecr.example.com", origin: "docker-credential-ecr" },
    ]);
    expect((await find("a.example.com"))[0]?.password).toBe("a.example.com");
    expect((await find("docker.io"))[0]?.password).toBe("https://index.docker.io/v1/");
    expect(warnings).toEqual([]);
  });

  it("gives identity tokens under the name <token>", async () => {
    await helper("id", `echo '{"Username":"<token>","Secret":"refresh"}'`);
    await write(".docker/config.json", { credsStore: "id" });
    expect((await find("a.example.com"))[0]).toMatchObject({ password: "refresh", kind: "refresh-token" });
  });

  it("that has none is silent", async () => {
    await helper("none", "echo 'credentials not found in native keychain'; exit 1");
    await write(".docker/config.json", { credsStore: "none" });
    expect(await find("a.example.com")).toEqual([]);
    expect(warnings).toEqual([]);
  });

  it.each([
    ["fails", "echo 's3cret on stdout'; echo s3cret >&2; exit 3", /ended with 3/],
    ["talks nonsense", "echo s3cret", /not in the helpers' format/],
  ])(
    "that %s is warned of without its output, and the file's own logins still found",
    async (_, script, reason) => {
      await helper("bad", script);
      await write(".docker/config.json", {
        credsStore: "bad",
        auths: { "a.example.com": { auth: auth("file", "p") } },
      });
      expect((await find("a.example.com")).map(({ username }) => username)).toEqual(["file"]);
      expect(warnings).toEqual([expect.stringMatching(reason)]);
      expect(warnings.join()).not.toContain("s3cret");
    },
  );

  it("that is missing, or named by a path, is warned of", async () => {
    await write(".docker/config.json", {
      credHelpers: { "a.example.com": "not-installed-here", "b.example.com": "../../evil" },
    });
    await find("a.example.com");
    await find("b.example.com");
    expect(warnings).toEqual([
      expect.stringContaining("it is not installed"),
      expect.stringContaining("it is not a helper's name"),
    ]);
  });

  it("that does not answer is ended, and a child of its own holds nobody up", async () => {
    const child = join(home, "child");
    await helper("slow", `sleep 600 & echo $! > ${child}; wait`);
    const answer = await askHelper("slow", "a.example.com", (message) => warnings.push(message), 1_000);
    expect(answer).toBeUndefined();
    expect(warnings).toEqual([expect.stringContaining("no answer within 1 s")]);
    // It has the helper's output open still; were it waited for, there would be no such process now.
    process.kill(Number(await readFile(child, "utf8")));
  });
});

describe("credentials from configuration files", () => {
  const config = (fields: string) => `registry:\n  default: a.example.com/team\n  auth:\n${fields}`;

  it.each(["sealift/sealift.yaml", "pakto/pakto.yaml"])(
    "go to the registry that %s names as its default, with the environment's variables put in",
    async (name) => {
      const path = await write(
        `.config/${name}`,
        config("    username: ${USER_NAME}\n    password: pre-${SECRET}\n"),
      );
      const env = { USER_NAME: "ada", SECRET: "p" };
      expect(await find("a.example.com", { env })).toEqual([
        { username: "ada", password: "pre-p", origin: path },
      ]);
      expect(await find("b.example.com", { env })).toEqual([]);
    },
  );

  it("are text, whatever they look like", async () => {
    await write(".config/sealift/sealift.yaml", config("    username: ada\n    password: 0123\n"));
    expect((await find("a.example.com"))[0]?.password).toBe("0123");
  });

  it("that cannot be read are warned of, without showing them", async () => {
    await write(".config/sealift/sealift.yaml", "registry: [s3cret");
    expect(await find("a.example.com")).toEqual([]);
    expect(warnings).toEqual([expect.stringContaining("sealift.yaml")]);
    expect(warnings.join()).not.toContain("s3cret");
  });

  it("without a variable they name are none", async () => {
    await write(".config/sealift/sealift.yaml", config("    username: ada\n    password: ${NOT_SET}\n"));
    expect(await find("a.example.com")).toEqual([]);
  });
});

describe("credentials from GitHub's command line", () => {
  const gh = async (script: string) => {
    const path = await write("bin/gh", `#!/bin/sh\n${script}\n`);
    await chmod(path, 0o755);
    return { PATH: `${join(home, "bin")}${delimiter}${process.env.PATH}` };
  };

  it("go to GitHub's registries, and to no other", async () => {
    const env = await gh('[ "$*" = "auth token" ] && echo gho_token');
    vi.stubEnv("PATH", env.PATH);
    expect(await find("ghcr.io", { env })).toEqual([
      { username: "x-access-token", password: "gho_token", origin: "gh" },
    ]);
    expect(await find("a.example.com", { env })).toEqual([]);
  });

  it.each(["exit 1", "true", "echo two words"])("are none where it says: %s", async (script) => {
    const env = await gh(script);
    vi.stubEnv("PATH", env.PATH);
    expect(await find("ghcr.io", { env })).toEqual([]);
    expect(warnings).toEqual([]);
  });
});

it("the login that was told to this command comes before those told to others", async () => {
  await write(".docker/config.json", { auths: { "ghcr.io": { auth: auth("docker", "p") } } });
  await write(".config/pacto/config.json", { auths: { "ghcr.io": { auth: auth("pacto", "p") } } });
  await write(".config/sealift/auth.json", { auths: { "ghcr.io": { auth: auth("sealift", "p") } } });
  expect((await find("ghcr.io")).map(({ username }) => username)).toEqual(["sealift", "pacto", "docker"]);
});
