/** `sealift doctor engines`: what computes what, and the variable that forces it. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { Workspace } from "./cli.ts";

let work: Workspace;
beforeAll(() => {
  work = new Workspace();
});
afterAll(() => work.dispose());

interface Engine {
  readonly task: string;
  readonly engine: string;
  readonly speed: number;
  readonly used: boolean;
}

const enginesWith = async (choice: string) => {
  const { code, stdout } = await work.run(["doctor", "engines", "--json"], {
    env: { SEALIFT_ENGINE: choice },
  });
  expect(code).toBe(0);
  return JSON.parse(stdout) as { readonly choice: string; readonly engines: readonly Engine[] };
};

const used = (engines: readonly Engine[]) =>
  Object.fromEntries(engines.filter(({ used }) => used).map(({ task, engine }) => [task, engine]));

it("times both engines at every task and says which is used", async () => {
  const { choice, engines } = await enginesWith("");
  expect(choice).toBe("auto");
  for (const { speed } of engines) expect(speed).toBeGreaterThan(0);
  expect(used(engines)).toMatchObject({
    sha256: "native",
    crc32: "wasm",
    "reading gzip": "wasm",
    "reading zstd": "wasm",
    "writing zstd": "wasm",
  });
});

it("SEALIFT_ENGINE=wasm has the kernels do everything", async () => {
  const { engines } = await enginesWith("wasm");
  expect(new Set(Object.values(used(engines)))).toEqual(new Set(["wasm"]));
});

it("SEALIFT_ENGINE=native has the machine do what it may", async () => {
  const { engines } = await enginesWith("native");
  expect(used(engines)).toMatchObject({
    sha256: "native",
    sha512: "native",
    crc32: "native",
    // They stay the kernels': what is written gets a digest, and Node reads one frame of many.
    "reading zstd": "wasm",
    "writing zstd": "wasm",
  });
});

it("another SEALIFT_ENGINE is wrong usage, with every command", async () => {
  const { code, stderr } = await work.run(["doctor", "engines"], { env: { SEALIFT_ENGINE: "fast" } });
  expect(code).toBe(2);
  expect(stderr).toContain('Cannot use SEALIFT_ENGINE: "fast" is not wasm or native');
});

it.each([
  ["0", "the main thread alone"],
  ["1", "1 worker"],
  ["3", "3 workers"],
])("SEALIFT_WORKERS=%s starts that many threads", async (SEALIFT_WORKERS, words) => {
  const stdout = await work.sealift(["doctor", "engines"], { env: { SEALIFT_WORKERS } });
  expect(stdout).toMatch(new RegExp(`^compressing: ${words}$`, "m"));
});

it("another SEALIFT_WORKERS is wrong usage", async () => {
  const { code, stderr } = await work.run(["doctor", "engines"], { env: { SEALIFT_WORKERS: "many" } });
  expect(code).toBe(2);
  expect(stderr).toContain('Cannot use SEALIFT_WORKERS: "many" is not a number of workers');
});
