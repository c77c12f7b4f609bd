import { CATALOG_FILE } from "../../src/layout/catalog.ts";
import { presentFolder } from "../../src/pipeline/core-schemes.ts";
import { refuseForeign } from "../../src/pipeline/refuse-foreign.ts";
import { requireFiles } from "../../src/pipeline/require-files.ts";
import type { OpenSink } from "../../src/pipeline/schemes.ts";
import { allowOptions } from "../../src/pipeline/uri.ts";
import { mountsSink as writeAndMount } from "../../src/sink/mounts-sink.ts";
import { mountOverlay, refuseUnmountable } from "../host/overlay-mount.ts";

/** `mounts://FOLDER` as a destination: only a host can mount. */
export const mountsSink: OpenSink = async (uri, host, { jobs }) => {
  allowOptions(uri);
  await refuseUnmountable(uri.path);
  await refuseForeign(uri.path, ["rootfs", "delta", "working"], CATALOG_FILE, host);
  const existing = await presentFolder(uri.path, host);
  const target = {
    name: uri.path,
    jobs,
    ...(uri.fragment && { imageName: uri.fragment }),
    ...(existing && { existing }),
    present: () => presentFolder(uri.path, host),
  };
  const writer = await requireFiles(host).createFolder(uri.path);
  return writeAndMount(writer, target, (overlay) => mountOverlay(uri.path, overlay), host);
};
