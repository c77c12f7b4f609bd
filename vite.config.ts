import { defineConfig } from "vitest/config";

/** Test projects by host: the core runs under node but may import nothing of it. */
const project = (name: string, include: string[]) => ({
  extends: true as const,
  test: { name, include, testTimeout: 30_000, hookTimeout: 60_000 },
});

export default defineConfig({
  test: {
    projects: [
      project("core", [
        "test/*.test.ts",
        "test/unit/**/*.test.ts",
        "test/contract/**/*.test.ts",
        "test/security/**/*.test.ts",
        "test/golden/**/*.test.ts",
      ]),
      project("cli", ["test/host/cli/**/*.test.ts"]),
      project("edge", ["test/host/edge/**/*.test.ts"]),
      project("web", ["test/host/web/**/*.test.ts"]),
      project("peers", ["test/peers/**/*.test.ts"]),
    ],
  },
});
