import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatReference, parseReference, parseRemoteReference } from "../../../src/oci/reference.ts";

const digest = `sha256:${"0".repeat(64)}`;

describe("a reference", () => {
  it.each([
    ["localhost:5000/a/b:t", { registry: "localhost:5000", repository: "a/b", tag: "t" }],
    ["localhost:5000/x", { registry: "localhost:5000", repository: "x" }],
    ["localhost/x", { registry: "localhost", repository: "x" }],
    ["busybox", { registry: "docker.io", repository: "library/busybox" }],
    ["busybox:1.36", { registry: "docker.io", repository: "library/busybox", tag: "1.36" }],
    ["me/app", { registry: "docker.io", repository: "me/app" }],
    ["docker.io/busybox", { registry: "docker.io", repository: "library/busybox" }],
    ["[::1]:5000/x:y", { registry: "[::1]:5000", repository: "x", tag: "y" }],
    [`h.io/a@${digest}`, { registry: "h.io", repository: "a", digest }],
    [`h.io/a:t@${digest}`, { registry: "h.io", repository: "a", tag: "t", digest }],
    ["h.io/a__b/c-d.e:T_1.0-x", { registry: "h.io", repository: "a__b/c-d.e", tag: "T_1.0-x" }],
  ])("%s", (text, expected) => {
    expect(parseReference(text)).toEqual(expected);
  });

  it.each([
    "",
    "/",
    "h.io/",
    "h.io/UPPER",
    "h.io/a//b",
    "h.io/../b",
    "h.io/a:",
    `h.io/a:${"x".repeat(129)}`,
    "h.io/a@sha256:abcd",
    `h.io/a@sha256:${"A".repeat(64)}`,
    "h.io:port/a",
    "u:p@h.io/a",
    "h.io/a b",
    `h.io/${"a/".repeat(200)}a`,
  ])("%s is refused", (text) => {
    expect(() => parseReference(text)).toThrow(expect.objectContaining({ code: "REFERENCE_INVALID" }));
  });

  it.each(["localhost", "localhost:5000", "127.0.0.1:5977", "r.example.com", "[::1]:5000", `r.io@${digest}`])(
    "%s, where something lies at a registry, lacks a repository",
    (text) => {
      expect(() => parseRemoteReference(text)).toThrow(
        expect.objectContaining({
          code: "REFERENCE_INVALID",
          message: `Cannot read reference "${text}": it names no repository`,
          hint: expect.stringContaining(`${text.split("@")[0]}/REPOSITORY`),
        }),
      );
    },
  );

  it("at a registry may be one of Docker Hub's short names all the same", () => {
    expect(parseRemoteReference("busybox:1.36")).toEqual(parseReference("busybox:1.36"));
  });

  it("is the same after being written and read again", () => {
    const part = fc.stringMatching(/^[a-z0-9]{1,8}$/);
    fc.assert(
      fc.property(
        part,
        fc.array(part, { minLength: 1, maxLength: 4 }),
        fc.option(part),
        (host, path, tag) => {
          const reference = {
            registry: `${host}.test:80`,
            repository: path.join("/"),
            ...(tag !== null && { tag }),
          };
          expect(parseReference(formatReference(reference))).toEqual(reference);
        },
      ),
    );
  });

  it("that a login stands before is refused without showing that", () => {
    expect(() => parseReference("bob:pa/ss@h/a:1")).toThrow(/^Cannot read reference "…@h\/a:1": (?!.*pa)/);
  });
});
