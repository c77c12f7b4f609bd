import { describe, expect, it } from "vitest";
import {
  checkTarget,
  endpointOf,
  endpointUrl,
  followUrl,
  redactUrl,
} from "../../../src/registry/endpoint.ts";

describe("a registry's endpoint", () => {
  it.each([
    ["ghcr.io", "https://ghcr.io/"],
    ["registry.example.com:8443", "https://registry.example.com:8443/"],
    ["docker.io", "https://registry-1.docker.io/"],
    ["index.docker.io", "https://registry-1.docker.io/"],
    ["localhost:5000", "http://localhost:5000/"],
    ["127.0.0.1:5050", "http://127.0.0.1:5050/"],
    ["127.9.9.9", "http://127.9.9.9/"],
    ["[::1]:5000", "http://[::1]:5000/"],
    ["localhost.example.com", "https://localhost.example.com/"],
    ["10.0.0.1:5000", "https://10.0.0.1:5000/"],
  ])("of %s is %s", (registry, base) => {
    expect(endpointOf(registry).base.href).toBe(base);
  });

  it("is plain HTTP where that is asked for", () => {
    expect(endpointOf("10.0.0.1:5000", true).base.href).toBe("http://10.0.0.1:5000/");
    expect(endpointOf("127.0.0.1:5000", false).base.href).toBe("https://127.0.0.1:5000/");
  });

  it.each(["", "user@host", "host/path", "host?x", "host#x", "a b"])("is never made from %j", (registry) => {
    expect(() => endpointOf(registry)).toThrow(expect.objectContaining({ code: "REFERENCE_INVALID" }));
  });

  it("builds URLs from repository names only", () => {
    const endpoint = endpointOf("ghcr.io");
    expect(endpointUrl(endpoint, "a/b", "tags", "list").href).toBe("https://ghcr.io/v2/a/b/tags/list");
    for (const name of ["../x", "a/../b", "A", "a?b", ""]) {
      expect(() => endpointUrl(endpoint, name, "tags", "list")).toThrow(/not a repository name/);
    }
  });

  it("takes tags and digests as targets, never paths", () => {
    expect(checkTarget("latest")).toBe("latest");
    for (const target of ["../blobs", "a/b", "sha256:short", ""]) {
      expect(() => checkTarget(target)).toThrow(/neither a tag nor a digest/);
    }
  });
});

describe("a URL that a registry names", () => {
  const from = new URL("https://reg.example.com/v2/a/blobs/uploads/");

  it("may be relative, and keeps its query as it is", () => {
    expect(followUrl(from, "/v2/a/blobs/uploads/1?_state=a%2Fb+c%3D").href).toBe(
      "https://reg.example.com/v2/a/blobs/uploads/1?_state=a%2Fb+c%3D",
    );
  });

  it("stays on TLS when the registry calls itself by http", () => {
    expect(followUrl(from, "http://reg.example.com/v2/x").href).toBe("https://reg.example.com/v2/x");
  });

  it.each([
    ["http://storage.example.com/x", /leave TLS/],
    ["https://127.0.0.1/x", /local address/],
    ["https://localhost./x", /local address/],
    ["https://169.254.169.254/latest/meta-data", /local address/],
    ["https://[::1]/x", /local address/],
    ["https://[::ffff:127.0.0.1]/x", /local address/],
    ["https://[fe80::1]/x", /local address/],
    ["https://0x7f.1/x", /local address/],
    ["https://0.0.0.0/x", /local address/],
    ["file:///etc/passwd", /not an HTTP address/],
    ["http://", /not an HTTP address/],
  ])("is not followed to %s", (location, reason) => {
    expect(() => followUrl(from, location)).toThrow(reason);
  });

  it("may be local where the registry is", () => {
    const local = new URL("http://127.0.0.1:5000/v2/");
    expect(followUrl(local, "http://localhost:9000/x").href).toBe("http://localhost:9000/x");
  });

  it("loses the user and password written into it", () => {
    expect(followUrl(from, "https://u:p@storage.example.com/x").href).toBe("https://storage.example.com/x");
  });

  it.each(["file:///etc/passwd", "javascript:alert(1)"])("is shown by its scheme alone as %s", (url) => {
    expect(redactUrl(url)).toBe(`${url.slice(0, url.indexOf(":"))}:…`);
  });

  it("is shown without credentials and without its query's values", () => {
    const shown = redactUrl("https://u:secret@s3.example.com/b/k?X-Amz-Signature=abc&X-Amz-Date=1");
    expect(shown).toBe("https://s3.example.com/b/k?X-Amz-Signature=…&X-Amz-Date=…");
  });
});
