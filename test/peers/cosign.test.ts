/** cosign itself, on loopback: it uses our keys and believes our signatures, and we believe its. */
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Descriptor, EMPTY_JSON, EMPTY_JSON_BYTES } from "../../src/oci/descriptor.ts";
import { parseDigest } from "../../src/oci/digest.ts";
import { parseImageIndex } from "../../src/oci/image-index.ts";
import { encodeJson } from "../../src/oci/json.ts";
import { parseManifest } from "../../src/oci/manifest.ts";
import { formatPrivateKey, generateKeyPair } from "../../src/trust/private-key.ts";
import { formatPublicKey, parsePublicKey } from "../../src/trust/public-key.ts";
import { signSubject } from "../../src/trust/sign-subject.ts";
import { signatureLayer, signatureReferrer } from "../../src/trust/signature-referrer.ts";
import { checkSignatures } from "../../src/trust/verify-signature.ts";
import { found, hashKernels, seededRandom } from "../unit/trust/material.ts";
import { describeWith, run, temporaryFolder } from "./peer.ts";
import { type RegistryService, startDockerRegistry } from "./programs.ts";

const OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const OCI_INDEX = "application/vnd.oci.image.index.v1+json";
const PASSWORD = { COSIGN_PASSWORD: "correct horse" };

describeWith(["cosign", "docker-registry"], "cosign", () => {
  const folder = temporaryFolder();
  const at = (name: string) => join(folder.path, name);
  const cosign = (args: string[], allowFailure = false) =>
    run("cosign", args, { cwd: folder.path, env: { ...PASSWORD, HOME: folder.path }, allowFailure });
  const ours = generateKeyPair(seededRandom("cosign peer"));
  let registry: RegistryService;
  let host: string;

  beforeAll(async () => {
    registry = await startDockerRegistry(at("registry"));
    ({ host } = registry);
    await writeFile(
      at("ours.key"),
      await formatPrivateKey(ours, PASSWORD.COSIGN_PASSWORD, seededRandom("salt")),
    );
    await writeFile(at("ours.pub"), formatPublicKey(ours.publicKey));
    await cosign(["generate-key-pair"]);
    await cosign(["signing-config", "create", "--out", "offline.json"]);
  });

  afterAll(async () => {
    await registry?.stop();
    await folder.dispose();
  });

  async function pushBlob(repository: string, bytes: Uint8Array): Promise<void> {
    const started = await fetch(`http://${host}/v2/${repository}/blobs/uploads/`, { method: "POST" });
    const location = new URL(started.headers.get("location") ?? "", `http://${host}`);
    location.searchParams.set("digest", `sha256:${createHash("sha256").update(bytes).digest("hex")}`);
    expect((await fetch(location, { method: "PUT", body: bytes.slice() })).status).toBe(201);
  }

  async function pushManifest(
    repository: string,
    tag: string,
    mediaType: string,
    bytes: Uint8Array,
  ): Promise<void> {
    const url = `http://${host}/v2/${repository}/manifests/${tag}`;
    const headers = { "content-type": mediaType };
    const response = await fetch(url, { method: "PUT", headers, body: bytes.slice() });
    expect(response.status, await response.text()).toBe(201);
  }

  /** An artifact whose bytes differ from repository to repository. */
  async function pushSubject(repository: string): Promise<Descriptor> {
    const layer = new TextEncoder().encode(repository);
    const digest = parseDigest(`sha256:${createHash("sha256").update(layer).digest("hex")}`);
    const layers = [{ mediaType: "text/plain", digest, size: layer.length }];
    const artifactType = "application/vnd.example.subject";
    const bytes = encodeJson({
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      artifactType,
      config: EMPTY_JSON,
      layers,
    });
    await pushBlob(repository, layer);
    await pushBlob(repository, EMPTY_JSON_BYTES);
    await pushManifest(repository, "subject", OCI_MANIFEST, bytes);
    return { mediaType: OCI_MANIFEST, digest: found(bytes).descriptor.digest, size: bytes.length };
  }

  /** Pushes a signature, and lists it under the tag that stands in for the referrers API. */
  async function pushSignature(repository: string, subject: Descriptor, bundle: Uint8Array): Promise<void> {
    const { manifest, descriptor } = signatureReferrer(subject, bundle, hashKernels);
    await pushBlob(repository, bundle);
    await pushManifest(repository, descriptor.digest, OCI_MANIFEST, manifest);
    const index = encodeJson({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [descriptor] });
    await pushManifest(repository, subject.digest.replace(":", "-"), OCI_INDEX, index);
  }

  const get = async (path: string, accept: string) => {
    const response = await fetch(`http://${host}/v2/${path}`, { headers: { accept } });
    return new Uint8Array(await response.arrayBuffer());
  };

  const verify = (key: string, reference: string) =>
    cosign(["verify", "--key", key, "--insecure-ignore-tlog", "--allow-http-registry", reference], true);

  test("opens our private key and finds our public key in it", async () => {
    const { stdout } = await cosign(["public-key", "--key", "ours.key"]);
    expect(stdout).toBe(formatPublicKey(ours.publicKey));
  });

  test("believes our signature under the image in a registry, and not with another key", async () => {
    const subject = await pushSubject("signed");
    await pushSignature("signed", subject, signSubject(subject, ours));
    const good = await verify("ours.pub", `${host}/signed@${subject.digest}`);
    expect(good.code, good.stderr).toBe(0);
    expect(JSON.parse(good.stdout)[0].critical.image["docker-manifest-digest"]).toBe(subject.digest);
    expect((await verify("cosign.pub", `${host}/signed@${subject.digest}`)).code).not.toBe(0);
  });

  test("refuses our signature moved to another image, as we do", async () => {
    const subject = await pushSubject("moved");
    const elsewhere = signSubject({ digest: parseDigest(`sha256:${"1".repeat(64)}`) }, ours);
    await pushSignature("moved", subject, elsewhere);
    expect((await verify("ours.pub", `${host}/moved@${subject.digest}`)).code).not.toBe(0);
    const report = checkSignatures({ subject, signatures: [found(elsewhere)], keys: [ours.publicKey] });
    expect(report.state).toBe("bad-signature");
  });

  test("believes our signature of a file's digest", async () => {
    const bytes = new TextEncoder().encode("hello");
    await writeFile(at("hello.txt"), bytes);
    await writeFile(at("hello.json"), signSubject(found(bytes).descriptor, ours));
    const type = ["--type", "https://sigstore.dev/cosign/sign/v1"];
    const args = [
      "--key",
      "ours.pub",
      "--bundle",
      "hello.json",
      ...type,
      "--insecure-ignore-tlog",
      "hello.txt",
    ];
    const { code, stderr } = await cosign(["verify-blob-attestation", ...args], true);
    expect(code, stderr).toBe(0);
  });

  test.each([
    ["its own key", "cosign.key", "cosign.pub"],
    ["our key", "ours.key", "ours.pub"],
  ])("signs with %s, and we believe it", async (_, privateKey, publicKey) => {
    const repository = publicKey.replace(".pub", "-signs");
    const subject = await pushSubject(repository);
    const where = ["--signing-config", "offline.json", "--allow-http-registry", "--yes"];
    await cosign(["sign", "--key", privateKey, ...where, `${host}/${repository}@${subject.digest}`]);

    const tag = subject.digest.replace(":", "-");
    const index = parseImageIndex(await get(`${repository}/manifests/${tag}`, OCI_INDEX));
    const [referrer] = index.manifests;
    const manifest = await get(`${repository}/manifests/${referrer?.digest}`, OCI_MANIFEST);
    const layer = signatureLayer(parseManifest(manifest));
    const bundle = await get(`${repository}/blobs/${layer?.digest}`, "*/*");
    const keys = [parsePublicKey(await readFile(at(publicKey), "utf8"))];
    expect(checkSignatures({ subject, signatures: [found(bundle)], keys }).state).toBe("valid");
  });
});
