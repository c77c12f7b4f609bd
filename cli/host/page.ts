import { readdir, readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { PageFiles } from "../../edge/app.ts";
import { SealiftError } from "../../src/error.ts";
import { PageFile } from "./page-file.ts";

/** Where the page lies, seen from here: beside the bundled command, above a library chunk, or when run from source. */
const PLACES = ["./", "../", "../../dist/"].map((place) => fileURLToPath(new URL(place, import.meta.url)));

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".wasm": "application/wasm",
  ".svg": "image/svg+xml",
};

/**
 * The verifier page's files for the mirror's app; undefined where it was not
 * built. All are read now: 370 kB, and no request names a path on the disk.
 */
export async function pageFiles(): Promise<PageFiles | undefined> {
  const folder = await find("web");
  if (!folder) return undefined;
  const files = new Map([["/", await pageFile(join(folder, "index.html"))]]);
  for (const name of await readdir(join(folder, "assets"))) {
    files.set(`/assets/${name}`, await pageFile(join(folder, "assets", name)));
  }
  return async (path, asked) => files.get(path)?.answer(asked);
}

async function pageFile(path: string): Promise<PageFile> {
  return new PageFile(await readFile(path), TYPES[extname(path)] ?? "application/octet-stream");
}

/** The bytes of verify.html. Throws NOT_FOUND where it was not built. */
export async function verifierFile(): Promise<Uint8Array> {
  for (const place of PLACES) {
    const bytes = await readFile(join(place, "verify.html")).catch(() => undefined);
    if (bytes) return new Uint8Array(bytes);
  }
  throw new SealiftError("NOT_FOUND", "Cannot find verify.html: it was not built", {
    hint: "Run `npm run build` first.",
  });
}

async function find(name: string): Promise<string | undefined> {
  for (const place of PLACES) {
    const names = await readdir(join(place, name)).catch((): string[] => []);
    // The sources have a folder of this name too, and its index.html is no page yet.
    if (names.includes("index.html") && names.includes("assets")) return join(place, name);
  }
  return undefined;
}
