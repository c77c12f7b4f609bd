import { describe, expect, it } from "vitest";
import { allowOptions, booleanOption, parseUri } from "../../../src/pipeline/uri.ts";

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

  it("is refused without showing its password", () => {
    expect(() => parseUri("registry://user:hunter2@%zz/")).not.toThrow(/hunter2/);
    expect(() => parseUri("registry://u%zz:hunter2@h/a")).toThrow(/^(?!.*hunter2)/);
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

  it("that a scheme does not know are refused", () => {
    expect(() => allowOptions(parseUri("tar://x?formt=oci"), "format")).toThrow(/formt.*takes format/);
  });
});
