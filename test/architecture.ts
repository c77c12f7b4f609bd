/** Who may import whom, in no circle, and which globals each part does without: ARCHITECTURE.md's table as a check. */
import { isBuiltin } from "node:module";
import { posix } from "node:path";
import { parseSync } from "vite";

/** The core, lowest line first. A module imports only from lines above its own, and from its own folder. */
const LINES: readonly (readonly string[])[] = [
  ["error"],
  ["oci"],
  ["kernel"],
  ["bytes"],
  ["host", "compression", "tar"],
  ["image", "layout", "store"],
  ["registry"],
  ["source", "filter", "sink", "trust", "sbom"],
  ["pipeline", "mirror", "bundle", "inspect"],
  ["assemble"],
  ["release"],
  ["index"],
];

/** Of another host's files, only these. */
const LENT: Readonly<Record<string, readonly string[]>> = {
  cli: ["edge/app.ts", "edge/host/s3-store.ts", "package.json"],
  edge: ["dist/kernels.wasm", "dist/zstd-decoder.wasm"],
};

const NODE_GLOBALS = [
  "process",
  "Buffer",
  "require",
  "module",
  "exports",
  "global",
  "__dirname",
  "__filename",
  "setImmediate",
];
const PAGE_GLOBALS = ["document", "window", "localStorage", "sessionStorage", "XMLHttpRequest", "navigator"];
const OTHER_GLOBALS = ["Deno", "Bun", "caches", "HTMLRewriter", "WebSocketPair"];

/** What each part must find elsewhere: in its host record, or not at all. */
const FORBIDDEN_GLOBALS: Readonly<Record<string, readonly string[]>> = {
  src: [...NODE_GLOBALS, ...PAGE_GLOBALS, ...OTHER_GLOBALS],
  edge: [...NODE_GLOBALS, ...PAGE_GLOBALS],
  web: NODE_GLOBALS,
  cli: [...PAGE_GLOBALS, "require", "__dirname", "__filename"],
};

/** One broken rule. */
export interface Offence {
  readonly file: string;
  readonly line: number;
  readonly what: string;
}

/** Checks one source by its path from the repository's root, `/` between parts. */
export function offencesOf(file: string, source: string): readonly Offence[] {
  const parsed = parseSync(file, source);
  if (parsed.errors.length > 0)
    return [{ file, line: 1, what: `cannot be parsed: ${parsed.errors[0]?.message}` }];
  const facts = readFacts(parsed.program);
  const lineAt = (offset: number) => source.slice(0, offset).split("\n").length;
  const offences: Offence[] = [];
  for (const { specifier, start } of facts.imports) {
    const what = importOffence(file, specifier);
    if (what) offences.push({ file, line: lineAt(start), what });
  }
  const forbidden = FORBIDDEN_GLOBALS[partOf(file)] ?? [];
  for (const { name, start } of facts.references) {
    if (forbidden.includes(name) && !facts.declared.has(name)) {
      offences.push({ file, line: lineAt(start), what: `uses the global "${name}"` });
    }
  }
  return offences;
}

/** For a test's message: one line per offence, as compilers print them. */
export function formatOffences(offences: readonly Offence[]): string {
  return offences.map(({ file, line, what }) => `${file}:${line}: ${what}`).join("\n");
}

/** The ways by which files, given by path, import themselves, if only for a type; of circles that share files perhaps not all. */
export function circlesOf(sources: ReadonlyMap<string, string>): readonly string[] {
  const imports = new Map([...sources].map(([file, source]) => [file, importedBy(file, source)]));
  const circles: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, trail: readonly string[]) => {
    const start = trail.indexOf(file);
    if (start >= 0) circles.push([...trail.slice(start), file].join(" → "));
    else if (!done.has(file)) {
      for (const target of imports.get(file) ?? []) visit(target, [...trail, file]);
      done.add(file);
    }
  };
  for (const file of imports.keys()) visit(file, []);
  return circles;
}

/** In the kernels the extension is left out, in the page a query says how a file is wanted. */
function importedBy(file: string, source: string): readonly string[] {
  const { imports } = readFacts(parseSync(file, source).program);
  return imports
    .filter(({ specifier }) => specifier.startsWith("."))
    .map(({ specifier }) => posix.join(posix.dirname(file), specifier).replace(/\?.*/, ""))
    .map((path) => (posix.extname(path) ? path : `${path}.ts`));
}

function importOffence(file: string, specifier: string): string | undefined {
  const part = partOf(file);
  const portable = part === "src" || part === "edge";
  if (portable && isBuiltin(specifier)) return `imports "${specifier}": Node's modules are its host's`;
  if (part === "src" && /\.wasm(\?|$)/.test(specifier))
    return `imports "${specifier}": a host loads the kernels`;
  if (!specifier.startsWith(".")) return undefined;
  const target = posix.join(posix.dirname(file), specifier);
  if (!/\.(ts|tsx|css|wasm|json)(\?|$)/.test(target)) return `imports "${specifier}" without its extension`;
  return mayImport(file, target) ? undefined : `imports ${target}, which does not stand above it`;
}

function mayImport(file: string, target: string): boolean {
  const from = unitOf(file);
  const to = unitOf(target);
  if (from === to) return true;
  if (LENT[from]?.includes(target)) return true;
  const toLine = lineOf(to);
  if (toLine < 0 || to === "index") return false;
  const fromLine = lineOf(from);
  return fromLine < 0 ? partOf(file) !== "src" && partOf(file) !== "assembly" : toLine < fromLine;
}

function lineOf(unit: string): number {
  return LINES.findIndex((line) => line.includes(unit));
}

function partOf(file: string): string {
  return file.slice(0, file.indexOf("/"));
}

/** In the core a folder, or a file beside them; elsewhere the host. */
function unitOf(file: string): string {
  const [part = "", name = ""] = file.split("/");
  return part === "src" ? name.replace(/\.ts$/, "") : part;
}

/** What of a syntax tree the rules look at. */
interface Facts {
  readonly imports: { readonly specifier: string; readonly start: number }[];
  readonly references: { readonly name: string; readonly start: number }[];
  /** Every name the file binds, wherever: a parameter called `document` is no global. */
  readonly declared: Set<string>;
}

type SyntaxNode = { readonly type: string; readonly start: number } & Record<string, unknown>;

function readFacts(program: unknown): Facts {
  const facts: Facts = { imports: [], references: [], declared: new Set() };
  walk(program, facts);
  return facts;
}

function walk(value: unknown, facts: Facts, key = "", parent?: SyntaxNode): void {
  if (Array.isArray(value)) {
    for (const item of value) walk(item, facts, key, parent);
    return;
  }
  if (!isNode(value)) return;
  collect(value, key, parent, facts);
  for (const [childKey, child] of Object.entries(value)) walk(child, facts, childKey, value);
}

function collect(node: SyntaxNode, key: string, parent: SyntaxNode | undefined, facts: Facts): void {
  // import … from, export … from, import(…), and the type import("…").
  const source = node.source;
  if (isNode(source) && typeof source.value === "string") {
    facts.imports.push({ specifier: source.value, start: source.start });
  }
  if (node.type === "ObjectPattern") declareProperties(node, facts);
  const global = globalMember(node);
  if (global) facts.references.push({ name: global, start: node.start });
  if (node.type !== "Identifier" || !parent) return;
  const name = String(node.name);
  if (isBinding(key, parent)) facts.declared.add(name);
  else if (!isLabel(key, parent)) facts.references.push({ name, start: node.start });
}

/** `globalThis.process`, `self["Buffer"]`. */
function globalMember(node: SyntaxNode): string | undefined {
  const { object, property } = node;
  if (node.type !== "MemberExpression" || !isNode(object) || !isNode(property)) return undefined;
  if (object.type !== "Identifier" || !["globalThis", "self"].includes(String(object.name))) return undefined;
  return property.type === "Literal" ? String(property.value) : String(property.name);
}

function isBinding(key: string, parent: SyntaxNode): boolean {
  const type = parent.type;
  if (key === "params" || key === "local" || key === "param") return true;
  if (key === "id") return !type.startsWith("TS") || type === "TSEnumDeclaration";
  if (type === "ArrayPattern" || type === "RestElement") return true;
  return type === "AssignmentPattern" && key === "left";
}

/** `{ a, b: c }` binds a and c; the same nodes in an object expression bind nothing. */
function declareProperties(pattern: SyntaxNode, facts: Facts): void {
  for (const property of pattern.properties as SyntaxNode[]) {
    if (isNode(property.value) && property.value.type === "Identifier") {
      facts.declared.add(String(property.value.name));
    }
  }
}

/** A property's name rather than a variable's. */
function isLabel(key: string, parent: SyntaxNode): boolean {
  if (key === "property") return parent.computed !== true;
  if (key === "key") return parent.computed !== true && parent.shorthand !== true;
  return (
    key === "imported" ||
    key === "exported" ||
    key === "label" ||
    (key === "right" && parent.type === "TSQualifiedName")
  );
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === "object" && value !== null && typeof (value as SyntaxNode).type === "string";
}
