import { describe, expect, it } from "vitest";
import { openRegistry } from "../../../src/registry/repository.ts";
import { json, type ScriptedAnswer, scripted, testHost } from "./support.ts";

function registryWith(...answers: ScriptedAnswer[]) {
  const script = scripted(...answers);
  return { ...script, registry: openRegistry(testHost({ fetch: script.fetch }), "r.example.com") };
}

describe("the list of repositories", () => {
  it("follows its pages, and is in byte order", async () => {
    const { registry, sent } = registryWith(
      json(
        { repositories: ["b", "team/a"] },
        { headers: { link: '</v2/_catalog?n=1000&last=x>; rel="next"' } },
      ),
      json({ repositories: ["a"] }),
    );
    expect(await registry.repositories()).toEqual(["a", "b", "team/a"]);
    expect(sent.map(({ url }) => url)).toEqual([
      "https://r.example.com/v2/_catalog?n=1000",
      "https://r.example.com/v2/_catalog?n=1000&last=x",
    ]);
  });

  it("leaves out names that would lead elsewhere in a URL", async () => {
    const { registry } = registryWith(json({ repositories: ["../../etc", "A", "a//b", "good"] }));
    expect(await registry.repositories()).toEqual(["good"]);
  });

  it("of an empty registry, written null, is empty", async () => {
    const { registry } = registryWith(json({ repositories: null }));
    expect(await registry.repositories()).toEqual([]);
  });

  it.each([
    ["UNSUPPORTED", new Response(null, { status: 404 })],
    ["DENIED", new Response(null, { status: 403 })],
    ["REGISTRY_ERROR", json({ repositories: "all" })],
    ["REGISTRY_ERROR", new Response("<html>")],
  ])("fails with %s", async (code, answer) => {
    const { registry } = registryWith(answer);
    await expect(registry.repositories()).rejects.toMatchObject({ code });
  });
});
