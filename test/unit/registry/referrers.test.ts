import { describe, expect, it } from "vitest";
import { digestOf } from "../../../src/bytes/content.ts";
import type { Host } from "../../../src/host.ts";
import { type Descriptor, EMPTY_JSON } from "../../../src/oci/descriptor.ts";
import type { Digest } from "../../../src/oci/digest.ts";
import { encodeJson } from "../../../src/oci/json.ts";
import { MEDIA_TYPE } from "../../../src/oci/media-type.ts";
import { fallbackTag } from "../../../src/registry/referrers.ts";
import { openRepository } from "../../../src/registry/repository.ts";
import { scripted, testHost } from "./support.ts";

const { kernels } = testHost();
const subject = `sha256:${"ab".repeat(32)}` as Digest;
const TAG = `sha256-${"ab".repeat(32)}`;

function referrer(name: string, artifactType = "application/test"): Uint8Array {
  return encodeJson({
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociManifest,
    artifactType,
    config: EMPTY_JSON,
    layers: [],
    subject: { mediaType: MEDIA_TYPE.ociManifest, digest: subject, size: 10 },
    annotations: { name },
  });
}

function entry(name: string, artifactType = "application/test"): Descriptor {
  const bytes = referrer(name, artifactType);
  return {
    mediaType: MEDIA_TYPE.ociManifest,
    digest: digestOf(kernels, bytes),
    size: bytes.length,
    artifactType,
    annotations: { name },
  };
}

function listing(manifests: readonly Descriptor[], headers: Record<string, string> = {}): Response {
  const index = { schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests };
  return new Response(JSON.stringify(index), {
    headers: { "content-type": MEDIA_TYPE.ociIndex, ...headers },
  });
}

const open = (fetch: Host["fetch"]) =>
  openRepository(testHost({ fetch }), { registry: "r.example.com", repository: "a" });

/** A registry's manifests in memory, with or without the referrers API. */
function manifestServer(options: { ociSubject: boolean; api: boolean }) {
  const stored = new Map<string, string>();
  const fetch: Host["fetch"] = async (url, init) => {
    const request = new Request(url, init);
    const [, kind, target = ""] = /^\/v2\/a\/(manifests|referrers)\/(.+)$/.exec(new URL(url).pathname) ?? [];
    if (kind === "referrers")
      return options.api ? listing([]) : new Response("404 page not found", { status: 404 });
    if (request.method === "PUT") {
      await new Promise((resolve) => setTimeout(resolve, 5));
      stored.set(decodeURIComponent(target), await request.text());
      return new Response(null, {
        status: 201,
        ...(options.ociSubject && { headers: { "oci-subject": subject } }),
      });
    }
    const body = stored.get(target);
    if (body === undefined) return new Response(null, { status: 404 });
    return new Response(body, { headers: { "content-type": JSON.parse(body).mediaType } });
  };
  return { fetch, stored };
}

describe("the list of referrers", () => {
  it("comes from the API, page by page", async () => {
    const { fetch, sent } = scripted(
      listing([entry("1")], { link: `</v2/a/referrers/${subject}?last=1>; rel="next"` }),
      listing([entry("2")]),
    );
    expect(await open(fetch).referrers(subject)).toEqual([entry("1"), entry("2")]);
    expect(sent.map(({ url }) => url)).toEqual([
      `https://r.example.com/v2/a/referrers/${subject}`,
      `https://r.example.com/v2/a/referrers/${subject}?last=1`,
    ]);
  });

  it("is filtered by artifact type, also where the registry ignores the filter", async () => {
    const { fetch, sent } = scripted(listing([entry("1", "a/b"), entry("2", "c/d")]));
    expect(await open(fetch).referrers(subject, "c/d")).toEqual([entry("2", "c/d")]);
    expect(sent[0]?.url).toContain("?artifactType=c%2Fd");
  });

  it.each([
    ["404", () => new Response("404 page not found", { status: 404 })],
    ["405", () => new Response(null, { status: 405 })],
    ["a web page", () => new Response("<html>", { headers: { "content-type": "text/html" } })],
  ])("comes from the fallback tag where the API answers %s", async (_, answer) => {
    const { fetch, sent } = scripted(answer(), listing([entry("1")]));
    expect(await open(fetch).referrers(subject)).toEqual([entry("1")]);
    expect(sent[1]?.url).toBe(`https://r.example.com/v2/a/manifests/${TAG}`);
  });

  it("is empty where there is neither", async () => {
    const missing = () => new Response(null, { status: 404 });
    expect(await open(scripted(missing(), missing()).fetch).referrers(subject)).toEqual([]);
  });

  it("is not taken from a tag that is an image", async () => {
    const image = new Response(referrer("x") as Uint8Array<ArrayBuffer>, {
      headers: { "content-type": MEDIA_TYPE.ociManifest },
    });
    const { fetch } = scripted(new Response(null, { status: 404 }), image);
    await expect(open(fetch).referrers(subject)).rejects.toThrow(/is not an image index/);
  });

  it("has a fallback tag of at most 64 digits", () => {
    expect(fallbackTag(subject)).toBe(TAG);
    expect(fallbackTag(`sha512:${"c".repeat(128)}` as Digest)).toBe(`sha512-${"c".repeat(64)}`);
  });
});

describe("the push of a manifest with a subject", () => {
  const push = (fetch: Host["fetch"], name: string) =>
    open(fetch).pushManifest(name, referrer(name), MEDIA_TYPE.ociManifest);

  it("leaves the fallback tag alone where the registry lists referrers", async () => {
    const { fetch, stored } = manifestServer({ ociSubject: true, api: true });
    await push(fetch, "sig");
    expect([...stored.keys()]).toEqual(["sig"]);
  });

  it.each([
    ["does not say so", { ociSubject: false, api: false }],
    ["says so but has no API, as ECR did", { ociSubject: true, api: false }],
  ])("updates the fallback tag where the registry %s", async (_, options) => {
    const { fetch, stored } = manifestServer(options);
    await push(fetch, "one");
    await push(fetch, "two");
    await push(fetch, "two");
    expect(JSON.parse(stored.get(TAG) ?? "")).toEqual({
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.ociIndex,
      manifests: [entry("one"), entry("two")],
    });
  });

  it("loses none of several at once", async () => {
    const { fetch, stored } = manifestServer({ ociSubject: false, api: false });
    const repository = open(fetch);
    const names = ["a", "b", "c", "d"];
    await Promise.all(
      names.map((name) => repository.pushManifest(name, referrer(name), MEDIA_TYPE.ociManifest)),
    );
    expect(JSON.parse(stored.get(TAG) ?? "").manifests).toHaveLength(4);
  });
});
