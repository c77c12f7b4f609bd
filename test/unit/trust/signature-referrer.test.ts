import { describe, expect, test } from "vitest";
import { parseManifest } from "../../../src/oci/manifest.ts";
import { signSubject } from "../../../src/trust/sign-subject.ts";
import { signatureLayer, signatureReferrer } from "../../../src/trust/signature-referrer.ts";
import {
  alice,
  type Document,
  decodeJson,
  edited,
  encodeJson,
  found,
  hashKernels,
  subject,
} from "./material.ts";

const bundle = signSubject(subject, alice);
const referrer = signatureReferrer(
  { ...subject, annotations: { note: "not part of it" } },
  bundle,
  hashKernels,
);

/** The signature's layer after a change to the manifest. */
const layerAfter = (change: (json: Document) => void) =>
  signatureLayer(parseManifest(edited(referrer.manifest, change)));

describe("a signature as a referrer", () => {
  test("is the manifest that cosign writes, without the time unless given", () => {
    const type = "application/vnd.dev.sigstore.bundle.v0.3+json";
    expect(decodeJson(referrer.manifest)).toEqual({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      artifactType: type,
      config: {
        mediaType: "application/vnd.oci.empty.v1+json",
        digest: "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
        size: 2,
      },
      layers: [{ mediaType: type, digest: found(bundle).descriptor.digest, size: bundle.length }],
      subject,
      annotations: {
        "dev.sigstore.bundle.content": "dsse-envelope",
        "dev.sigstore.bundle.predicateType": "https://sigstore.dev/cosign/sign/v1",
      },
    });
    const dated = signatureReferrer(subject, bundle, hashKernels, "1970-01-01T00:00:00Z");
    expect(decodeJson(dated.manifest).annotations["org.opencontainers.image.created"]).toBe(
      "1970-01-01T00:00:00Z",
    );
  });

  test("has the descriptor that a referrers list shows", () => {
    expect(referrer.descriptor).toMatchObject({
      digest: found(referrer.manifest).descriptor.digest,
      size: referrer.manifest.length,
      artifactType: "application/vnd.dev.sigstore.bundle.v0.3+json",
    });
  });

  test("is recognised, by the config's type too where there is no artifactType", () => {
    expect(layerAfter(() => {})).toEqual(referrer.layer);
    const older = layerAfter((json) => {
      json.artifactType = undefined;
      json.config.mediaType = "application/vnd.dev.sigstore.bundle+json;version=0.2";
    });
    expect(older?.digest).toBe(referrer.layer.digest);
  });

  test("is none if it is an image or an attestation", () => {
    expect(
      layerAfter((json) => {
        json.artifactType = "application/spdx+json";
      }),
    ).toBeUndefined();
    expect(
      layerAfter((json) => {
        json.artifactType = undefined;
      }),
    ).toBeUndefined();
    const attestation = layerAfter((json) => {
      json.annotations["dev.sigstore.bundle.predicateType"] = "https://slsa.dev/provenance/v1";
    });
    expect(attestation).toBeUndefined();
  });

  test("is refused with two layers, with none, and with one over 1 MiB", () => {
    const invalid = expect.objectContaining({ code: "SIGNATURE_INVALID" });
    expect(() =>
      layerAfter((json) => {
        json.layers.push(json.layers[0]);
      }),
    ).toThrow(invalid);
    expect(() =>
      layerAfter((json) => {
        json.layers = [];
      }),
    ).toThrow(invalid);
    expect(() =>
      layerAfter((json) => {
        json.layers[0].size = 2 ** 30;
      }),
    ).toThrow(expect.objectContaining({ code: "LIMIT_EXCEEDED" }));
  });

  test("is not made of bytes that are no signature", () => {
    expect(() => signatureReferrer(subject, encodeJson({}), hashKernels)).toThrow(
      expect.objectContaining({ code: "SIGNATURE_INVALID" }),
    );
  });
});
