/** Files to drop on the page, made by the core in Node and laid on the disk. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Bundle } from "../../../src/bundle/bundle.ts";
import { formatPublicKey } from "../../../src/trust/public-key.ts";
import type { MemoryHost } from "../../memory-host.ts";
import { dockerSave, gzipped, ociArchive, tarOfFiles } from "../../unit/bundle/archives.ts";
import { builtBundle, KEY, OTHER_KEY, signedBundle } from "../../unit/bundle/fixture.ts";

export interface Samples {
  /** A path to each, by name. */
  readonly path: (name: string) => string;
  readonly read: (name: string) => Uint8Array;
  readonly host: MemoryHost;
  readonly bundle: Bundle;
  readonly bytes: Uint8Array;
  write(name: string, bytes: Uint8Array | string): string;
  dispose(): void;
}

/** Bundles signed and unsigned, keys, archives, and one that was changed in each of its parts. */
export async function samples(): Promise<Samples> {
  const folder = mkdtempSync(join(tmpdir(), "sealift-page-"));
  const write = (name: string, bytes: Uint8Array | string) => {
    writeFileSync(join(folder, name), bytes);
    return join(folder, name);
  };
  const { bytes, bundle, host } = await signedBundle();
  write("app.bundle", bytes);
  write("unsigned.bundle", (await builtBundle()).bytes);
  write("release.pub", formatPublicKey(KEY.publicKey));
  write("other.pub", formatPublicKey(OTHER_KEY.publicKey));
  write("image.oci.tar", await tarOfFiles((await ociArchive(host)).files, host));
  const saved = await dockerSave(host);
  write("image.tar", saved);
  write("image.tar.gz", gzipped(saved));
  write("app.bundle.gz", gzipped(bytes));
  for (const [name, changed] of flips(bytes, bundle)) write(`${name}.bundle`, changed);
  const path = (name: string) => join(folder, name);
  return {
    path,
    read: (name) => new Uint8Array(readFileSync(path(name))),
    host,
    bundle,
    bytes,
    write,
    dispose: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** What of a bundle a changed byte can lie in. */
export const FLIPS = [
  "header",
  "padding",
  "index.json",
  "manifest.json",
  "manifest",
  "blob",
  "signature",
] as const;

function* flips(bytes: Uint8Array, bundle: Bundle): Generator<[string, Uint8Array]> {
  const at = (name: string) => {
    const text = new TextDecoder("latin1").decode(bytes);
    const header = text.indexOf(`${name}\0`);
    const size = Number.parseInt(text.slice(header + 124, header + 135), 8);
    return { header, start: header + 512, middle: header + 512 + (size >> 1), end: header + 512 + size };
  };
  const changed = (offset: number) => {
    const copy = new Uint8Array(bytes);
    copy[offset] = (copy[offset] ?? 0) ^ 1;
    return copy;
  };
  const blob = (digest = "") => at(`blobs/${digest.replace(":", "/")}`);
  const [artifact] = bundle.config.artifacts;
  const files = bundle.config.artifacts.find(({ name }) => name === "licence");
  const licence = files?.type === "files" ? files.files[0]?.digest : undefined;
  yield ["header", changed(blob(licence).header + 140)];
  yield ["padding", changed(blob(licence).end + 3)];
  yield ["index.json", changed(at("index.json").end - 20)];
  yield ["manifest.json", changed(at("manifest.json").middle)];
  yield ["manifest", changed(blob(artifact?.digest).middle)];
  yield ["blob", changed(blob(licence).start)];
  yield ["signature", changed(blob(bundle.plan.referrers[0]?.digest).middle)];
}
