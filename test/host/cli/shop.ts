/** A project to pack: an image in a registry, and files of every kind that may travel. */
import { chmodSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { PASSWORD, type ServedRegistry, type Workspace } from "./cli.ts";
import { archiveOf, type Layout, smallLayout } from "./images.ts";

export interface Shop {
  /** The image its manifest names. */
  readonly image: Layout;
}

const MANY = 300;

const FILES: Readonly<Record<string, string>> = {
  "install.sh": "#!/bin/sh\necho installed\n",
  "bin/tool": "#!/bin/sh\necho tool\n",
  "docs/index.md": "# Shop\n",
  "docs/deep/größe 日本.md": "deep\n",
  "docs/deep/empty.md": "",
  "site/index.html": "<p>shop</p>\n",
  LICENSE: "MIT\n",
  ...Object.fromEntries(Array.from({ length: MANY }, (_, i) => [`many/${i % 7}/file-${i}`, `${i}\n`])),
};
const EXECUTABLE = ["install.sh", "bin/tool"];
const LINKS: Readonly<Record<string, string>> = { "site/home": "index.html", "site/a/up": "../index.html" };
const EMPTY_FOLDERS = ["site/uploads/pending"];

/** Puts the image into the registry and the project into `folder`; `order` is that in which files are made. */
export async function makeShop(work: Workspace, registry: ServedRegistry, folder = "shop"): Promise<Shop> {
  const image = smallLayout({ architectures: ["amd64", "arm64"] });
  writeFileSync(work.at("shop-image.tar"), archiveOf(image.files));
  for (const platform of ["amd64", "arm64"]) {
    const target = `registry://${registry.host}/shop/server:${platform}`;
    await work.sealift(["process", `oci-archive://shop-image.tar?arch=${platform}`, target]);
  }
  writeProject(work.at(folder), registry.host);
  return { image };
}

/** `backwards`: made in another order, with other times; nothing that a bundle holds differs. */
export function writeProject(folder: string, host: string, backwards = false): void {
  const names = Object.keys(FILES);
  for (const name of backwards ? names.reverse() : names) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, FILES[name] as string);
    chmodSync(path, EXECUTABLE.includes(name) ? (backwards ? 0o700 : 0o755) : backwards ? 0o600 : 0o644);
    if (backwards) utimesSync(path, 12345, 67890);
  }
  for (const [name, target] of Object.entries(LINKS)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    symlinkSync(target, join(folder, name));
  }
  for (const name of EMPTY_FOLDERS) mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, "shop.sealift.yml"), definition(host));
}

const definition = (host: string) => `apiVersion: sealift.dev/v1
kind: Manifest
metadata:
  name: shop
  version: 1.10
  description: A shop.
entrypoint:
  script: ./install.sh
artifacts:
  - name: server
    origin: oci://${host}/shop/server:amd64
    target: images/server.tar
  - name: other
    origin: oci://${host}/shop/server:arm64
    target: images/other
  - name: docs
    origin: local://./docs
    target: docs/
  - name: tools
    origin: local://./bin/
    target: ./bin/
  - name: site
    origin: local://./site
    target: var/www
  - name: many
    origin: local://./many
    target: many/
  - name: licence
    origin: local://./LICENSE
    target: LICENSE.txt
`;

/** Every path that extracting makes, but for the layout folder's blobs. */
export const EXTRACTED: readonly string[] = [
  "images/server.tar",
  "docs/index.md",
  "docs/deep/größe 日本.md",
  "docs/deep/empty.md",
  "bin/tool",
  "var/www/index.html",
  ...Object.keys(FILES).filter((name) => name.startsWith("many/")),
  "LICENSE.txt",
  "install.sh",
];

/** Builds `shop.bundle` and the keys `release` and `other`; signs `signed.bundle` with `release`. */
export async function makeBundles(work: Workspace): Promise<void> {
  await work.sealift(["bundle", "build", "-f", "shop/shop.sealift.yml"]);
  for (const name of ["release", "other"]) await work.sealift(["key", "generate", "-o", name]);
  const args = ["bundle", "sign", "shop.bundle", "--key", "release.key", "-o", "signed.bundle"];
  await work.sealift(args, { env: { SEALIFT_KEY_PASSWORD: PASSWORD } });
}
