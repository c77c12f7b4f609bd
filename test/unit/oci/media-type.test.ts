import { describe, expect, it } from "vitest";
import { declaredCompression, MEDIA_TYPE, withCompression } from "../../../src/oci/media-type.ts";

describe("a layer's media type", () => {
  it.each([
    ["application/vnd.oci.image.layer.v1.tar", "none"],
    ["application/vnd.oci.image.layer.v1.tar+gzip", "gzip"],
    ["application/vnd.oci.image.layer.v1.tar+zstd", "zstd"],
    ["application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", "gzip"],
    ["application/vnd.docker.image.rootfs.diff.tar", "none"],
    ["application/vnd.docker.image.rootfs.diff.tar.gzip", "gzip"],
    ["application/vnd.docker.image.rootfs.diff.tar.zstd", "zstd"],
    ["application/vnd.example.layer+zstd", "zstd"],
    ["application/octet-stream", undefined],
    ["", undefined],
  ])("%j says that it is %s", (mediaType, compression) => {
    expect(declaredCompression(mediaType)).toBe(compression);
  });

  it.each([
    [MEDIA_TYPE.ociLayer, "gzip", MEDIA_TYPE.ociLayerGzip],
    [MEDIA_TYPE.ociLayerGzip, "zstd", MEDIA_TYPE.ociLayerZstd],
    [MEDIA_TYPE.ociLayerZstd, "none", MEDIA_TYPE.ociLayer],
    [MEDIA_TYPE.dockerLayer, "gzip", MEDIA_TYPE.dockerLayerGzip],
    [MEDIA_TYPE.dockerLayerGzip, "none", MEDIA_TYPE.dockerLayer],
    // Docker has no type of its own for it, and takes OCI's.
    [MEDIA_TYPE.dockerLayerGzip, "zstd", MEDIA_TYPE.ociLayerZstd],
  ] as const)("%s in %s is %s", (mediaType, compression, expected) => {
    expect(withCompression(mediaType, compression)).toBe(expected);
  });
});
