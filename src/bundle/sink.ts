import { type Content, contentOf } from "../bytes/content.ts";
import type { FileWriter } from "../bytes/files.ts";
import type { Host } from "../host.ts";
import type { Image } from "../image/image.ts";
import { noted } from "../sink/layer-note.ts";
import { singleImageSink } from "../sink/single-image-sink.ts";
import type { Sink, SinkLayer, SinkResult } from "../sink/sink.ts";
import { tarFilesWriter } from "../tar/files-writer.ts";
import { assembleBundle } from "./assemble.ts";
import type { Bundle } from "./bundle.ts";
import { describeImage } from "./image-artifact.ts";
import { writeEntries } from "./write.ts";

/** Writes a bundle whose one artifact is the image. */
export function bundleSink(file: FileWriter, path: string, host: Host): Sink {
  const archive = tarFilesWriter(file, host.kernels);
  const write = async (image: Image): Promise<SinkResult> => {
    const layers: SinkLayer[] = [];
    for (const layer of image.layers) {
      const { digest, size } = await layer.blob();
      layers.push(noted({ digest, size, outcome: "written" }, host));
    }
    const manifest = await image.manifest();
    const bundle = await imageBundle(image, host);
    await writeEntries(bundle, archive, host);
    for (const layer of image.layers) await layer.release();
    const { mediaType, digest, size } = manifest.descriptor;
    return { name: path, manifest: { mediaType, digest, size }, layers };
  };
  return singleImageSink(
    path,
    write,
    () => archive.abort(),
    (check) => archive.commit(check),
  );
}

async function imageBundle(image: Image, host: Host): Promise<Bundle> {
  const { name, version } = titleOf(image.name ?? image.ref ?? "image");
  const manifest = await image.manifest();
  const contents: Content[] = [
    contentOf(host.kernels, manifest.bytes),
    contentOf(host.kernels, (await image.config()).bytes),
  ];
  for (const layer of image.layers) contents.push(await layer.blob());
  const definition = {
    name,
    origin: `oci://${image.name ?? manifest.descriptor.digest}`,
    target: `images/${name}.tar`,
  };
  const artifact = { ...describeImage(definition, manifest.descriptor, image.name), contents };
  return assembleBundle({ name, version, variables: {}, artifacts: [artifact] }, host);
}

/** `registry/path/app:1.0` is the bundle "app", version "1.0". */
function titleOf(imageName: string): { name: string; version: string | undefined } {
  const last = imageName.slice(imageName.lastIndexOf("/") + 1).split("@")[0] ?? "";
  const [name = "", version] = last.split(":");
  return { name: name.replace(/[^A-Za-z0-9._-]+/g, "-") || "image", version };
}
