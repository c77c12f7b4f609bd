import { describe, expect, it } from "vitest";
import { openRepository } from "../../../src/registry/repository.ts";
import { json, type ScriptedAnswer, scripted, testHost } from "./support.ts";

function repositoryWith(...answers: ScriptedAnswer[]) {
  const script = scripted(...answers);
  const host = testHost({ fetch: script.fetch });
  return { ...script, repository: openRepository(host, { registry: "r.example.com", repository: "a" }) };
}

const page = (tags: readonly string[] | null, link?: string) =>
  json({ name: "a", tags }, link === undefined ? {} : { headers: { link } });

describe("the list of tags", () => {
  it.each([
    ["as the specification has it", '</v2/a/tags/list?n=1000&last=b>; rel="next"'],
    ["without quotes", "</v2/a/tags/list?n=1000&last=b>; rel=next"],
    ["without angle brackets, as one registry has it", "/v2/a/tags/list?n=1000&last=b; rel=next"],
    ["whole", '<https://r.example.com/v2/a/tags/list?n=1000&last=b>; rel="next"'],
    [
      "with the registry's own idea of the scheme",
      '<http://r.example.com/v2/a/tags/list?n=1000&last=b>; rel="next"',
    ],
  ])("follows Link %s", async (_, link) => {
    const { repository, sent } = repositoryWith(page(["a", "b"], link), page(["c"]));
    expect(await repository.tags()).toEqual(["a", "b", "c"]);
    expect(sent.map(({ url }) => url)).toEqual([
      "https://r.example.com/v2/a/tags/list?n=1000",
      "https://r.example.com/v2/a/tags/list?n=1000&last=b",
    ]);
  });

  it("of a repository without any is empty, written null or left out", async () => {
    const { repository } = repositoryWith(page(null), json({ name: "a" }));
    expect(await repository.tags()).toEqual([]);
    expect(await repository.tags()).toEqual([]);
  });

  it("of an unknown repository fails with NAME_UNKNOWN", async () => {
    const { repository } = repositoryWith(new Response(null, { status: 404 }));
    await expect(repository.tags()).rejects.toMatchObject({ code: "NAME_UNKNOWN", exitCode: 5 });
  });

  it("does not follow a page to another host", async () => {
    const { repository, sent } = repositoryWith(page(["a"], '<https://thief.example.com/>; rel="next"'));
    await expect(repository.tags()).rejects.toThrow(/another host/);
    expect(sent).toHaveLength(1);
  });

  it("whose pages go in a circle ends", async () => {
    const circle = Array.from({ length: 1001 }, () => page(["a"], '</v2/a/tags/list?last=a>; rel="next"'));
    const { repository, sent } = repositoryWith(...circle);
    await expect(repository.tags()).rejects.toMatchObject({ code: "LIMIT_EXCEEDED" });
    expect(sent).toHaveLength(1000);
  });

  it.each([["not JSON"], ['{"tags":"a"}'], ['{"tags":[1]}']])(
    "that is %j fails with REGISTRY_ERROR",
    async (body) => {
      const { repository } = repositoryWith(new Response(body));
      await expect(repository.tags()).rejects.toMatchObject({ code: "REGISTRY_ERROR" });
    },
  );
});
