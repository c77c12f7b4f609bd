import { createHash } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Plugin, UserConfig } from "vite";
import { defineConfig } from "vitest/config";

/** Test projects by host: the core runs under node but may import nothing of it. */
const project = (name: string, include: string[]) => ({
  extends: true as const,
  test: {
    ...{ name, include, testTimeout: 120_000, hookTimeout: 120_000 },
    // A test that asserts nothing cannot fail.
    expect: { requireAssertions: name === "core" },
  },
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
    // One thing in all hosts at once.
    project("hosts", ["test/hosts/**/*.test.ts"]),
    project("peers", ["test/peers/**/*.test.ts"]),
  ],
};

/** The kernels' builds, and what reads zstd, as the package exports them, for the page to load. */
const kernels = {
  alias: Object.fromEntries(
    ["kernels.wasm", "kernels-scalar.wasm", "zstd-decoder.wasm"].map((name) => [
      `sealift/${name}`,
      fileURLToPath(new URL(`dist/${name}`, import.meta.url)),
    ]),
  ),
};

/** Whether `process` and `copy` load a module whatever they are asked for. */
function copies(id: string, graph: ModuleGraph): boolean {
  const entries = ["cli/command-line.ts", "cli/commands/process.ts", "cli/commands/copy.ts"];
  const found = new Set(entries.map((path) => fileURLToPath(new URL(path, import.meta.url))));
  for (const module of found)
    for (const imported of graph.getModuleInfo(module)?.importedIds ?? []) found.add(imported);
  return found.has(id);
}

interface ModuleGraph {
  getModuleInfo(id: string): { readonly importedIds: readonly string[] } | null;
}

/** The file that the command begins with, as the build before has named it; undefined before any. */
function builtCommand(): string | undefined {
  const folder = fileURLToPath(new URL("dist/cli", import.meta.url));
  return existsSync(folder) ? readdirSync(folder).find((name) => name.startsWith("command-")) : undefined;
}

/** Gives the service worker the list of all files it is to keep, and a name for this set of them. */
const precache: Plugin = {
  name: "precache",
  generateBundle: {
    order: "post",
    handler(_, bundle) {
      const files = Object.values(bundle).map(({ fileName }) => `/${fileName}`);
      const kept = files.filter((name) => name !== "/index.html" && name !== "/assets/sw.js").sort();
      const hash = createHash("sha256");
      for (const file of Object.values(bundle)) hash.update(file.type === "chunk" ? file.code : file.source);
      const worker = bundle["assets/sw.js"];
      if (worker?.type !== "chunk") throw new Error("The page's build has no service worker");
      const list = { version: hash.digest("hex").slice(0, 16), files: ["/", ...kept] };
      worker.code = worker.code.replace(/^/, `const PRECACHE=${JSON.stringify(list)};`);
    },
  },
};

/** commander loads node:child_process for commands that are programs of their own; we have none, and it takes 3 ms. */
const withoutPrograms: Plugin = {
  name: "without-programs",
  transform: {
    filter: { id: /commander[\\/]lib[\\/]command\.js$/ },
    handler(code) {
      const without = code.replace("require('node:child_process')", "undefined");
      if (without === code) throw new Error("commander loads node:child_process no more, or in another way");
      return without;
    },
  },
};

/** Escapes what is not ASCII: V8 reads and keeps such a text in half the time and memory. */
const ascii: Plugin = {
  name: "ascii",
  generateBundle: {
    order: "post",
    handler(_, bundle) {
      for (const file of Object.values(bundle))
        if (file.type === "chunk") file.code = file.code.replace(/[^\0-\x7f]/g, escaped);
    },
  },
};

const escaped = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** One classic script with everything in it, for verify.html. */
const inlined = (input: string): UserConfig => ({
  resolve: kernels,
  build: {
    write: false,
    modulePreload: false,
    cssCodeSplit: false,
    rolldownOptions: { input, output: { format: "iife" } },
  },
});

/** Each is one `vite build --mode NAME`; all write into dist/, so none may empty it. */
const builds: Readonly<Record<string, UserConfig>> = {
  /** What other programs import: our modules only, in shared chunks; dependencies stay imports. */
  library: {
    build: {
      ssr: true,
      rolldownOptions: {
        // What the command loads when it needs it, a program that imports the library may have at once.
        checks: { ineffectiveDynamicImport: false },
        input: { index: "src/index.ts", edge: "edge/app.ts", node: "cli/index.ts" },
        output: { entryFileNames: "[name].js", chunkFileNames: "chunks/[name]-[hash].js" },
      },
    },
  },
  /**
   * The command with all its dependencies, for a machine that has Node and nothing else; each verb loads its part.
   * CommonJS, as cli/host/chunks.ts loads it; its files' names say what is in them, so that it knows them again.
   */
  command: {
    plugins: [withoutPrograms, ascii],
    ssr: { noExternal: true },
    build: {
      ssr: true,
      target: "node20",
      rolldownOptions: {
        input: { command: "cli/command-line.ts" },
        output: {
          format: "cjs",
          entryFileNames: "cli/[name]-[hash].cjs",
          chunkFileNames: "cli/[name]-[hash].cjs",
          comments: { jsdoc: false },
          // One file for what a copy needs, and one more for what other verbs share: each file costs a
          // look-up, thirty of them as much as Node's start, and each function in it a bit of its loading.
          codeSplitting: {
            groups: [
              { debugName: "copy", name: (id, graph) => (copies(id, graph) ? "copy" : null), priority: 1 },
              { name: "shared", minShareCount: 3 },
            ],
          },
        },
      },
    },
  },
  /** What starts it: built after it, as it has to know the file. */
  cli: {
    define: { COMMAND: JSON.stringify(builtCommand()) },
    build: {
      ssr: true,
      target: "node20",
      rolldownOptions: {
        input: { cli: "cli/main.ts" },
        output: {
          entryFileNames: "[name].js",
          comments: { jsdoc: false },
          codeSplitting: false,
          banner: "#!/usr/bin/env node",
        },
      },
    },
  },
  /** What the worker threads of command and library run: a file of its own, whole, as each starts it by its path. */
  "pool-worker": {
    build: {
      ssr: true,
      target: "node20",
      rolldownOptions: {
        input: { "pool-worker": "cli/host/pool-worker.ts" },
        output: { entryFileNames: "[name].js", codeSplitting: false },
      },
    },
  },
  /** The page, as a registry serves it: dist/web, its files named by their content. */
  page: {
    root: "web",
    resolve: kernels,
    plugins: [precache],
    worker: { format: "es" },
    build: {
      outDir: "../dist/web",
      emptyOutDir: true,
      modulePreload: false,
      assetsInlineLimit: 0,
      rolldownOptions: {
        input: { index: "web/index.html", sw: "web/service-worker.ts" },
        output: {
          entryFileNames: ({ name }) => (name === "sw" ? "assets/sw.js" : "assets/[name]-[hash].js"),
        },
      },
    },
  },
  /** What scripts/build-verifier.mjs puts into verify.html. */
  verifier: inlined("web/verify.tsx"),
  "verifier-worker": inlined("web/worker/verifier.worker.ts"),
};

export default defineConfig(({ mode }) => {
  const { build, ...rest } = builds[mode] ?? {};
  return { ...rest, build: { outDir: "dist", emptyOutDir: false, copyPublicDir: false, ...build }, test };
});
