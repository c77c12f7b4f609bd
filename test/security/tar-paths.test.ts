/** Archives that try to write outside the folder they are opened in. */
import { describe, expect, it } from "vitest";
import { ExtractionGuard, type PathPolicy, safeDirectory, safeLink, safePath } from "../../src/tar/safety.ts";

const BOTH: PathPolicy[] = ["strict", "rooted"];
const unsafe = expect.objectContaining({ code: "UNSAFE_PATH" });

describe.each(BOTH)("names, %s", (policy) => {
  it("parent components: .. anywhere in a name is refused", () => {
    for (const name of ["..", "../x", "a/../../x", "a/..", "a/../b", "./../x", "a//../b", "/../x"]) {
      expect(() => safePath(name, policy)).toThrow(unsafe);
    }
  });

  it("dots that are no parent component are ordinary", () => {
    for (const name of ["...", "..a", "a..", "a/..b/c", ".hidden", "a/.../b"]) {
      expect(safePath(name, policy)).toBe(name);
    }
  });

  it("empty name: nothing, a dot or a slash is no file, but is the root directory", () => {
    expect(() => safePath("", policy)).toThrow(unsafe);
    expect(() => safeDirectory("", policy)).toThrow(unsafe);
    for (const name of [".", "./", "./."]) {
      expect(() => safePath(name, policy)).toThrow(unsafe);
      expect(safeDirectory(name, policy)).toBe("");
    }
  });

  it("redundant spelling is taken away, so that one file has one path", () => {
    for (const name of ["./a/b", "a//b", "a/./b", "a/b/", "././a///b/."])
      expect(safePath(name, policy)).toBe("a/b");
  });

  it("NUL: a name that C would cut short is refused", () => {
    expect(() => safePath("a\0/../../etc", policy)).toThrow(unsafe);
    expect(() => safeLink("a", "b\0c", policy)).toThrow(unsafe);
  });

  it("overlong name: refused, so that an index of names stays small", () => {
    expect(() => safePath("a/".repeat(3000), policy)).toThrow(unsafe);
  });

  it.each(["", ".", "a\0", "a/".repeat(3000)])(
    "has no hint of names that lead out where it does not: %.9j",
    (name) => {
      expect(() => safePath(name, policy)).toThrow(
        expect.objectContaining({ code: "UNSAFE_PATH", hint: "" }),
      );
    },
  );

  it("backslash: escapes that Windows would see are refused, in every disguise", () => {
    for (const name of [
      "..\\x",
      "a\\..\\..\\x",
      "\\x",
      "\\\\server\\share",
      "./\\x",
      "a/..\\..\\x",
      "./..\\x",
    ]) {
      expect(() => safePath(name, policy)).toThrow(unsafe);
    }
  });

  it("drive: names that Windows would put on a drive are refused, in every disguise", () => {
    for (const name of ["C:x", "c:/x", "C:\\x", "./C:x", ".//c:/x"])
      expect(() => safePath(name, policy)).toThrow(unsafe);
  });

  it("backslash: an ordinary character of a POSIX name, as systemd's units have it, stays", () => {
    const unit = "usr/lib/systemd/system/system-systemd\\x2dcryptsetup.slice";
    expect(safePath(unit, policy)).toBe(unit);
    expect(safePath("a\\b", policy)).toBe("a\\b");
    expect(safePath("usr/share/man/B::Deparse.3pm", policy)).toBe("usr/share/man/B::Deparse.3pm");
  });
});

describe("absolute names", () => {
  it("strict: refused", () => {
    for (const name of ["/", "/etc/passwd", "//x"]) expect(() => safeDirectory(name)).toThrow(unsafe);
  });

  it("rooted: mean the image's own root", () => {
    expect(safePath("/etc/passwd", "rooted")).toBe("etc/passwd");
    expect(safeDirectory("/", "rooted")).toBe("");
    expect(() => safePath("/C:/x", "rooted")).toThrow(unsafe);
  });
});

describe("symlink targets", () => {
  it("climbing target: one that leaves the root is refused under both policies", () => {
    for (const policy of BOTH) {
      expect(() => safeLink("l", "..", policy)).toThrow(unsafe);
      expect(() => safeLink("a/b/l", "../../../etc", policy)).toThrow(unsafe);
      expect(() => safeLink("a/l", "x/../../../y", policy)).toThrow(unsafe);
      expect(() => safeLink("l", "", policy)).toThrow(unsafe);
    }
  });

  it("targets that stay inside are resolved from the link's folder", () => {
    for (const policy of BOTH) {
      expect(safeLink("a/b/l", "../c", policy)).toBe("a/c");
      expect(safeLink("a/l", "..", policy)).toBe("");
      expect(safeLink("l", "./x//y", policy)).toBe("x/y");
    }
  });

  it("absolute target: refused when strict, ordinary in an image's root", () => {
    expect(() => safeLink("l", "/etc/passwd")).toThrow(unsafe);
    expect(safeLink("usr/bin/awk", "/etc/alternatives/awk", "rooted")).toBe("etc/alternatives/awk");
    expect(() => safeLink("l", "/../x", "rooted")).toThrow(unsafe);
  });

  it("backslash target: one that climbs on Windows is refused when strict", () => {
    expect(() => safeLink("a/l", "..\\..\\x")).toThrow(unsafe);
    expect(() => safeLink("a/l", "C:\\x")).toThrow(unsafe);
    expect(() => safeLink("l", "\\x")).toThrow(unsafe);
    expect(safeLink("a/b/l", "..\\x", "rooted")).toBe("a/b/..\\x");
  });
});

const entry = (name: string, type: "file" | "directory" | "symlink" | "hardlink", linkname = "") => ({
  name,
  type,
  linkname,
});

describe("a sequence of entries, strict", () => {
  it("symlink then write: a name through an earlier symlink is refused, even one that stays inside", () => {
    const guard = new ExtractionGuard("strict");
    guard.admit(entry("dir", "directory"));
    guard.admit(entry("link", "symlink", "dir"));
    expect(() => guard.admit(entry("link/x", "file"))).toThrow(unsafe);
    expect(() => guard.admit(entry("./link//x", "file"))).toThrow(unsafe);
    expect(() => guard.admit(entry("link/deep/x", "directory"))).toThrow(unsafe);
    expect(() => guard.admit(entry("link/l", "symlink", "x"))).toThrow(unsafe);
  });

  it("another spelling: case and Unicode forms that a Mac or Windows folder joins do not get round it", () => {
    const guard = new ExtractionGuard("strict");
    guard.admit(entry("Straße\u00e9", "symlink", "x"));
    expect(() => guard.admit(entry("straße\u00e9/x", "file"))).toThrow(unsafe);
    expect(() => guard.admit(entry("STRAßEe\u0301/x", "file"))).toThrow(unsafe);
  });

  it("bytes that are not UTF-8: two names that a folder elsewhere would make one are refused, in an image they are two", () => {
    const strict = new ExtractionGuard("strict");
    for (const name of ["caf\udce9", "caf\udce8"]) {
      expect(() => strict.admit(entry(name, "file"))).toThrow(unsafe);
      expect(() => strict.admit(entry("link", "symlink", name))).toThrow(unsafe);
      expect(new ExtractionGuard("rooted").admit(entry(name, "file"))).toEqual({ path: name });
    }
    expect(() => safePath("\udcc0\udcae\udcc0\udcae/x", "rooted")).not.toThrow();
    expect(() => safePath("../\udce9", "rooted")).toThrow(unsafe);
  });

  it("replaced symlink: what stands in its place is what counts", () => {
    const guard = new ExtractionGuard("strict");
    guard.admit(entry("a", "symlink", "b"));
    guard.admit(entry("a", "directory"));
    expect(guard.admit(entry("a/x", "file"))).toEqual({ path: "a/x" });
    guard.admit(entry("a", "symlink", "b"));
    expect(() => guard.admit(entry("a/x", "file"))).toThrow(unsafe);
  });

  it("hard link: a target outside, or through a symlink, is refused", () => {
    const guard = new ExtractionGuard("strict");
    guard.admit(entry("link", "symlink", "dir"));
    for (const target of ["../x", "/etc/passwd", "link/x", ""]) {
      expect(() => guard.admit(entry("h", "hardlink", target))).toThrow(unsafe);
    }
    expect(guard.admit(entry("h", "hardlink", "./dir/x"))).toEqual({ path: "h", target: "dir/x" });
  });

  it("hard link to a symlink: the same link in a higher folder would leave, and is refused", () => {
    const guard = new ExtractionGuard("strict");
    guard.admit(entry("a/b/l", "symlink", "../../x"));
    expect(() => guard.admit(entry("l", "hardlink", "a/b/l"))).toThrow(unsafe);
    guard.admit(entry("c/d/l", "hardlink", "a/b/l"));
    expect(() => guard.admit(entry("c/d/l/x", "file"))).toThrow(unsafe);
  });

  it("symlink by hand: a link whose target leaves is refused when it is made", () => {
    const guard = new ExtractionGuard("strict");
    expect(() => guard.admit(entry("l", "symlink", "../x"))).toThrow(unsafe);
    expect(() => guard.admit(entry("l", "symlink", "/x"))).toThrow(unsafe);
  });
});

describe("a sequence of entries, rooted", () => {
  it("merged /usr: a name through a symlink leads where a process in the image would see it", () => {
    const guard = new ExtractionGuard("rooted");
    guard.admit(entry("lib", "symlink", "usr/lib"));
    guard.admit(entry("abs", "symlink", "/opt/abs"));
    guard.admit(entry("usr/lib/up", "symlink", ".."));
    expect(guard.admit(entry("lib/x", "file"))).toEqual({ path: "usr/lib/x" });
    expect(guard.admit(entry("abs/x", "file"))).toEqual({ path: "opt/abs/x" });
    expect(guard.admit(entry("lib/up/x", "file"))).toEqual({ path: "usr/x" });
    expect(guard.admit(entry("h", "hardlink", "lib/x"))).toEqual({ path: "h", target: "usr/lib/x" });
  });

  it("moved link: a target that climbs through other symlinks ends at the root, never above", () => {
    const guard = new ExtractionGuard("rooted");
    guard.admit(entry("a/b/c", "directory"));
    guard.admit(entry("a/b/c/l", "symlink", "../../.."));
    guard.admit(entry("short", "symlink", "a/b/c/l/l2"));
    guard.admit(entry("a/b/c/l/l2", "symlink", "x"));
    expect(guard.admit(entry("short/y", "file"))).toEqual({ path: "x/y" });
  });

  it("symlink loop: refused instead of followed for ever", () => {
    const guard = new ExtractionGuard("rooted");
    guard.admit(entry("a", "symlink", "b"));
    guard.admit(entry("b", "symlink", "a"));
    expect(() => guard.admit(entry("a/x", "file"))).toThrow(unsafe);
  });

  it("keeps the case of names apart, as Linux does", () => {
    const guard = new ExtractionGuard("rooted");
    guard.admit(entry("LINK", "symlink", "x"));
    expect(guard.admit(entry("link/y", "file"))).toEqual({ path: "link/y" });
  });
});
