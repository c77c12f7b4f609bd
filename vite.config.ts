import type { UserConfig } from "vite";
import { defineConfig } from "vitest/config";

/** Test projects by host: the core runs under node but may import nothing of it. */
const project = (name: string, include: string[]) => ({
  extends: true as const,
  test: { name, include, testTimeout: 30_000, hookTimeout: 60_000 },
});

const test = {
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
    // Inside workerd, with a plugin that builds and ordinary tests should not have to load.
    "test/host/worker/vitest.config.ts",
    project("web", ["test/host/web/**/*.test.ts"]),
    project("peers", ["test/peers/**/*.test.ts"]),
  ],
};

/** Each is one `vite build --mode NAME`; all write into dist/, so none may empty it. */
const builds: Readonly<Record<string, UserConfig>> = {
  /** What other programs import: our modules only, in shared chunks; dependencies stay imports. */
  library: {
    build: {
      ssr: true,
      rolldownOptions: {
        input: { index: "src/index.ts", edge: "edge/app.ts", node: "cli/index.ts" },
        output: { entryFileNames: "[name].js", chunkFileNames: "chunks/[name]-[hash].js" },
      },
    },
  },
  /** The command: one file with all its dependencies, for a machine that has Node and nothing else. */
  cli: {
    ssr: { noExternal: true },
    build: {
      ssr: true,
      target: "node20",
      rolldownOptions: {
        input: { cli: "cli/main.ts" },
        output: { entryFileNames: "[name].js", codeSplitting: false, banner: "#!/usr/bin/env node" },
      },
    },
  },
};

export default defineConfig(({ mode }) => {
  const { build, ...rest } = builds[mode] ?? {};
  return { ...rest, build: { outDir: "dist", emptyOutDir: false, copyPublicDir: false, ...build }, test };
});
