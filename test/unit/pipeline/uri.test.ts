import { describe, expect, it } from "vitest";
import { allowOptions, booleanOption, parseUri, shownUri, type Uri } from "../../../src/pipeline/uri.ts";
import { registryOptions, withJobs } from "../../../src/pipeline/uri-options.ts";

describe("a file's URI", () => {
  it.each([
    ["tar:foo.tar", "foo.tar"],
    ["tar://foo.tar", "foo.tar"],
    ["tar://./a/b.tar", "./a/b.tar"],
    ["tar:///abs/x.tar", "/abs/x.tar"],
    ["tar://localhost/x.tar", "/x.tar"],
    ["tar:///a%20b.tar", "/a b.tar"],
    ["oci-layout://some/folder", "some/folder"],
    ["oci-archive://user@host/x.tar", "user@host/x.tar"],
    ["bundle://-", "-"],
  ])("%s is the path %s", (text, path) => {
    expect(parseUri(text).path).toBe(path);
  });

  it("picks an image by what stands behind #", () => {
    expect(parseUri("oci-archive://a.tar#debian:12")).toMatchObject({ path: "a.tar", fragment: "debian:12" });
  });
});

describe("a registry's URI", () => {
  it("keeps ports, tags and digests in the reference", () => {
    const digest = `sha256:${"a".repeat(64)}`;
    expect(parseUri("registry://localhost:5000/a/b:t").path).toBe("localhost:5000/a/b:t");
    expect(parseUri(`registry://h.io/a:t@${digest}`)).toMatchObject({ path: `h.io/a:t@${digest}` });
  });

  it("has credentials before the first slash", () => {
    expect(parseUri("registry://u:p%40s:s@h.io/a:t")).toMatchObject({
      path: "h.io/a:t",
      username: "u",
      password: "p@s:s",
    });
  });

  it("has options behind ?", () => {
    const { options } = parseUri("registry://h.io/a?arch=arm64&variant=v8&insecure");
    expect([...options]).toEqual([
      ["arch", "arm64"],
      ["variant", "v8"],
      ["insecure", ""],
    ]);
  });

  it("has the last of an option that is given twice", () => {
    expect(parseUri("registry://h.io/a?os=linux&os=windows").options.get("os")).toBe("windows");
  });
});

describe("what is no URI", () => {
  it.each(["foo", "", "://x", "tar://", "tar:", "registry://", "tar:///%zz"])("%s is refused", (text) => {
    expect(() => parseUri(text)).toThrow(expect.objectContaining({ code: "URI_INVALID" }));
  });

  it.each([
    ["registry://127.0.0.1:5000/a", {}, undefined],
    ["registry://127.0.0.1:5000/a?insecure=false", { insecure: true }, false],
    ["registry://h/a", { insecure: true }, true],
    ["registry://h/a?insecure=true", {}, true],
  ])("says whether TLS is asked for, the run where it does not: %s", (text, run, insecure) => {
    expect(registryOptions(parseUri(text), run).insecure).toBe(insecure);
  });

  it.each([
    ["registry://bob:pa/ss@h/a:1", "registry://…@h/a:1"],
    [`registry://h/a@sha256:${"0".repeat(64)}`, `registry://h/a@sha256:${"0".repeat(64)}`],
    ["tar://https://bob:pass@h/a.tar?sig=secret", "tar://https://h/a.tar?sig=…"],
    ["tar://a@b.tar", "tar://a@b.tar"],
    ["nothing", "nothing"],
  ])("is shown without a login: %s", (text, shown) => {
    expect(shownUri(text)).toBe(shown);
  });

  it("is refused without showing its password", () => {
    expect(() => parseUri("registry://u%zz:hunter2@h/a")).toThrow(/^(?!.*hunter2)/);
    expect(() => parseUri("registry://u:100%hunter2@h/a")).toThrow(/^(?!.*hunter2).*percent-encoded/);
  });
});

describe("options", () => {
  const { options } = parseUri("registry://h/a?insecure=1&bad=maybe&off=false");

  it("are yes or no, and an error otherwise", () => {
    expect(booleanOption(options, "insecure")).toBe(true);
    expect(booleanOption(options, "off")).toBe(false);
    expect(booleanOption(options, "missing")).toBe(false);
    expect(() => booleanOption(options, "bad")).toThrow(/not true or false/);
  });

  it.each([
    ["max_workers=-3", 'Cannot read option max_workers: "-3" is not a number from 1 to 999'],
    ["max_workers=x", "Cannot read option max_workers"],
    ["max_workers=0", "Cannot read option max_workers"],
    ["max_workers=", "Cannot read option max_workers"],
    ["max_workers=1000", "Cannot read option max_workers"],
    ["password=secret", "Cannot use option password: there is no username"],
    ["insecure=maybe", "Cannot read option insecure"],
  ])("of a registry: %s is refused", (query, message) => {
    const registry = parseUri(`registry://h/a?${query}`);
    expect(() => registryOptions(registry, { insecure: true })).toThrow(
      expect.objectContaining({ code: "URI_INVALID", message: expect.stringContaining(message) }),
    );
  });

  it("of a registry are its login", () => {
    const { options } = parseUri("registry://h/a?username=u&password=p%40");
    expect(registryOptions({ ...parseUri("registry://h/a"), options }, {})).toMatchObject({
      credential: { username: "u", password: "p@" },
    });
  });

  it("say how many layers are under way, the destination's before the source's before the run's", () => {
    const [one, two, none] = ["registry://h/a?max_workers=1", "registry://h/a?max_workers=2", "tar://x"].map(
      parseUri,
    );
    const jobs = (...uris: (Uri | undefined)[]) => withJobs({ jobs: 4 }, ...(uris as Uri[])).jobs;
    expect([jobs(one, two), jobs(none, two), jobs(none, none)]).toEqual([1, 2, 4]);
  });

  it("that a scheme does not know are refused", () => {
    expect(() => allowOptions(parseUri("tar://x?formt=oci"), "format")).toThrow(/formt.*takes format/);
  });
});
