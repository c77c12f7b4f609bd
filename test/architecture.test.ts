import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { circlesOf, formatOffences, offencesOf } from "./architecture.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const sources = filesOf("{src,edge,cli,web}/**/*.{ts,tsx}");
const all = filesOf("{src,edge,cli,web,assembly,bench,scripts}/**/*.{ts,tsx,mjs}");

function filesOf(pattern: string): readonly string[] {
  return globSync(pattern, { cwd: root, exclude: ["**/node_modules/**"] })
    .map((path) => path.replaceAll("\\", "/"))
    .sort();
}

function read(file: string): string {
  return readFileSync(`${root}/${file}`, "utf8");
}

describe("the sources", () => {
  it("import only what stands above them, and use no other host's globals", () => {
    expect(sources.length).toBeGreaterThan(50);
    const offences = sources.flatMap((file) => offencesOf(file, read(file)));
    expect(formatOffences(offences)).toBe("");
  });

  it("import each other in no circle, not even for a type", () => {
    expect(all.length).toBeGreaterThan(sources.length);
    expect(circlesOf(new Map(all.map((file) => [file, read(file)])))).toEqual([]);
  });
});

describe("the check of the sources", () => {
  const found = (file: string, source: string) => formatOffences(offencesOf(file, source));

  it.each([
    ["src/oci/a.ts", 'import { SealiftError } from "../error.ts";'],
    ["src/oci/a.ts", 'import { b } from "./b.ts";'],
    ["src/bundle/a.ts", 'export { verified } from "../bytes/verified.ts";'],
    ["src/index.ts", 'export * from "./release/promote.ts";'],
    [
      "edge/routes/blobs.ts",
      'import { createMirror } from "../../src/mirror/mirror.ts"; import { Hono } from "hono";',
    ],
    [
      "cli/commands/serve.ts",
      'import { createApp } from "../../edge/app.ts"; import "node:http"; process.exit(1);',
    ],
    ["web/main.tsx", "document.title = window.name;"],
  ])("lets %s contain %s", (file, source) => {
    expect(found(file, source)).toBe("");
  });

  it.each([
    ["src/oci/a.ts", 'import { b } from "../kernel/b.ts";', "imports src/kernel/b.ts"],
    ["src/image/a.ts", 'import { b } from "../layout/b.ts";', "imports src/layout/b.ts"],
    ["src/oci/a.ts", 'import type { B } from "../bytes/b.ts";', "imports src/bytes/b.ts"],
    ["src/oci/a.ts", 'import { type B } from "../bytes/b.ts";', "imports src/bytes/b.ts"],
    ["src/oci/a.ts", 'type B = import("../bytes/b.ts").B;', "imports src/bytes/b.ts"],
    ["src/oci/a.ts", 'const b = await import("../bytes/b.ts");', "imports src/bytes/b.ts"],
    ["src/oci/a.ts", 'export * from "../bytes/b.ts";', "imports src/bytes/b.ts"],
    ["src/bundle/a.ts", 'import { sealift } from "../index.ts";', "imports src/index.ts"],
    ["cli/main.ts", 'import { sealift } from "../src/index.ts";', "imports src/index.ts"],
    ["src/bundle/a.ts", 'import { fs } from "../../cli/host/fs.ts";', "imports cli/host/fs.ts"],
    ["src/extras/a.ts", 'import { SealiftError } from "../error.ts";', "imports src/error.ts"],
    ["src/release/a.ts", 'import { x } from "../extras/a.ts";', "imports src/extras/a.ts"],
    ["edge/app.ts", 'import { x } from "../cli/host/fs-store.ts";', "imports cli/host/fs-store.ts"],
    ["cli/a.ts", 'import { x } from "../edge/routes/blobs.ts";', "imports edge/routes/blobs.ts"],
    ["web/a.ts", 'import { x } from "../cli/output/text.ts";', "imports cli/output/text.ts"],
    ["src/oci/a.ts", 'import { x } from "./b";', "without its extension"],
    ["src/oci/a.ts", 'import "node:fs";', 'imports "node:fs"'],
    ["src/oci/a.ts", 'import { join } from "path";', 'imports "path"'],
    ["edge/app.ts", 'import "node:zlib";', 'imports "node:zlib"'],
    ["src/kernel/a.ts", 'import wasm from "../../dist/kernels.wasm";', "a host loads the kernels"],
    ["src/oci/a.ts", "if (process.env.DEBUG) {}", 'the global "process"'],
    ["src/oci/a.ts", "const x: Buffer = y;", 'the global "Buffer"'],
    ["src/oci/a.ts", "globalThis.process?.exit();", 'the global "process"'],
    ["src/oci/a.ts", "document.title;", 'the global "document"'],
    ["src/oci/a.ts", 'const fs = require("fs");', 'the global "require"'],
    ["edge/app.ts", "const x = { process };", 'the global "process"'],
    ["edge/app.ts", "localStorage.clear();", 'the global "localStorage"'],
    ["cli/main.ts", "window.close();", 'the global "window"'],
    ["web/main.tsx", "const x = <p>{process.pid}</p>;", 'the global "process"'],
  ])("finds in %s: %s", (file, source, what) => {
    expect(found(file, source)).toContain(what);
  });

  it("takes no parameter, property or own variable for a global", () => {
    const source = `
      export function f(document: Uint8Array, { process }: { process: number }) {
        const [window] = [1];
        return { module: document, window, size: process, at: x.localStorage, require() {} };
      }`;
    expect(found("src/oci/a.ts", source)).toBe("");
  });

  it.each([
    ["by values", "src/oci/b.ts", 'import { b } from "./b.ts";', 'export { a } from "./a.ts";'],
    ["by types", "src/oci/b.ts", 'import type { B } from "./b.ts";', 'type A = import("./a.ts").A;'],
    ["at run time", "src/oci/b.ts", 'import { b } from "./b.ts";', 'const a = await import("./a.ts");'],
    ["without extensions", "src/oci/b.ts", 'import { b } from "./b";', 'import { a } from "./a";'],
    ["with queries", "src/tar/b.ts", 'import b from "../tar/b.ts?worker";', 'import "../oci/a.ts";'],
  ])("finds a circle of two %s", (_, other, source, otherSource) => {
    const circle = circlesOf(
      new Map([
        ["src/oci/a.ts", source],
        [other, otherSource],
      ]),
    );
    expect(circle).toEqual([`src/oci/a.ts → ${other} → src/oci/a.ts`]);
  });

  it("finds a circle of several behind what imports it, and none where two ways meet", () => {
    const importing = (...names: string[]) => names.map((name) => `import "./${name}.ts";`).join("");
    const files = (circle: boolean) =>
      new Map([
        ["src/a.ts", importing("b", "c")],
        ["src/b.ts", importing("d")],
        ["src/c.ts", importing("d")],
        ["src/d.ts", importing("e")],
        ["src/e.ts", importing(...(circle ? ["c"] : []))],
      ]);
    expect(circlesOf(files(false))).toEqual([]);
    expect(circlesOf(files(true))).toEqual(["src/d.ts → src/e.ts → src/c.ts → src/d.ts"]);
  });

  it("names file and line", () => {
    expect(found("src/oci/a.ts", '\n\nimport "node:fs";\nprocess.exit();')).toBe(
      `src/oci/a.ts:3: imports "node:fs": Node's modules are its host's\nsrc/oci/a.ts:4: uses the global "process"`,
    );
  });
});
