import { buildBundle } from "../../../src/bundle/build.ts";
import { type Bundle, sealReferrer } from "../../../src/bundle/bundle.ts";
import { pushBundle } from "../../../src/bundle/push.ts";
import { signBundle } from "../../../src/bundle/sign.ts";
import { writeBundle } from "../../../src/bundle/write.ts";
import { contentOf } from "../../../src/bytes/content.ts";
import type { Digest } from "../../../src/oci/digest.ts";
import { parseReference } from "../../../src/oci/reference.ts";
import { openRepository } from "../../../src/registry/repository.ts";
import { registrySink } from "../../../src/sink/registry-sink.ts";
import { generateKeyPair, type KeyPair } from "../../../src/trust/private-key.ts";
import { signSubject } from "../../../src/trust/sign-subject.ts";
import { signatureReferrer } from "../../../src/trust/signature-referrer.ts";
import { testImage } from "../../images.ts";
import { type MemoryHost, memoryHost, REGISTRY } from "../../memory-host.ts";

export const FILES = {
  "app/app.sealift.yml": `
apiVersion: sealift.dev/v1
kind: Manifest
metadata:
  name: app
  version: 1.10
  description: An application.
variables:
  tag: "1.0"
entrypoint:
  script: ./install.sh
artifacts:
  - name: server
    origin: oci://${REGISTRY}/team/server:{{variables.tag}}
    target: images/server.tar
  - name: docs
    origin: local://./docs
    target: docs/
  - name: licence
    origin: local://./LICENSE
    target: LICENSE.txt
`,
  "app/install.sh": "#!/bin/sh\necho installed\n",
  "app/docs/index.md": "# Docs {{metadata.version}}\n",
  "app/docs/deep/more.md": "more\n",
  "app/docs/deep/empty.md": "",
  "app/LICENSE": "MIT\n",
};

export interface Fixture {
  readonly host: MemoryHost;
  readonly bundle: Bundle;
  /** The bundle's file. */
  readonly bytes: Uint8Array;
}

/** A host whose registry has the image the definition names. */
export async function hostWithImage(files: Readonly<Record<string, string>> = FILES): Promise<MemoryHost> {
  const host = await memoryHost(files);
  const { image } = await testImage([[{ name: "bin/server" }], [{ name: "etc/server.conf" }]], host);
  await registrySink(parseReference(`${REGISTRY}/team/server:1.0`), host).put(image);
  return host;
}

export async function builtBundle(): Promise<Fixture> {
  const host = await hostWithImage();
  const bundle = await buildBundle("app/app.sealift.yml", host);
  return { host, bundle, bytes: await bytesOf(bundle, host) };
}

export const KEY: KeyPair = generateKeyPair((length) => new Uint8Array(length).fill(7));
export const OTHER_KEY: KeyPair = generateKeyPair((length) => new Uint8Array(length).fill(9));

export async function signedBundle(): Promise<Fixture> {
  const { host, bundle } = await builtBundle();
  const signed = await signBundle(bundle, KEY, host);
  return { host, bundle: signed, bytes: await bytesOf(signed, host) };
}

/** A bundle with a referrer laid out as a signature of the trusted key, which the key did not make. */
export async function forgedBundle(): Promise<Fixture> {
  const { bundle: signed } = await signedBundle();
  const { bundle, host } = await builtBundle();
  // The key signed something else once.
  const stolen = signSubject({ digest: signed.plan.referrers[0]?.digest as Digest }, KEY);
  const referrer = signatureReferrer(bundle.plan.root, stolen, host.kernels);
  const { digest, size } = contentOf(host.kernels, referrer.manifest);
  const empty = new TextEncoder().encode("{}");
  const blobs = new Map<string, Uint8Array>([
    [digest, referrer.manifest],
    [referrer.layer.digest, stolen],
    [contentOf(host.kernels, empty).digest, empty],
  ]);
  const forged = await sealReferrer(bundle, { ...referrer.descriptor, digest, size }, blobs, host);
  return { host, bundle: forged, bytes: await bytesOf(forged, host) };
}

/** The entries as they lie in the file, found without any of our readers. */
export function entriesOf(bytes: Uint8Array) {
  const entries: { name: string; header: number; start: number; end: number; padded: number }[] = [];
  const text = new TextDecoder();
  for (let at = 0; bytes[at] !== 0; ) {
    const name = text.decode(bytes.subarray(at, at + 100)).replace(/\0.*$/s, "");
    const size = Number.parseInt(text.decode(bytes.subarray(at + 124, at + 135)), 8);
    const start = at + 512;
    const padded = start + Math.ceil(size / 512) * 512;
    entries.push({ name, header: at, start, end: start + size, padded });
    at = padded;
  }
  return entries;
}

export async function bytesOf(bundle: Bundle, host: MemoryHost): Promise<Uint8Array> {
  await writeBundle(bundle, await host.files.createFile("out.bundle"), host);
  return host.files.files.get("out.bundle") as Uint8Array;
}

export function repository(host: MemoryHost, name = "bundles/app") {
  return openRepository(host, { registry: REGISTRY, repository: name });
}

export async function pushed({ bundle, host }: Fixture, tag = "1") {
  const target = repository(host);
  await pushBundle(bundle, target, tag, host);
  return target;
}
